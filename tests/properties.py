"""What every layer must be, as functions of a `Case`; each raises AssertionError for a layer that is not.

`test_every_layer.py` holds the registered layers to them, `test_planted_faults.py` shows that each one notices a layer
that breaks it. There are three kinds:

- `PROPERTIES`: what a layer's author can break. Held for every layer, without XLA.
- `RESULTS`: one traced and one compiled result of every layer, each looked at from several sides.
- `BASE_PROPERTIES`: the work of the base class (reading, chances, models, files, exact bits under XLA). Held by default
  for one layer of each way through a plan; `test_structure.py` shows that no layer overrides that work.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import layers
from keras_augsynth.core.modalities import TEXT, TOKENS, Modality
from keras_augsynth.ops.compiled import xla

_RNG = np.random.default_rng(1)
_TEXTS = [
    b"We go on, because it rains. One two, if so. Let it be, while x is y. So it goes! On and on?",
    b"",
    b"a  b",
    b"x",
    b"so it goes on and on",
    b"z w, when v. u x, until y. So one, since two. a b c? Yes.",
]
INPUTS = {
    "image": _RNG.integers(0, 256, (6, 28, 24, 3)).astype("uint8"),
    "video": _RNG.integers(0, 256, (6, 3, 26, 22, 3)).clip(9, 246).astype("uint8"),  # AutoContrast has something to do
    "volume": _RNG.integers(-9, 9, (6, 4, 26, 22, 3)).astype("int16"),
    "audio": _RNG.normal(size=(6, 50)).astype("float32"),
    "spectrogram": _RNG.normal(size=(6, 20, 8)).astype("float32"),
    "text": np.array(_TEXTS, object),
    "tabular": _RNG.normal(size=(6, 4)).astype("float32"),
    "tokens": _RNG.integers(1, 90, (6, 15)) * (np.arange(15) < np.array([[15], [0], [3], [1], [9], [14]])),
}
IDS = np.arange(100, 106)


@dataclass(frozen=True)
class Case:
    """A layer class, how to build it, and inputs for it: of one kind of data, the first that it serves by default."""

    layer: type
    kind: Modality | None = None

    def make(self, **kwargs: Any) -> Any:
        kind = {} if self.kind is None else {"modality": self.kind.name}
        return self.layer(**{"seed": 3, **self.layer.at_strength(0.5), **kind, **kwargs})

    @functools.cached_property
    def shared(self) -> Any:
        """One layer for all properties that number their samples."""
        return self.make()

    @property
    def modality(self) -> Modality:
        return self.kind or self.layer.modalities[0]

    @property
    def key(self) -> str:
        return self.modality.key

    @property
    def inputs(self) -> np.ndarray:
        return INPUTS[self.modality.name]

    @functools.cached_property
    def parts(self) -> list[Any]:
        """The layers that are carried out: the layer itself, or the parts of a policy."""
        return [step.layer for step in self.shared.plan.steps]

    @property
    def is_random(self) -> bool:
        return any(type(step.drawer).draw is not layers.Augmentation.draw for step in self.shared.plan.steps)

    @property
    def has_chance(self) -> bool:
        return self.shared.has_chance

    @property
    def mixes(self) -> bool:
        """Whether a sample depends on its batch: such layers have tests of their own for what that means."""
        return self.layer.mixes

    @property
    def draws_for_each_frame(self) -> bool:
        """Whether there are keys among the draws, with which every frame of a video draws anew."""
        record = self.shared.draw_params(IDS, shape=self.inputs.shape[1:])
        return any(leaf.dtype == tf.uint32 for leaf in keras.tree.flatten(record))

    @property
    def is_text(self) -> bool:
        return self.modality is TEXT

    @property
    def is_numeric(self) -> bool:
        """Whether the data are numbers with a meaning of their own: no texts, no ids."""
        return self.modality.dtype == "number"

    @property
    def is_geometric(self) -> bool:
        return any(isinstance(part, layers.Geometric) for part in self.parts)

    def numbered(self, rows: slice = slice(None), epoch: int = 0) -> dict[str, Any]:
        return {self.key: self.inputs[rows], "sample_ids": IDS[rows], "epoch": epoch}

    @functools.cached_property
    def eager(self) -> np.ndarray:
        """What comes out for `numbered()`."""
        return values(self.shared(self.numbered(), training=True)[self.key])

    @property
    def spread(self) -> float:
        return float(np.ptp(self.eager)) or 1.0


def only(applies: Callable[[Case], bool]) -> Callable:
    """Says for which cases a property has something to assert; others are not collected."""

    def mark(holds: Callable) -> Callable:
        holds.applies = applies
        return holds

    return mark


def applies(holds: Callable, case: Case) -> bool:
    return getattr(holds, "applies", lambda case: True)(case)


def values(result: Any) -> np.ndarray:
    return np.asarray(result)


def assert_same(first: Any, second: Any) -> None:
    np.testing.assert_array_equal(values(first), values(second))


def assert_alike(case: Case, found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    """Equal texts; numbers that differ by no more than a part of the spread of the layer's results."""
    if case.is_text:
        assert_same(found, expected)
    else:
        assert np.abs(values(found) - values(expected)).max() <= tolerance * case.spread


