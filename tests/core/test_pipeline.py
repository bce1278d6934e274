import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import fuse, layers
from keras_augsynth.ops import compiled


@pytest.fixture(scope="module")
def photograph():
    """Smooth, as photographs are: noise would make every interpolation look bad."""
    y, x = np.mgrid[:64, :64] / 64
    waves = [np.sin(2 * np.pi * (a * x + b * y)) for a, b in ((1, 2), (3, -1), (2, 2))]
    return np.stack([127 + 100 * wave for wave in waves], -1)[None].astype("float32")


def ids(images):
    return {"images": images, "sample_ids": np.arange(len(images))}


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((np.asarray(a) - np.asarray(b)) ** 2))


def shapes(pipeline):
    pipeline(np.zeros((1, 8, 8, 3)), training=False)
    return [len(stage.steps) for stage in pipeline._plan.stages]


def test_neighbours_become_one_stage():
    pipeline = layers.Pipeline(
        [
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.RandomCrop(6, 6),
            layers.RandomBrightness(0.1),
            layers.RandomColorJitter(hue=0.1),
            layers.Rescaling(1 / 255),
            layers.RandomGaussianNoise(0.1, value_range=(0, 1)),
            layers.RandomZoom(0.1, fill_mode="constant"),
            layers.RandomShear(0.1, fill_mode="reflect"),  # reads otherwise: a stage of its own
        ]
    )
    assert shapes(pipeline) == [3, 3, 1, 1, 1]
    assert shapes(layers.Pipeline(pipeline.layers, fuse=False)) == [1] * 9


def test_fused_is_unfused(photograph):
    """Small moves: away from the border both see the same pixels, blurred a little more one by one."""
    make = lambda fuse: layers.Pipeline(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.02),
            layers.RandomTranslation(0.03, 0.03),
            layers.RandomZoom(0.05),
            layers.RandomBrightness(0.05),
            layers.RandomContrast(0.1),
            layers.RandomSaturation((0.45, 0.55)),
            layers.RandomHue(0.05),
            layers.Rescaling(1 / 127.5, -1),
        ],
        fuse=fuse,
        seed=5,
    )
    batch = ids(np.repeat(photograph, 4, 0))
    fused, unfused = (make(fuse)(batch)["images"].numpy()[:, 12:-12, 12:-12] for fuse in (True, False))
    assert np.abs(fused - unfused).max() < 0.04  # of a range of 2
    assert np.abs(fused - unfused).mean() < 0.006


def test_fused_colors_are_unfused_colors(rng):
    images = rng.integers(90, 160, (4, 8, 8, 3)).astype("uint8")  # far from the ends of the range
    parts = lambda: [
        layers.RandomBrightness(0.1),
        layers.RandomContrast(0.2),
        layers.RandomSaturation((0.4, 0.6)),
        layers.RandomHue(0.1),
        layers.Rescaling(1 / 255),
    ]
    fused, unfused = (layers.Pipeline(parts(), fuse=fuse, seed=2)(ids(images))["images"] for fuse in (True, False))
    np.testing.assert_allclose(fused, unfused, atol=1e-5)


def test_cancelling_rotations_give_back_the_image(photograph):
    angles = (0.05, -0.03, 0.02, -0.04)
    pipeline = layers.Pipeline([layers.RandomRotation((angle, angle)) for angle in angles])
    inner = (slice(None), slice(12, -12), slice(12, -12))
    assert np.abs(pipeline(photograph) - photograph).max() < 1e-2
    one_by_one = layers.Pipeline([layers.RandomRotation((angle, angle)) for angle in angles], fuse=False)
    assert psnr(one_by_one(photograph)[inner], photograph[inner]) < 45


def test_order_is_kept():
    images = np.zeros((1, 9, 9, 1), "float32")
    images[0, 4, 8] = 1.0
    shift, turn = (
        (lambda: layers.RandomTranslation(0.0, (-2 / 9, -2 / 9), fill_mode="constant")),
        (lambda: layers.RandomRotation((0.25, 0.25), fill_mode="constant")),
    )
    where = lambda parts: np.argwhere(layers.Pipeline(parts)(images)[0, ..., 0].numpy() > 0.5).tolist()
    assert where([shift(), turn()]) == [[2, 4]]
    assert where([turn(), shift()]) == [[0, 2]]


