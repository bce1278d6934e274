"""When a size is compiled: not when it comes first, but when it has come often enough; each promise by a count."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import worth
from keras_augsynth.ops.compiled import shared, uncompiled, xla
from keras_augsynth.ops.resample import resample


@pytest.fixture(autouse=True)
def _what_pays():
    """As users have it; other tests compile at once or never."""
    with xla(None):
        yield


@pytest.fixture
def limit(monkeypatch):
    """A size pays with its third batch of 4 images of 8 x 8."""
    monkeypatch.setattr(worth, "PAYS", 3 * 4 * 8 * 8)
    monkeypatch.setattr(worth.Worth, "compiled", 0)


class Counting(layers.Augmentation, listed=False):
    """Keeps (whether it is compiled, the shape) of each trace."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        vars(self)["traced"] = []

    def draw(self, rng, view):
        return {"shift": rng.uniform()}

    def apply(self, x, params):
        vars(self)["traced"].append((not uncompiled(), tuple(x.shape)))
        return x + params["shift"][:, None, None, None]


def images(*shape):
    return np.random.default_rng(0).random(shape, "float32")


def resample_kernel():
    """The graphs that all layers share."""
    return shared(resample, any_size=True).graph


ANY = (False, (None, None, None, 1))


def test_new_sizes_and_lengths_share_one_uncompiled_graph(limit):
    layer = Counting()
    for count in (4, 3, 1, 64):
        layer(images(count, 8, 8, 1)[:, :2, :2])
    for side in range(2, 8):
        layer(images(4, side, side + 1, 1))
    assert layer.traced == [ANY]


def test_a_size_is_compiled_when_it_has_come_often_enough(limit):
    layer = Counting()
    for _ in range(5):
        layer(images(4, 8, 8, 1))
    layer(images(4, 8, 6, 1))
    assert layer.traced == [ANY, (True, (4, 8, 8, 1))]


def test_a_large_batch_is_compiled_at_once(limit):
    layer = Counting()
    layer(images(12, 8, 8, 1))
    assert layer.traced == [(True, (12, 8, 8, 1))]


def test_true_compiles_at_once_and_false_never(limit):
    at_once, never = Counting(jit=True), Counting(jit=False)
    for _ in range(4):
        at_once(images(4, 8, 8, 1)), never(images(4, 8, 8, 1))
    assert at_once.traced == [(True, (4, 8, 8, 1))]
    assert never.traced == [ANY]


def compiled_batches(layer, data):
    """Which batches a traced function of the layer gives to what is compiled, by the variable that decides it."""
    function, found = tf.function(layer), []
    for batch in data:
        function(batch, training=True)
        state = layer.plan.seen.numpy()
        found.append(int(state[0, 0]))
    return found


def test_the_choice_in_a_graph_is_made_when_it_runs(limit):
    layer = layers.RandomRotation(0.1)
    small, other = tf.constant(images(4, 8, 8, 1)), tf.constant(images(4, 6, 8, 1))
    assert compiled_batches(layer, [small, other, small, other, small, small, other, other]) == [0, 0, 0, 0, 1, 1, 1, 2]


def test_in_tf_data_and_in_a_model(limit):
    data = tf.data.Dataset.from_tensor_slices(images(20, 8, 8, 1)).batch(4)
    mapped, counted = layers.RandomRotation(0.1, seed=1), layers.RandomRotation(0.1, seed=1)
    results = np.concatenate(list(data.map(mapped)))
    assert mapped.plan.seen.numpy()[0, 0] == 1
    np.testing.assert_allclose(results, np.concatenate([counted(batch) for batch in data]), atol=1e-5)
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.RandomRotation(0.1), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.fit(data.map(lambda x: (x, x[:, 0, 0])), epochs=2, shuffle=False, verbose=0)
    assert model.layers[0].plan.seen.numpy()[0, 0] == 1


def test_sizes_that_are_compiled_are_bounded(limit, monkeypatch):
    monkeypatch.setattr(worth, "MOST", 2)
    layer, traced = Counting(), Counting()
    for side in range(2, 6):
        for _ in range(13):
            layer(images(4, side, 8, 1))
    assert sum(compiles for compiles, _ in layer.traced) == 2
    data = [tf.constant(images(4, side, 8, 1)) for side in range(2, 6) for _ in range(13)]
    assert compiled_batches(traced, data)[-1] == 2


def test_a_thousand_sizes_are_forgotten():
    counted = worth.Worth()
    assert not any(counted.pays((4, height, 8, 1)) for _ in range(9) for height in range(1000, 2000))
    assert len(counted._work) <= 256


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_many_pipelines_leave_nothing_behind(dtype):
    plans = []
    for _ in range(3):
        layer = layers.Pipeline([layers.RandomRotation(0.1), layers.RandomBrightness(0.1)])
        layer(np.full((2, 4, 4, 1), 200, dtype))
        plans.append(weakref.ref(layer.plan))
        del layer
    gc.collect()
    assert [plan() for plan in plans] == [None] * 3