def differs(first: Any, second: Any) -> bool:
    first, second = values(first), values(second)
    return first.shape != second.shape or not np.array_equal(first, second)


# What a layer's author can break.


def inactive_is_identity(case: Case) -> None:
    layer = case.make()
    result = layer(case.inputs, training=False)
    if layer.active_in_inference:
        assert_same(result, layer(case.inputs, training=False))
        assert result.shape == layer.compute_output_shape(case.inputs.shape)
    else:
        assert_same(result, case.inputs)


def never_is_bit_identical(case: Case) -> None:
    if not case.has_chance:
        with pytest.raises(ValueError, match="`p` must"):
            case.make(p=0.0)
        return
    layer = case.make(p=0.0)
    assert_same(layer(case.inputs, training=True), layer(case.inputs, training=False))


@only(lambda case: case.has_chance)
def half_of_the_samples(case: Case) -> None:
    """p=0.5 leaves half of the rows alone and gives the others what p=1 would give them."""
    many = {case.key: np.repeat(case.inputs, 10, 0), "sample_ids": np.arange(60), "epoch": 0}
    never, half, always = (values(case.make(p=p)(many, training=True)[case.key]) for p in (0.0, 0.5, 1.0))
    kept = np.array([np.array_equal(a, b) for a, b in zip(half, never, strict=True)])
    changed = np.array([np.array_equal(a, b) for a, b in zip(half, always, strict=True)])
    assert np.all(kept | changed)
    could_change = np.array([not np.array_equal(a, b) for a, b in zip(never, always, strict=True)])
    assert could_change.any()
    low, high = stats.binom.interval(0.9999, could_change.sum(), 0.5)
    assert low <= (changed & could_change).sum() <= high


def same_seed_same_result(case: Case) -> None:
    """Two layers of one seed go through the same sequence; in a random one, the next call is another."""
    first, second = case.make(), case.make()
    calls = [first(case.inputs) for _ in range(2)]
    for call in calls:
        assert_same(call, second(case.inputs))
    if case.is_random:
        assert differs(*calls)


@only(lambda case: case.is_random and not case.mixes)
def rows_differ(case: Case) -> None:
    """The same sample in every row comes out in more than one way."""
    result = values(case.make()(np.repeat(case.inputs[:1], 8, axis=0)))
    assert any(differs(result[0], other) for other in result[1:])


@only(lambda case: not case.mixes)
def row_alone_is_row_of_batch(case: Case) -> None:
    for row in (0, 5):
        alone = case.shared(case.numbered(slice(row, row + 1)), training=True)[case.key]
        assert_alike(case, values(alone)[0], case.eager[row], 1e-6)


@only(lambda case: not case.mixes)
def ids_decide(case: Case) -> None:
    """With ids, order and earlier calls change nothing; another epoch does.

    To a rounding: some kernels, such as a Fourier transform, round otherwise by a row's place in memory.
    """
    backwards = values(case.make()(case.numbered(slice(None, None, -1)), training=True)[case.key])
    assert_alike(case, backwards[::-1], case.eager, 1e-6)
    if case.is_random:
        assert differs(case.eager, case.shared(case.numbered(epoch=1), training=True)[case.key])


