"""What every layer must be, as functions of a `Case`; each raises AssertionError for a layer that is not.

`test_every_layer.py` holds the registered layers to them, `test_planted_faults.py` shows that each one notices
a layer that breaks it.
"""

import functools
import json
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core.modality import IMAGE

_RNG = np.random.default_rng(1)
INPUTS = {
    "image": _RNG.integers(0, 256, (6, 28, 24, 3)).astype("uint8"),
    "volume": _RNG.integers(-9, 9, (6, 4, 6, 5, 1)).astype("int16"),
    "audio": _RNG.normal(size=(6, 50)).astype("float32"),
    "text": np.array([b"one two three four five six", b"", b"a  b", b"x", b"so it goes on and on", b"z w v u"], object),
    "tabular": _RNG.normal(size=(6, 4)).astype("float32"),
}


@dataclass
class Case:
    """A layer class, how to build it, and inputs for it.

    Most properties have nothing to do with XLA, whose compilation would take most of the time: they are held
    without it, and `with_and_without_xla` shows that it makes no difference.
    """

    layer: type
    jit: bool | None = False

    def make(self, **kwargs: Any) -> Any:
        arguments = {"seed": 3, "jit": self.jit, **self.layer.at_strength(0.5), **kwargs}
        return self.layer(**arguments)

    @property
    def modality(self):
        return self.layer.modality or IMAGE

    @property
    def inputs(self) -> np.ndarray:
        return INPUTS[self.modality.name]

    @property
    def is_random(self) -> bool:
        return any(type(step.layer).draw is not layers.Augmentation.draw for step in self.make().steps())

    @property
    def has_chance(self) -> bool:
        """Whether `p` has a say: also for a layer that changes every sample in one way, unless it always does."""
        return self.is_random or not self.layer.always

    @property
    def mixes(self) -> bool:
        """Whether a sample depends on its batch: such layers have tests of their own for what that means."""
        return getattr(self.layer, "mixes", False)

    @property
    def resizes(self) -> bool:
        return self.make().compute_output_shape(self.inputs.shape) != self.inputs.shape

    @property
    def shared(self) -> Any:
        """One layer for all properties that number their samples: it is compiled once for each shape."""
        return _shared(self.layer, self.jit)

    def numbered(self, rows: slice = slice(None), epoch: int = 0) -> dict[str, Any]:
        ids = np.arange(100, 100 + len(self.inputs))
        return {self.modality.key: self.inputs[rows], "sample_ids": ids[rows], "epoch": epoch}

    def unbatched(self) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(self.inputs)


@functools.cache
def _shared(layer: type, jit: bool | None) -> Any:
    return Case(layer, jit).make()


def values(result: Any) -> np.ndarray:
    return np.asarray(result)


def assert_same(first: Any, second: Any) -> None:
    np.testing.assert_array_equal(values(first), values(second))


def differs(first: Any, second: Any) -> bool:
    first, second = values(first), values(second)
    return first.shape != second.shape or not np.array_equal(first, second)


def inactive_is_identity(case: Case) -> None:
    layer = case.make()
    result = layer(case.inputs, training=False)
    if layer.always:
        assert_same(result, layer(case.inputs, training=False))
        assert result.shape == layer.compute_output_shape(case.inputs.shape)
    else:
        assert_same(result, case.inputs)


def inactive_inside_a_model(case: Case) -> None:
    layer, inputs = case.make(), _as_floats(case.inputs)
    model = keras.Sequential(
        [keras.Input(inputs.shape[1:], dtype=inputs.dtype.name if inputs.dtype.kind != "O" else "string"), layer]
    )
    assert_same(model(_strings(inputs)), layer(inputs, training=False))
    assert_same(model(_strings(inputs)), layer(inputs, training=False))


def never_is_bit_identical(case: Case) -> None:
    if not case.has_chance:
        with pytest.raises(ValueError, match="`p` must"):
            case.make(p=0.0)
        return
    layer = case.make(p=0.0)
    assert_same(layer(case.inputs, training=True), layer(case.inputs, training=False))


def half_of_the_samples(case: Case) -> None:
    """p=0.5 leaves some rows alone and gives the others what p=1 would give them."""
    if not case.has_chance:
        return
    many = {key: np.repeat(value, 10, 0) if key != "epoch" else value for key, value in case.numbered().items()}
    many["sample_ids"] = np.arange(60)
    never, half, always = (values(case.make(p=p)(many, training=True)[case.modality.key]) for p in (0.0, 0.5, 1.0))
    kept = np.array([np.array_equal(a, b) for a, b in zip(half, never, strict=True)])
    changed = np.array([np.array_equal(a, b) for a, b in zip(half, always, strict=True)])
    assert np.all(kept | changed)
    could_change = np.array([not np.array_equal(a, b) for a, b in zip(never, always, strict=True)])
    assert 0 < (changed & could_change).sum() < could_change.sum()