def test_pipelines_share_what_is_compiled(limit):
    before = resample_kernel().traced
    for seed in range(3):
        layer = layers.Pipeline([layers.RandomRotation(0.1, seed=seed), layers.RandomZoom(0.2)])
        for side in (5, 6):
            layer(np.full((100, side, side, 1), 200, "uint8"))
    assert resample_kernel().traced == before + 1


@pytest.mark.parametrize("jit", [None, True, False])
def test_a_seed_gives_the_same_sequence(limit, jit):
    def sequence():
        layer = layers.RandomRotation(0.1, seed=3, jit=jit)
        return [layer(images(4, 8, 8, 1)).numpy() for _ in range(4)]

    for first, second in zip(sequence(), sequence(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_user_s_xla_decides(limit):
    layer = Counting()
    tf.function(lambda x: layer(x, training=True), jit_compile=True)(images(4, 8, 8, 1))
    assert layer.traced == [(True, (4, 8, 8, 1))]


def test_magnitudes_live_on_in_the_graph():
    layer = layers.RandomBrightness((0.5, 0.5), value_range=(0.0, 1.0))
    dark = np.zeros((2, 4, 4, 1), "float32")
    assert layer(dark).numpy().max() == 0.5
    layer.factor = (0.25, 0.25)
    assert layer(dark).numpy().max() == 0.25


@pytest.mark.full
def test_gradient_whichever_way_is_taken(limit):
    layer = layers.RandomRotation((0.1, 0.1), jit=None)
    weights = images(4, 8, 8, 1)

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=True) * weights)
        return tape.gradient(loss, x)

    found = [gradient(tf.constant(images(4, 8, 8, 1))).numpy() for _ in range(4)]
    assert layer.plan.seen.numpy()[0, 0] == 1
    np.testing.assert_allclose(found[0], found[-1], atol=1e-5)
    assert np.abs(found[0]).max() > 0.1


def test_masks_are_the_same_whichever_way_is_taken(limit):
    masks = np.random.default_rng(1).integers(0, 200, (8, 19, 22, 1), "uint8")
    data = {"images": np.zeros((8, 19, 22, 3), "uint8"), "segmentation_masks": masks, "sample_ids": np.arange(8)}
    make = lambda jit: layers.Pipeline(
        [layers.RandomRotation(0.5), layers.RandomZoom((-0.5, 0.5)), layers.RandomShear(0.3)], seed=2, jit=jit
    )
    compiled, plain = (make(jit)(data, training=True)["segmentation_masks"] for jit in (True, False))
    np.testing.assert_array_equal(compiled, plain)
    assert np.abs(compiled - masks).mean() > 1


def test_warm_up_compiles_and_leaves_the_layer_as_it_was(limit, caplog):
    layer, fresh = Counting(seed=1), Counting(seed=1)
    assert layers.warm_up(layer, [(4, 8, 8, 1), (2, 8, 8, 1), (4, 8, 8, 1)], dtype="float32", verbose=0) == 2
    assert layer.traced == [(True, (4, 8, 8, 1)), (True, (2, 8, 8, 1))]
    first = layer(images(4, 8, 8, 1))
    assert len(layer.traced) == 2
    np.testing.assert_allclose(first, fresh(images(4, 8, 8, 1)), atol=1e-6)
    tf.function(layer)(tf.constant(images(4, 8, 8, 1)), training=True)
    assert layer.plan.seen.numpy()[0, 0] == 2


def test_warm_up_with_a_data_set(limit):
    layer = Counting()
    data = tf.data.Dataset.from_tensor_slices((images(10, 8, 8, 1), np.zeros(10))).batch(4)
    assert layers.warm_up(layer, data, verbose=0) == 2
    assert [shape for _, shape in layer.traced] == [(4, 8, 8, 1), (2, 8, 8, 1)]


def test_warm_up_refuses_what_it_cannot_compile():
    with pytest.raises(TypeError, match="warm_up: `layer` must"):
        layers.warm_up(keras.layers.RandomFlip(), (4, 8, 8, 1))
    with pytest.raises(ValueError, match="warm_up: `layer` must"):
        layers.warm_up(layers.RandomFlip(jit=False), (4, 8, 8, 1))
    with pytest.raises(ValueError, match="warm_up: `data` must"):
        layers.warm_up(layers.RandomFlip(), (None, 8, 8, 1))


def test_a_long_compilation_is_logged(limit, monkeypatch, caplog):
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(worth.time, "perf_counter", lambda: next(clock))
    layer = Counting(jit=True)
    with caplog.at_level("INFO", "keras_augsynth"):
        layer(images(4, 8, 8, 1)), layer(images(4, 8, 8, 1))
    assert caplog.messages == ["keras_augsynth: compiled Counting for (4, 8, 8, 1) in 2.0 s."]


def test_a_layer_of_the_user_s_is_called_each_time_as_it_is():
    class Noticing(keras.layers.Layer):
        def call(self, x):
            seen.append(tf.executing_eagerly())
            return x

    seen = []
    layer = layers.Pipeline([layers.RandomFlip(), Noticing()])
    for _ in range(2):
        layer(images(2, 4, 4, 1))
    assert seen == [True, True]