def one_sample_or_a_batch(case: Case) -> None:
    batch = case.shared(case.numbered(slice(0, 1)), training=True)[case.key]
    single = {case.key: case.inputs[0], "sample_ids": IDS[0], "epoch": 0}
    assert_same(case.shared(single, training=True)[case.key], values(batch)[0])


def declared_shape_and_dtype(case: Case) -> None:
    layer = case.make()
    dtype = "string" if case.is_text else case.inputs.dtype.name
    spec = layer(keras.Input(case.inputs.shape[1:], dtype=dtype))
    for training in (True, False):
        result = layer(case.inputs, training=training)
        assert tuple(result.shape[1:]) == tuple(spec.shape[1:])
        assert keras.backend.standardize_dtype(result.dtype) == keras.backend.standardize_dtype(spec.dtype)


def config_round_trip(case: Case) -> None:
    layer = case.make(name="some_name", p=1.0)
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()
    assert again.name == "some_name"
    assert_same(layer(case.inputs), again(case.inputs))


def dictionary_is_not_changed(case: Case) -> None:
    inputs = {case.key: case.inputs, "labels": np.arange(6), "sample_ids": np.arange(6), "other": np.array(["a", "b"])}
    before = dict(inputs)
    result = case.shared(inputs, training=True)
    assert inputs.keys() == before.keys() == result.keys()
    assert all(inputs[name] is before[name] for name in inputs)
    if not case.mixes:
        assert_same(result["labels"], np.arange(6))
        assert values(result["labels"]).dtype == np.int64
    assert list(values(result["other"])) == [b"a", b"b"]


@only(lambda case: case.is_numeric)
def mixed_precision(case: Case) -> None:
    """Only the result is rounded to half precision."""
    for policy, digits in (("mixed_float16", 11), ("mixed_bfloat16", 8)):
        result = case.make(dtype=policy)(case.numbered(), training=True)[case.key]
        assert result.dtype.name == policy.removeprefix("mixed_")
        error = np.abs(values(tf.cast(result, tf.float32)) - case.eager)
        assert np.all(error <= 2.0**-digits * np.abs(case.eager) + 2.0**-24), error.max()


@only(lambda case: case.is_numeric)
def finite_stays_finite(case: Case) -> None:
    inputs = case.inputs.copy()
    inputs[2:4], inputs[4:] = 0, 3 if case.modality.is_pcm else 100
    assert np.all(np.isfinite(values(case.make(**case.layer.at_strength(1.0))(inputs))))