def test_inactive_pipeline_still_rescales_and_crops(rng):
    images = rng.integers(0, 256, (2, 8, 8, 3)).astype("uint8")
    pipeline = layers.Pipeline(
        [layers.RandomRotation(0.2), layers.RandomCrop(8, 8), layers.RandomBrightness(0.3), layers.Rescaling(1 / 255)]
    )
    np.testing.assert_allclose(pipeline(images, training=False), images / 255.0, atol=1e-6)


def test_chance_of_the_whole_pipeline(rng):
    images = rng.integers(1, 256, (200, 4, 4, 1)).astype("uint8")
    pipeline = layers.Pipeline(
        [layers.RandomBrightness((0.1, 0.2)), layers.RandomFlip(), layers.Rescaling(0.5)], p=0.3, seed=1
    )
    result = pipeline(images).numpy()
    kept = np.array([np.array_equal(a, b * 0.5) for a, b in zip(result, images, strict=True)])
    assert 0.6 < kept.mean() < 0.8


def test_seed_of_the_pipeline_is_that_of_its_layers():
    def seeds(seed, own=None):
        """What the parts draw from; the parts themselves are not changed."""
        parts = [layers.RandomRotation(0.1, seed=own), layers.RandomBrightness(0.1)]
        before = [(part.seed, part.is_seeded) for part in parts]
        pipeline = layers.Pipeline(parts, seed=seed)
        found = [step.seed for step in pipeline.plan.steps]
        assert before == [(part.seed, part.is_seeded) for part in parts]
        return found

    assert seeds(1) == seeds(1)
    assert seeds(1) != seeds(2)
    assert seeds(1, own=99)[0] == 99
    assert len(set(seeds(1))) == 2


def test_nested_pipelines_are_one(rng):
    images = rng.integers(0, 256, (2, 16, 16, 3)).astype("uint8")
    inner = layers.Pipeline([layers.RandomRotation(0.1, seed=1), layers.RandomZoom(0.1, seed=2)])
    nested = layers.Pipeline([layers.RandomFlip(seed=3), inner, layers.RandomShear(0.1, seed=4)])
    flat = layers.Pipeline(
        [
            layers.RandomFlip(seed=3),
            layers.RandomRotation(0.1, seed=1),
            layers.RandomZoom(0.1, seed=2),
            layers.RandomShear(0.1, seed=4),
        ]
    )
    assert shapes(nested) == [4]
    np.testing.assert_array_equal(nested(ids(images))["images"], flat(ids(images))["images"])


def test_other_keras_layers_may_stand_in_it(rng):
    images = rng.integers(0, 256, (2, 8, 8, 3)).astype("uint8")
    pipeline = layers.Pipeline([layers.RandomFlip(seed=1), keras.layers.AveragePooling2D(2), layers.Rescaling(1 / 255)])
    result = pipeline(images, training=False)
    expected = images.reshape(2, 4, 2, 4, 2, 3).mean((2, 4)) / 255
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert pipeline(images).shape == pipeline.compute_output_shape(images.shape) == (2, 4, 4, 3)


def test_parts_that_have_weights_are_built(tmp_path):
    """Inside a composite nobody calls the part itself, which is when Keras would build it."""
    images = np.ones((2, 4, 4, 3), "float32")
    pipeline = layers.Pipeline([layers.RandomFlip(), layers.Pipeline([layers.Normalization(dtype="float32")])])
    data = tf.data.Dataset.from_tensor_slices(images).batch(2)
    np.testing.assert_array_equal(next(iter(data.map(pipeline))), images)
    pipeline.layers[1].layers[0].adapt(images * np.array([1.0, 2.0, 3.0]))
    model = keras.Sequential([keras.Input((4, 4, 3)), pipeline])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images), model(images))
    assert np.abs(loaded(images)).max() > 1e3
    noise = layers.Pipeline([layers.RandomFeatureNoise(0.1, scale=1.0)])
    assert noise({"sample_ids": np.arange(2), "features": np.ones((2, 3))})["features"].shape == (2, 3)