def same_seed_same_result(case: Case) -> None:
    first, second = case.make(), case.make()
    assert_same(first(case.inputs), second(case.inputs))
    assert_same(first(case.inputs), second(case.inputs))  # the second calls, too


def calls_differ(case: Case) -> None:
    if not case.is_random:
        return
    layer = case.make()
    results = [layer(case.inputs) for _ in range(4)]
    assert any(differs(results[0], result) for result in results[1:])
    traced = tf.function(lambda x: layer(x, training=True))
    results = [traced(_strings(case.inputs)) for _ in range(4)]
    assert any(differs(results[0], result) for result in results[1:])


def rows_differ(case: Case) -> None:
    """The same sample in every row comes out in more than one way."""
    if case.mixes:
        return
    if not case.is_random:
        return
    row = np.repeat(case.inputs[:1], 8, axis=0)
    result = values(case.make()(row))
    assert any(differs(result[0], other) for other in result[1:])


def row_alone_is_row_of_batch(case: Case) -> None:
    if case.mixes:
        return
    layer, key = case.shared, case.modality.key
    together = values(layer(case.numbered(), training=True)[key])
    for row in (0, 3, 5):
        alone = layer(case.numbered(slice(row, row + 1)), training=True)[key]
        assert_same(values(alone)[0], together[row])


def ids_decide(case: Case) -> None:
    """With ids, order, batch size and earlier calls change nothing; another epoch does."""
    if case.mixes:
        return
    layer, key = case.make(), case.modality.key
    first = values(layer(case.numbered(), training=True)[key])
    backwards = values(case.make()(case.numbered(slice(None, None, -1)), training=True)[key])
    assert_same(first, backwards[::-1])
    if case.is_random:
        epochs = [layer(case.numbered(epoch=epoch), training=True)[key] for epoch in range(1, 4)]
        assert any(differs(first, other) for other in epochs)


def parallel_map_changes_nothing(case: Case) -> None:
    if case.mixes:
        return
    layer = case.shared
    if layer.modality is None:
        return
    singles = layers.enumerated(case.unbatched(), layer, num_parallel_calls=4)
    key, ids = case.modality.key, np.arange(len(case.inputs))
    together = layer({key: case.inputs, "sample_ids": ids, "epoch": 0}, training=True)[key]
    assert_same(np.stack([values(x) for x in singles]), together)


def one_sample_or_a_batch(case: Case) -> None:
    layer, key = case.make(), case.modality.key
    batch = layer(case.numbered(slice(0, 1)), training=True)[key]
    single = {**case.numbered(slice(0, 1)), key: case.inputs[0], "sample_ids": 100}
    assert_same(layer(single, training=True)[key], values(batch)[0])


def empty_batch(case: Case) -> None:
    layer = case.shared
    result = layer(case.inputs[:0], training=True)
    assert result.shape == layer.compute_output_shape(case.inputs[:0].shape)


def declared_shape_and_dtype(case: Case) -> None:
    layer = case.make()
    dtype = "string" if case.modality.name == "text" else case.inputs.dtype.name
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


def file_round_trip(case: Case, tmp_path: Any) -> None:
    """The counter of calls is in the file: both go on with the same draws."""
    inputs = _as_floats(case.inputs)
    dtype = "string" if case.modality.name == "text" else inputs.dtype.name
    layer = case.make()
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=dtype), layer])
    layer(inputs)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert_same(layer(inputs), again(inputs))


def fits_in_a_sequential(case: Case) -> None:
    layer = case.make()
    inputs, body, dtype = case.inputs, [keras.layers.Flatten()], "float32"
    if case.modality.name == "text":
        words = keras.layers.TextVectorization(10, output_mode="multi_hot")
        words.adapt(tf.constant(inputs))
        body, dtype = [words], "string"
    else:
        inputs = inputs.astype("float32")
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=dtype), layer, *body, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensor_slices((inputs, np.zeros(6, "float32"))).batch(6)
    # a layer that were active in `predict` would not repeat itself
    assert np.isfinite(model.fit(data, verbose=0, shuffle=False).history["loss"][0])
    first, second = (model.predict(data.map(lambda x, _: x), verbose=0) for _ in range(2))
    assert_same(first, second)