@only(lambda case: case.is_numeric and not case.mixes)
def not_a_number_stays_where_it_is(case: Case) -> None:
    """A single NaN, far from the border, reaches no further than its neighbours and no other sample."""
    inputs = case.inputs.astype("float32")
    inputs[(2, *(side // 2 for side in inputs.shape[1:]))] = np.nan
    layer = case.make()
    result = values(layer(inputs))
    assert np.isfinite(np.delete(result, 2, axis=0)).all()
    assert np.isnan(result[2]).sum() <= layer.receptive_field ** max(2, case.modality.moves) * inputs.shape[-1]


@only(lambda case: case.modality.is_spatial and not case.modality.has_frames and not case.mixes)
def masks_boxes_and_points_move_along(case: Case) -> None:
    """A round spot stays where its point is, to a tenth of a pixel; a box holds its corners; masks follow the image."""
    spatial = case.modality.moves
    side, middle, radius = 32, 14.5, 4.0
    places = np.meshgrid(*[np.arange(side) + 0.5] * spatial, indexing="ij")
    square = sum((place - middle) ** 2 for place in places)
    spot = 200.0 * np.exp(-square / 4.0)
    inputs = np.repeat(np.repeat(spot[None, ..., None], 3, -1), 4, 0).astype("float32")
    mask = (square <= radius**2)[None, ..., None].repeat(4, 0).astype("int32")
    corners = np.array(np.meshgrid(*[(10.0, 19.0)] * spatial)).reshape(spatial, -1).T
    points = np.concatenate([np.full((1, spatial), middle), corners])
    data = {case.key: inputs, "segmentation_masks": mask, "sample_ids": np.arange(4)}
    data["keypoints"] = np.repeat(points[None], 4, 0).astype("float32")
    if spatial == 2:
        box = np.array([[[10, 10, 19, 19]]] * 4, "float32")
        data["bounding_boxes"] = {"boxes": box, "labels": np.ones((4, 1), int)}
    layer = case.make(fill_mode="constant") if "fill_mode" in case.shared.get_config() else case.make()
    result = layer(data, training=True)
    assert result["segmentation_masks"].dtype == tf.int32
    if not case.is_geometric:
        for name in ("segmentation_masks", "keypoints"):
            assert_same(result[name], data[name])
        return
    image, moved = values(result[case.key])[..., 0], values(result["segmentation_masks"])[..., 0]
    found = values(result["keypoints"])
    assert image.shape == moved.shape
    held = 0
    for row in range(4):
        where = np.argwhere(moved[row] > 0)
        if not len(where) or where.min() < 2 or np.any(where.max(0) > np.array(moved.shape[1:]) - 3):
            continue  # partly outside
        held += 1
        if any(part.bends for part in case.parts):
            # The sides of a spot move by unequal amounts, but its brightest pixel stays the brightest: within a pixel.
            brightest = np.array(np.unravel_index(image[row].argmax(), image[row].shape)) + 0.5
            np.testing.assert_allclose(found[row, 0], brightest[::-1], atol=1.0)
        else:
            np.testing.assert_allclose(found[row, 0], where.mean(0)[::-1] + 0.5, atol=1.0)
            if len(case.parts) == 1:  # others change colors, too
                weight = image[row] / image[row].sum()
                centroid = [(weight * place).sum() for place in np.indices(image[row].shape) + 0.5]
                np.testing.assert_allclose(found[row, 0], centroid[::-1], atol=0.1)
        if spatial == 2:
            left, top, right, bottom = values(result["bounding_boxes"]["boxes"])[row, 0]
            size = np.array(moved.shape[:0:-1])
            low, high = found[row, 1:].min(0).clip(0, size), found[row, 1:].max(0).clip(0, size)
            wider = 1.0 if any(part.bends for part in case.parts) else 1e-3  # than its corners
            assert np.all(low - wider <= [left, top]) and np.all([left, top] <= low + 1e-3)
            assert np.all(high - 1e-3 <= [right, bottom]) and np.all([right, bottom] <= high + wider)
    assert held, "no row was left to look at"


def wrong_inputs_are_refused(case: Case) -> None:
    layer, name, key = case.make(), case.layer.__name__, case.key
    with pytest.raises(ValueError, match=rf"{name}: `{key}` must .* Received: "):
        layer(np.zeros((2,) * 7, "float32") if not case.is_text else np.full((2, 2, 2, 2), "a"))
    with pytest.raises(ValueError, match=rf'{name}: `inputs` must have the key .*"{key}"'):
        layer({"something": case.inputs})
    strings = np.full(case.inputs.shape, "a") if not case.is_text else np.zeros(3)
    with pytest.raises(TypeError, match=rf"{name}: `{key}` must be (strings|numbers)"):
        layer(strings)
    with pytest.raises(TypeError, match=rf"{name}: `sample_ids` must be integers"):
        layer({key: case.inputs, "sample_ids": np.zeros(6)})


def wrong_arguments_are_refused(case: Case) -> None:
    name = case.layer.__name__
    for argument, value, kind in (
        ("p", 1.5, ValueError),
        ("p", "often", TypeError),
        ("seed", 1.5, TypeError),
        ("jit", "yes", TypeError),
        ("data_format", "channels", ValueError),
        ("bounding_box_format", "xyyx", ValueError),
    ):
        with pytest.raises(kind, match=rf"{name}: `{argument}` must .* Received: {argument}="):
            case.make(**{argument: value})


@only(lambda case: case.modality.has_channels)
def channels_first(case: Case) -> None:
    first = {**case.numbered(), case.key: np.moveaxis(case.inputs, -1, 1)}
    result = case.make(data_format="channels_first")(first, training=True)[case.key]
    assert_same(np.moveaxis(values(result), 1, -1), case.eager)


@only(lambda case: len(case.layer.modalities) > 1 and case.kind is None)
def serves_its_other_kinds_of_data(case: Case) -> None:
    """Under the keys of all of them; one draw for all frames of a video."""
    for modality in (kind for kind in case.layer.modalities[1:] if kind.name in INPUTS):
        other = Case(case.layer, modality)
        assert other.eager.shape == (6, *other.shared.compute_output_shape((None, *other.inputs.shape[1:]))[1:])
        assert np.isfinite(other.eager).all()
        if case.is_random:
            assert differs(other.eager, other.shared(other.inputs, training=False))
        if modality.has_frames and case.layer.planar and not other.draws_for_each_frame:
            frame = {"images": other.inputs[:, 1], "sample_ids": IDS, "epoch": 0}
            assert_alike(other, other.shared(frame, training=True)["images"], other.eager[:, 1])


# One traced and one compiled result of every layer.


def traced_result(case: Case) -> None:
    """A graph with unknown sizes gives the eager result."""
    key = case.key
    specs = {key: _unknown(case), "sample_ids": tf.TensorSpec([None], tf.int64), "epoch": tf.TensorSpec([], tf.int32)}
    traced = tf.function(lambda x: case.shared(x, training=True)[key], input_signature=[specs], autograph=False)
    assert_alike(case, traced({name: tf.constant(value) for name, value in case.numbered().items()}), case.eager)


def compiled_result(case: Case) -> None:
    """With `jit_compile=True` outside, the eager result; strings say that they cannot."""
    layer = case.make()
    if case.is_text:
        assert not layer.supports_jit
        return
    inputs = {name: tf.constant(value) for name, value in case.numbered().items()}
    inside = tf.function(lambda x: layer(x, training=True)[case.key], jit_compile=True)(inputs)
    assert_alike(case, inside, case.eager)


def uncompiled_result(case: Case) -> None:
    """As users have it, a size that comes first runs uncompiled: in an eager call, and where a graph chooses."""
    if case.is_text:
        return
    inputs = {name: tf.constant(value) for name, value in case.numbered().items()}
    specs = {name: tf.TensorSpec(value.shape, value.dtype) for name, value in inputs.items()} | {
        case.key: _unknown(case)
    }
    expected = case.eager  # as a test's own setting says
    with xla(None):
        layer = case.make()
        assert_alike(case, layer(inputs, training=True)[case.key], expected)
        chosen = tf.function(lambda x: layer(x, training=True)[case.key], input_signature=[specs], autograph=False)
        assert_alike(case, chosen(inputs), expected)


RESULTS = [traced_result, compiled_result, uncompiled_result]


# The work of the base class.


def tf_data_with_unknown_sizes(case: Case) -> None:
    """(x, y, weight) comes back as it went in, labels and weights untouched; each pass draws anew."""
    layer, element = case.make(), (case.inputs, np.arange(6) + 1001, np.linspace(0, 1, 6))
    specs = (_unknown(case), tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.float64))
    data = tf.data.Dataset.from_generator(lambda: iter([element] * 4), output_signature=specs)
    results = list(data.map(layer))
    for x, y, weight in results:
        assert x.shape == layer.compute_output_shape(case.inputs.shape)
        assert_same(weight, element[2])
        if case.mixes and layer.changes_labels:
            assert y.shape == (6, layer.num_classes)
        else:
            assert_same(y, element[1])
            assert values(y).dtype == element[1].dtype
    if case.is_random:
        assert any(differs(results[0][0], x) for x, _, _ in results[1:])


class _Learns(keras.layers.Layer):
    """Has a weight and returns what it is given, strings too."""

    def build(self, shape):
        self.add_weight(shape=(1,))

    def call(self, x):
        return x


def inactive_inside_a_model(case: Case) -> None:
    layer, inputs = case.make(), _as_learned(case)
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=_dtype(case)), layer, _Learns()])
    for _ in range(2):
        assert_same(model(tf.constant(inputs)), layer(inputs, training=False))