def test_saved_and_loaded(tmp_path, rng):
    images = rng.integers(0, 256, (4, 12, 12, 3)).astype("float32")
    pipeline = layers.Pipeline(
        [
            layers.OneOf([layers.RandomRotation(0.1), layers.RandomZoom(0.2)], weights=[1, 3]),
            layers.SomeOf([layers.RandomBrightness(0.1), layers.RandomContrast(0.3), layers.RandomHue(0.1)], n=(1, 2)),
            layers.RandomCrop(10, 9),
        ],
        seed=4,
    )
    again = layers.Pipeline.from_config(json.loads(json.dumps(pipeline.get_config())))
    np.testing.assert_array_equal(pipeline(images), again(images))
    model = keras.Sequential([keras.Input((12, 12, 3)), pipeline])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.layers[0](images), pipeline(images))


def test_one_of_carries_out_one():
    images = np.full((300, 4, 4, 1), 100, "uint8")
    choice = layers.OneOf(
        [layers.RandomBrightness((0.1, 0.1)), layers.RandomBrightness((0.2, 0.2))], weights=[1, 3], seed=1
    )
    levels, counts = np.unique(np.round(choice(images).numpy()[:, 0, 0, 0], 1), return_counts=True)
    np.testing.assert_allclose(levels, [125.5, 151.0])
    assert 0.65 < counts[1] / 300 < 0.85


def test_some_of_carries_out_n_without_repetition():
    images = np.zeros((300, 4, 4, 1), "uint8")
    parts = lambda: [layers.RandomBrightness((share, share), value_range=(0, 1000)) for share in (0.1, 0.01, 0.001)]
    result = layers.SomeOf(parts(), n=2, seed=1)(images).numpy()[:, 0, 0, 0]
    levels, counts = np.unique(np.round(result), return_counts=True)
    np.testing.assert_array_equal(levels, [11, 101, 110])
    assert counts.min() > 60
    number = layers.SomeOf(parts(), n=(0, 3), seed=1)(images).numpy()[:, 0, 0, 0]
    digits = [sum(map(int, str(round(value)))) for value in number]
    assert set(digits) == {0, 1, 2, 3}


def test_choice_among_geometric_layers_stays_one_resample():
    pipeline = layers.Pipeline(
        [layers.RandomFlip(), layers.OneOf([layers.RandomRotation(0.1), layers.RandomZoom(0.1)])]
    )
    assert shapes(pipeline) == [3]


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.Pipeline(layers.RandomFlip()), TypeError, "`layers` must be a list of layers"),
        (lambda: layers.OneOf([]), ValueError, "be at least one layer"),
        (lambda: layers.Pipeline(["RandomFlip"]), TypeError, "`layers` must be a list of layers"),
        (lambda: layers.Pipeline([layers.RandomFlip(), layers.RandomGain()]), ValueError, "share a kind of data"),
        (lambda: layers.Pipeline([layers.RandomFlip()] * 2), ValueError, "be different objects"),
        (lambda: layers.OneOf([layers.RandomFlip(), layers.RandomCrop(3, 3)]), ValueError, "keep the size"),
        (lambda: layers.OneOf([layers.RandomFlip()], weights=[1, 2]), ValueError, "`weights` must be 1 numbers"),
        (lambda: layers.OneOf([layers.RandomFlip()], weights=[-1]), ValueError, "`weights` must be a finite number"),
        (lambda: layers.SomeOf([layers.RandomFlip()], n=2), ValueError, "`n` must be an integer from 0 to 1"),
        (lambda: layers.SomeOf([layers.RandomFlip(), layers.RandomZoom(0.1)], n=(2, 1)), ValueError, "lower end first"),
        (lambda: layers.Pipeline([layers.RandomFlip()], fuse="yes"), TypeError, "`fuse` must be True or False"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def test_fuse_a_sequential(rng):
    images = rng.integers(0, 256, (2, 8, 8, 3)).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            keras.layers.Conv2D(2, 3),
            keras.Sequential([layers.RandomBrightness(0.1), layers.RandomContrast(0.1), keras.layers.Flatten()]),
            keras.layers.Dense(2),
        ]
    )
    fused = fuse(model)
    assert [type(layer).__name__ for layer in fused.layers] == ["Pipeline", "Conv2D", "Sequential", "Dense"]
    assert [type(layer).__name__ for layer in fused.layers[2].layers] == ["Pipeline", "Flatten"]
    np.testing.assert_allclose(fused.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-5)
    with pytest.raises(TypeError, match=r"fuse: `model` must be a keras.Sequential"):
        fuse(keras.Model(model.inputs, model.outputs))


