import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import synthesis
from keras_augsynth.synthesis.seeds import normal


def rows():
    """Two normal distributions of two numbers, one rare."""
    rng = np.random.default_rng(0)
    first, second = rng.normal([-1, 1], [0.7, 0.4], (400, 2)), rng.normal([1.5, -1], [0.4, 0.7], (40, 2))
    return np.concatenate([first, second]).astype("float32"), np.repeat([0, 1], [400, 40])


def row_flow(num_classes=2, steps_per_execution=1, **kwargs):
    keras.utils.set_random_seed(1)
    network = synthesis.flow_mlp((2,), num_classes, width=24, blocks=2)
    flow = synthesis.FlowMatching(network=network, num_classes=num_classes, seed=3, **{"ema": 0.98, **kwargs})
    flow.compile(keras.optimizers.Adam(3e-3), steps_per_execution=steps_per_execution)
    return flow


def image_flow(num_classes=3, **kwargs):
    keras.utils.set_random_seed(1)
    network = synthesis.flow_mlp((4, 4, 1), num_classes, width=4, blocks=1)
    arguments = {"value_range": (0, 255), "steps": 3, **kwargs}
    flow = synthesis.FlowMatching(network=network, num_classes=num_classes, seed=3, **arguments)
    flow.compile()
    return flow


@pytest.mark.full
def test_samples_obey_the_labels_and_have_their_moments():
    x, y = rows()
    flow = row_flow(steps_per_execution=50)
    flow.fit(x, y, batch_size=128, steps_per_epoch=500, verbose=0)
    samples = flow.sample(np.repeat([0, 1], 2000), seed=1).numpy().reshape(2, 2000, 2)
    for label in (0, 1):
        np.testing.assert_allclose(samples[label].mean(0), x[y == label].mean(0), atol=0.12)
        np.testing.assert_allclose(samples[label].std(0), x[y == label].std(0), atol=0.12)


class Velocity(keras.layers.Layer):
    """The best velocity for normal data of a mean and a deviation: E[data - noise | point, time]."""

    def __init__(self, mean=3.0, deviation=0.5, **kwargs):
        super().__init__(**kwargs)
        self.mean, self.deviation = mean, deviation

    def call(self, point, time):
        t = time[:, None]
        variance = (1 - t) ** 2 + (t * self.deviation) ** 2
        slope = (t * self.deviation**2 - (1 - t)) / variance
        return self.mean + slope * (point - t * self.mean)


def exact_flow(**kwargs):
    point, time = keras.Input((2,)), keras.Input(())
    return synthesis.FlowMatching(network=keras.Model([point, time], Velocity()(point, time)), **kwargs)


def error(steps, solver):
    """Of what the exact velocity leads to; the true end is known: noise is scaled and moved."""
    flow = exact_flow(steps=steps, solver=solver)
    with pytest.warns(UserWarning, match="FlowMatching: sampled before any training"):
        made = flow.sample(n=200, seed=1).numpy()
    return np.abs(made - (3.0 + 0.5 * normal(1, 200, 2).numpy())).max()


def test_solvers_have_their_order():
    """Twice the steps: half the error with Euler's method, a quarter of it with Heun's."""
    assert 1.7 < error(20, "euler") / error(40, "euler") < 2.3
    assert 3.4 < error(20, "heun") / error(40, "heun") < 4.6
    assert error(40, "heun") < 1e-3


def streamed(shape, value, steps):
    """Batches as they come: columns are not standardized."""
    return tf.data.Dataset.from_tensors(np.full(shape, value, "float32")).repeat(steps)


def test_loss_is_the_squared_velocity_that_is_missed():
    """For data that are all at one point and a network that says zero: E|data - noise|² = point² + 1."""
    flow = row_flow(None)
    last = flow.network.layers[-2]
    last.kernel.assign(np.zeros(last.kernel.shape))
    flow.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    history = flow.fit(streamed((4000, 2), 2.0, 5), verbose=0).history
    np.testing.assert_allclose(history["loss"], 5.0, rtol=0.03)


class Probe(keras.layers.Layer):
    """Writes down what it is called with."""

    def __init__(self, seen=None, **kwargs):
        super().__init__(**kwargs)
        self.note = (lambda *parts: seen.append(parts)) if seen is not None else lambda *parts: None
        self.scale = self.add_weight(shape=(), initializer="zeros")

    def call(self, point, time):
        if not isinstance(point, keras.KerasTensor) and hasattr(point, "numpy"):
            self.note(point.numpy(), time.numpy())
        return self.scale * point