def file_round_trip(case: Case, tmp_path: Any) -> None:
    """The counter of calls is in the file: both go on with the same draws."""
    inputs, layer = _as_learned(case), case.make()
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=_dtype(case)), layer])
    layer(inputs)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert_same(layer(inputs), again(inputs))


def fits_in_a_sequential(case: Case) -> None:
    layer, inputs, body = case.make(), _as_learned(case), [keras.layers.Flatten()]
    if case.modality is TOKENS:
        body = [keras.layers.Embedding(100, 2), *body]
    if case.is_text:
        words = keras.layers.TextVectorization(10, output_mode="multi_hot")
        words.adapt(tf.constant(inputs))
        body = [words]
    start = keras.Input(inputs.shape[1:], dtype=_dtype(case))
    model = keras.Sequential([start, layer, *body, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensor_slices((inputs, np.zeros(6, "float32"))).batch(6)
    assert np.isfinite(model.fit(data, verbose=0, shuffle=False).history["loss"][0])
    # a layer that were active in `predict` would not repeat itself
    first, second = (model.predict(data.map(lambda x, _: x), verbose=0) for _ in range(2))
    assert_same(first, second)


# XLA orders the sums over a sample by the size of the batch, and by it decides where a product is not rounded before it
# is added. So these results differ in the last digits of float32.
ROUNDED_BY_BATCH = {
    layers.RandomDoseNoise,
    layers.RandomGaussianNoise3D,
    layers.RandomReverb,
    layers.RandomSpike3D,
    layers.RandomGridDistortion,
    layers.RandomOpticalDistortion,
}


@only(lambda case: not case.mixes)
def parallel_map_changes_nothing(case: Case) -> None:
    """Under XLA, eagerly and in `tf.data`, the bits are the same, whatever the batch."""
    rounded = functools.partial(assert_alike, case, tolerance=5e-6)
    compare = rounded if case.layer in ROUNDED_BY_BATCH else assert_same
    ids = np.arange(6)
    together = values(case.shared({case.key: case.inputs, "sample_ids": ids, "epoch": 0}, training=True)[case.key])
    singles = layers.enumerated(tf.data.Dataset.from_tensor_slices(case.inputs), case.shared, num_parallel_calls=4)
    compare(np.stack([values(x) for x in singles]), together)
    alone = case.shared({case.key: case.inputs[3:4], "sample_ids": ids[3:4], "epoch": 0}, training=True)[case.key]
    compare(values(alone)[0], together[3])


def empty_batch(case: Case) -> None:
    result = case.shared(case.inputs[:0], training=True)
    assert result.shape == case.shared.compute_output_shape(case.inputs[:0].shape)


def with_and_without_xla(case: Case) -> None:
    compiled = case.shared(case.numbered(), training=True)[case.key]
    plain = case.make(jit=False)(case.numbered(), training=True)[case.key]
    assert_alike(case, compiled, plain)


def _unknown(case: Case) -> tf.TensorSpec:
    known = case.inputs.shape[-1] if case.modality.has_channels or case.modality.name == "tabular" else None
    return tf.TensorSpec([None] * (case.inputs.ndim - 1) + [known], tf.as_dtype(case.inputs.dtype))


def _as_learned(case: Case) -> np.ndarray:
    """In the dtype in which models take them."""
    return case.inputs.astype("float32") if case.is_numeric else case.inputs


def _dtype(case: Case) -> str:
    return "float32" if case.is_numeric else "string" if case.is_text else case.inputs.dtype.name


COMPILED = {parallel_map_changes_nothing, empty_batch, with_and_without_xla}
"""The properties that are held as the layer comes, with XLA."""

PROPERTIES = [
    inactive_is_identity,
    never_is_bit_identical,
    same_seed_same_result,
    rows_differ,
    row_alone_is_row_of_batch,
    ids_decide,
    declared_shape_and_dtype,
    config_round_trip,
    finite_stays_finite,
    not_a_number_stays_where_it_is,
    masks_boxes_and_points_move_along,
    wrong_inputs_are_refused,
    wrong_arguments_are_refused,
    serves_its_other_kinds_of_data,
]
READING_AND_STAGES = [
    half_of_the_samples,
    one_sample_or_a_batch,
    dictionary_is_not_changed,
    mixed_precision,
    channels_first,
]
BASE_PROPERTIES = [
    *READING_AND_STAGES,
    tf_data_with_unknown_sizes,
    inactive_inside_a_model,
    fits_in_a_sequential,
    parallel_map_changes_nothing,
    empty_batch,
    with_and_without_xla,
]