def test_what_is_fused_or_composed_is_not_changed(rng):
    """A layer draws the same in a seeded Pipeline, whatever else it is put into; a fused model stays as it was."""
    images = {"images": rng.random((4, 8, 8, 3)), "sample_ids": np.arange(4)}
    turn, zoom = layers.RandomRotation(0.1), layers.RandomZoom(0.1)
    model = keras.Sequential([keras.Input((8, 8, 3)), turn, zoom, keras.layers.Flatten()])
    pipeline, before = layers.Pipeline([turn], seed=1), [layer.get_config() for layer in model.layers]
    expected = pipeline(images, training=True)["images"]
    fuse(model)
    layers.Pipeline([turn, zoom], seed=2, value_range=(0, 1))(images, training=True)
    layers.OneOf([turn, zoom], seed=3)
    assert [layer.get_config() for layer in model.layers] == before and not turn.is_seeded
    np.testing.assert_array_equal(layers.Pipeline([turn], seed=1)(images, training=True)["images"], expected)
    np.testing.assert_array_equal(pipeline(images, training=True)["images"], expected)


def test_mirrored_replicas_draw_differently():
    """Each replica has rows 0, 1, …; their numbers differ because the replica is part of the key."""
    from keras_augsynth.core import activity

    class Replica:
        num_replicas_in_sync = 2

        def __init__(self, number):
            self.replica_id_in_sync_group = number

    layer = layers.RandomBrightness(0.5, seed=1)
    results = []
    for number in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf.distribute, "get_replica_context", lambda number=number: Replica(number))
            results.append(activity.keys(keras.random.SeedGenerator(0), None, None))
    assert [int(keys.call[0]) for keys in results] == [0, 1]
    assert layer.seed == 1


@pytest.mark.parametrize("jit", [None, False])
@pytest.mark.xla
def test_jit_false_holds_for_the_parts(jit):
    """For a target without XLA no operation of the traced call asks for it."""
    pipeline = layers.Pipeline([layers.RandomRotation(0.1), layers.RandomContrast(0.2)], jit=jit)
    traced = tf.function(lambda x: pipeline(x, training=True)).get_concrete_function(tf.TensorSpec([2, 8, 8, 3]))
    functions = traced.graph.as_graph_def().library.function
    assert any(function.attr["_XlaMustCompile"].b for function in functions) == (jit is None)


@pytest.fixture
def without_xla(monkeypatch):
    """A TensorFlow that was built without XLA, or has a GPU whose plugin lacks it."""

    def hide(gpu):
        monkeypatch.setattr(tf.test, "is_built_with_xla", lambda: gpu)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU"] if gpu else [])
        monkeypatch.setattr(compiled, "_graph", refuse)
        compiled.xla_works.cache_clear()

    def refuse(function, **options):
        assert options == {"jit_compile": True}
        raise tf.errors.UnimplementedError(None, None, "no compiler for this platform")

    yield hide
    compiled.xla_works.cache_clear()


@pytest.mark.parametrize("jit", [None, True])
@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.xla
def test_without_xla_layers_run_uncompiled_and_say_so_once(without_xla, jit, gpu):
    parts = lambda: [layers.RandomRotation(0.1, seed=1), layers.RandomContrast(0.2, seed=2)]
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")
    expected = layers.Pipeline(parts(), jit=False)(images)
    without_xla(gpu)
    pipeline = layers.Pipeline(parts(), jit=jit)
    with pytest.warns(RuntimeWarning, match="cannot compile with XLA") as warned:
        found = pipeline(images)
    np.testing.assert_array_equal(found, expected)
    traced = tf.function(lambda x: pipeline(x, training=True)).get_concrete_function(tf.TensorSpec([2, 8, 8, 3]))
    functions = traced.graph.as_graph_def().library.function
    assert not any(function.attr["_XlaMustCompile"].b for function in functions)
    assert len(warned) == 1


def test_each_clip_is_in_its_own_units():
    """Brightness clips at 255, not where the values have been rescaled to one."""
    parts = lambda: [layers.RandomBrightness((0.5, 0.5)), layers.Rescaling(1 / 255), layers.RandomGrayscale(1.0)]
    images = np.full((1, 2, 2, 3), 250.0, "float32")
    fused, unfused = (layers.Pipeline(parts(), fuse=fuse, jit=False)(images) for fuse in (True, False))
    np.testing.assert_allclose(fused, 1.0, rtol=1e-6)
    np.testing.assert_allclose(fused, unfused, rtol=1e-6)