def compiles_inside_xla(case: Case) -> None:
    """With `jit_compile=True` outside, the same as on its own; strings say that they cannot."""
    layer = case.make()
    if case.modality.name == "text":
        assert not layer.supports_jit
        return
    key = case.modality.key
    inputs = {name: tf.constant(value) for name, value in case.numbered().items()}
    inside = tf.function(lambda x: layer(x, training=True)[key], jit_compile=True)(inputs)
    spread = np.ptp(values(inside)) or 1.0
    plain = case.make(jit=False)(inputs, training=True)[key]
    assert np.abs(values(inside) - values(plain)).max() <= 1e-4 * spread


def tf_data_with_unknown_sizes(case: Case) -> None:
    """(x, y, weight) comes back as it went in, labels and weights untouched."""
    layer, inputs = case.make(), case.inputs
    known = inputs.shape[-1] if case.modality.spatial or case.modality.name == "tabular" else None
    shape = [None] * (inputs.ndim - 1) + [known]
    specs = (
        tf.TensorSpec(shape, tf.as_dtype(inputs.dtype)),
        tf.TensorSpec([None], tf.int64),
        tf.TensorSpec([None], tf.float64),
    )
    element = (inputs, np.arange(6) + 1001, np.linspace(0, 1, 6))
    data = tf.data.Dataset.from_generator(lambda: iter([element]), output_signature=specs)
    for x, y, weight in data.map(layer):  # `x` alone is in `parallel_map_changes_nothing`
        assert x.shape == layer.compute_output_shape(inputs.shape)
        assert_same(weight, element[2])
        if case.mixes:
            assert y.shape == (6, layer.num_classes)
        else:
            assert_same(y, element[1])
            assert values(y).dtype == element[1].dtype


def dictionary_is_not_changed(case: Case) -> None:
    layer, key = case.make(), case.modality.key
    inputs = {key: case.inputs, "labels": np.arange(6), "sample_ids": np.arange(6), "other": np.array(["a", "b"])}
    before = dict(inputs)
    result = layer(inputs, training=True)
    assert inputs.keys() == before.keys() == result.keys()
    assert all(inputs[name] is before[name] for name in inputs)
    if not case.mixes:
        assert_same(result["labels"], np.arange(6))
        assert values(result["labels"]).dtype == np.int64
    assert list(values(result["other"])) == [b"a", b"b"]


def mixed_precision(case: Case) -> None:
    for policy in ("mixed_float16", "mixed_bfloat16"):
        layer = case.make(dtype=policy)
        result = layer(case.inputs, training=True)
        if case.modality.name != "text":
            assert result.dtype.name == policy.removeprefix("mixed_")
            assert np.all(np.isfinite(values(tf.cast(result, tf.float32))))


def with_and_without_xla(case: Case) -> None:
    compiled = case.shared(case.numbered(), training=True)[case.modality.key]
    plain = case.make(jit=False)(case.numbered(), training=True)[case.modality.key]
    if case.modality.name == "text":
        assert_same(compiled, plain)
    else:
        spread = np.ptp(values(plain)) or 1.0
        assert np.abs(values(compiled) - values(plain)).max() <= 1e-4 * spread


def finite_stays_finite(case: Case) -> None:
    if case.modality.name == "text":
        return
    for inputs in (case.inputs, np.zeros_like(case.inputs), np.full_like(case.inputs, 100)):
        assert np.all(np.isfinite(values(case.make(**case.layer.at_strength(1.0))(inputs))))