def test_network_sees_points_on_the_line_at_times_spread_evenly():
    seen = []
    point, time = keras.Input((1,)), keras.Input(())
    flow = synthesis.FlowMatching(network=keras.Model([point, time], Probe(seen)(point, time)), seed=1)
    flow.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    flow.fit(streamed((500, 1), 50.0, 2), verbose=0)
    for points, times in seen:
        start = times.min()
        assert 0 <= start < 1 / 500
        np.testing.assert_allclose(np.sort(times), start + np.arange(500) / 500, atol=1e-5)
        noise = ((points[:, 0] - 50.0 * times) / (1.0 - times))[times < 0.9]
        assert abs(noise.mean()) < 0.2
        assert abs(noise.std() - 1.0) < 0.15
        assert abs(np.corrcoef(noise, times[times < 0.9])[0, 1]) < 0.2
    assert len(seen) == 2
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_samples_come_from_the_average():
    flow = image_flow(ema=0.9)
    flow._steps.assign(1)  # as if trained
    before = flow.sample([0, 1], seed=1).numpy()
    for weight in flow.network.weights:
        weight.assign(weight.numpy() + 1.0)
    np.testing.assert_array_equal(flow.sample([0, 1], seed=1), before)
    flow.average.set_weights(flow.network.get_weights())
    assert not np.array_equal(flow.sample([0, 1], seed=1), before)


def test_average_follows_by_its_decay():
    x, y = rows()
    flow = row_flow(ema=0.5)
    previous = [weight.numpy() for weight in flow.average.weights]
    for step in range(3):
        flow.train_step((x, y))
        decay = min(0.5, (1 + step) / (10 + step))
        for mean, old, weight in zip(flow.average.weights, previous, flow.network.weights, strict=True):
            np.testing.assert_allclose(mean, decay * old + (1 - decay) * weight.numpy(), rtol=1e-4, atol=1e-6)
        previous = [weight.numpy() for weight in flow.average.weights]


@pytest.mark.full
def test_unconditional_sounds():
    """Through a U-Net with one level below the sounds' own."""
    x = np.random.default_rng(0).uniform(-1, 1, (10, 16, 1))
    flow = synthesis.FlowMatching(network=synthesis.flow_unet((16, 1), width=4), steps=1, seed=1)
    flow.compile()
    flow.train_step(x)
    assert flow.sample(n=3, seed=1).shape == (3, 16, 1)
    assert flow(np.zeros((4, 1))).shape == (4, 16, 1)


def test_network_is_chosen_by_the_rank():
    has_convolutions = lambda flow: any("conv" in layer.name for layer in flow.network.layers)
    assert not has_convolutions(synthesis.FlowMatching((5,)))
    assert has_convolutions(synthesis.FlowMatching((8, 2)))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (synthesis.FlowMatching, ValueError, "FlowMatching: `shape` must be given, or else `network`"),
        (lambda: synthesis.FlowMatching((2,), network=1), ValueError, "`shape` must be given, or else `network`"),
        (lambda: synthesis.FlowMatching(network=1), TypeError, "FlowMatching: `network` must be a keras.Model"),
        (
            lambda: synthesis.FlowMatching(network=keras.Sequential()),
            ValueError,
            "FlowMatching: `network` must be a functional model, or",
        ),
        (
            lambda: synthesis.FlowMatching(network=synthesis.flow_mlp((2,)), num_classes=3),
            ValueError,
            r"`network` must have three inputs, \['sample', 'time', 'label'\]",
        ),
        (lambda: synthesis.FlowMatching((29, 29, 1)), ValueError, "flow_unet: `shape` must have sides that come down"),
        (lambda: synthesis.FlowMatching((2,), steps=0), ValueError, "FlowMatching: `steps` must"),
        (lambda: synthesis.FlowMatching((2,), solver="hein"), ValueError, 'mean "heun"'),
        (lambda: synthesis.FlowMatching((2,), ema=1.0), ValueError, "FlowMatching: `ema` must"),
        (
            lambda: synthesis.FlowMatching(network=wrong_shape()),
            ValueError,
            r"FlowMatching: `network` must make velocities of shape \(2,\)",
        ),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def wrong_shape():
    point, time = keras.Input((2,)), keras.Input(())
    return keras.Model([point, time], keras.layers.Dense(3)(keras.layers.Concatenate()([point, point])))