def not_a_number_stays_where_it_is(case: Case) -> None:
    """A single NaN, far from the border, reaches no further than its neighbours and no other sample."""
    if case.mixes:
        return
    if case.modality.name == "text":
        return
    inputs = case.inputs.astype("float32")
    inputs[(2, *(side // 2 for side in inputs.shape[1:]))] = np.nan
    layer = case.make()
    result = values(layer(inputs))
    assert np.isfinite(np.delete(result, 2, axis=0)).all()
    assert np.isnan(result[2]).sum() <= layer.reach**2 * inputs.shape[-1]


def masks_boxes_and_points_move_along(case: Case) -> None:
    """A bright block, its mask with a core, its box and its center stay together."""
    if case.mixes:
        return
    spatial = case.modality.spatial
    if not spatial or case.layer.modality is None:
        return
    side = (32,) * spatial
    inputs = np.zeros((4, *side, 3), "float32")
    inputs[(slice(None), *(slice(10, 19),) * spatial)] = 200.0
    mask = (inputs[..., :1] > 0).astype("int32")
    mask[(slice(None), *(slice(13, 16),) * spatial)] = 2
    data = {case.modality.key: inputs, "segmentation_masks": mask, "sample_ids": np.arange(4)}
    data["keypoints"] = np.full((4, 1, spatial), 14.5, "float32")
    if spatial == 2:
        data["bounding_boxes"] = {
            "boxes": np.array([[[10, 10, 19, 19]]] * 4, "float32"),
            "labels": np.ones((4, 1), int),
        }
    steps = [step.layer for step in case.make().steps()]
    geometric = any(isinstance(layer, layers.Geometric) for layer in steps)
    layer = case.make(fill_mode="constant") if geometric and "fill_mode" in _init_arguments(case.layer) else case.make()
    result = layer(data, training=True)
    assert result["segmentation_masks"].dtype == tf.int32
    if not geometric:
        for name in ("segmentation_masks", "keypoints"):
            assert_same(result[name], data[name])
        return
    image, moved = values(result[case.modality.key])[..., 0], values(result["segmentation_masks"])[..., 0]
    assert image.shape == moved.shape
    if len(steps) == 1:  # others change colors, too
        assert np.mean((image > 100) == (moved > 0)) > 0.985
    for row in range(4):
        where, core = np.argwhere(moved[row] > 0), np.argwhere(moved[row] == 2)
        if not len(core) or where.min() == 0 or np.any(where.max(0) == np.array(moved.shape[1:]) - 1):
            continue  # partly outside
        # Both of the core's edges are rounded to whole pixels.
        np.testing.assert_allclose(values(result["keypoints"])[row, 0], core.mean(0)[::-1] + 0.5, atol=1.0)
        if spatial == 2:
            left, top, right, bottom = values(result["bounding_boxes"]["boxes"])[row, 0]
            np.testing.assert_allclose([top, left], where.min(0), atol=2.0)
            np.testing.assert_allclose([bottom, right], where.max(0) + 1, atol=2.0)


def wrong_inputs_are_refused(case: Case) -> None:
    layer = case.make()
    if layer.modality is None:
        return
    name, key = case.layer.__name__, case.modality.key
    with pytest.raises(ValueError, match=rf"{name}: `{key}` must .* Received: "):
        layer(np.zeros((2,) * 7, "float32") if case.modality.name != "text" else np.full((2, 2, 2, 2), "a"))
    with pytest.raises(ValueError, match=rf'{name}: `inputs` must have the key "{key}"'):
        layer({"something": case.inputs})
    strings = np.full(case.inputs.shape, "a") if case.modality.name != "text" else np.zeros(3)
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


def channels_first(case: Case) -> None:
    if not case.modality.spatial:
        return
    key = case.modality.key
    last = case.make()(case.numbered(), training=True)[key]
    first = {**case.numbered(), key: np.moveaxis(case.inputs, -1, 1)}
    result = case.make(data_format="channels_first")(first, training=True)[key]
    assert_same(np.moveaxis(values(result), 1, -1), last)


def _init_arguments(cls: type) -> tuple[str, ...]:
    return cls.__init__.__code__.co_varnames


def _as_floats(inputs: np.ndarray) -> np.ndarray:
    return inputs if inputs.dtype.kind == "O" else inputs.astype("float32")


def _strings(inputs: np.ndarray) -> Any:
    return tf.constant(inputs)


COMPILED = {
    row_alone_is_row_of_batch,
    parallel_map_changes_nothing,
    empty_batch,
    compiles_inside_xla,
    with_and_without_xla,
}
"""The properties that are held as the layer comes, with XLA."""

PROPERTIES = [
    inactive_is_identity,
    inactive_inside_a_model,
    never_is_bit_identical,
    half_of_the_samples,
    same_seed_same_result,
    calls_differ,
    rows_differ,
    row_alone_is_row_of_batch,
    ids_decide,
    parallel_map_changes_nothing,
    one_sample_or_a_batch,
    empty_batch,
    declared_shape_and_dtype,
    config_round_trip,
    fits_in_a_sequential,
    compiles_inside_xla,
    tf_data_with_unknown_sizes,
    dictionary_is_not_changed,
    mixed_precision,
    with_and_without_xla,
    finite_stays_finite,
    not_a_number_stays_where_it_is,
    masks_boxes_and_points_move_along,
    wrong_inputs_are_refused,
    wrong_arguments_are_refused,
    channels_first,
]
