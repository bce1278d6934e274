import keras
import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf
from keras import layers as keras_layers

from keras_augsynth import synthesis
from keras_augsynth.synthesis import SpectralNormalization, power_step

LAYERS = {
    "Dense": (lambda: keras_layers.Dense(5), (None, 7)),
    "Conv1D": (lambda: keras_layers.Conv1D(5, 3), (None, 6, 2)),
    "Conv2D": (lambda: keras_layers.Conv2D(6, 3, groups=2), (None, 6, 6, 4)),
    "Conv2DTranspose": (lambda: keras_layers.Conv2DTranspose(5, 3), (None, 6, 6, 4)),
    "Conv3D": (lambda: keras_layers.Conv3D(4, 2), (None, 4, 4, 4, 2)),
    "Embedding": (lambda: keras_layers.Embedding(6, 4), (None,)),
}


def built(name, **kwargs):
    make, shape = LAYERS[name]
    layer = SpectralNormalization(make(**kwargs))
    layer.build(shape)
    return layer


def kernel_of(layer):
    return layer.layer.embeddings if hasattr(layer.layer, "embeddings") else layer.layer.kernel


def settle(layer, rng):
    """Gives the kernel a largest singular value far above the others, and finds its vectors."""
    kernel = kernel_of(layer)
    values = outputs_last(layer)
    left, _, right = np.linalg.svd(rng.normal(size=(values.size // values.shape[-1], values.shape[-1])), False)
    matrix = (left * 3.0 * 0.5 ** np.arange(len(right))) @ right
    values = matrix.reshape(values.shape)
    kernel.assign(np.swapaxes(values, -1, -2) if "Transpose" in type(layer.layer).__name__ else values)
    power_step(layer, steps=20)  # each quarters the error


def outputs_last(layer):
    """The kernel with its outputs in the last axis: Keras's transposed convolutions have their inputs there."""
    kernel = np.asarray(kernel_of(layer).numpy(), "float64")
    return np.swapaxes(kernel, -1, -2) if "Transpose" in type(layer.layer).__name__ else kernel


def largest_singular_value(layer):
    kernel = outputs_last(layer)
    return scipy.linalg.svdvals(kernel.reshape(-1, kernel.shape[-1]))[0]


def inputs_for(layer, rng):
    shape = next(shape for make, shape in LAYERS.values() if isinstance(layer.layer, type(make())))
    return np.array([0, 3, 5]) if len(shape) == 1 else rng.normal(size=(2, *shape[1:])).astype("float32")


@pytest.mark.parametrize("name", LAYERS)
def test_output_is_the_layers_own_over_the_largest_singular_value(name, rng):
    layer = built(name)
    settle(layer, rng)
    x = inputs_for(layer, rng)
    # The layer's biases are zero, so that it is linear in its kernel.
    np.testing.assert_allclose(layer(x), layer.layer(x) / largest_singular_value(layer), rtol=1e-4, atol=1e-5)


def test_first_call_has_an_estimate_already():
    layer = built("Dense")
    before = np.linalg.norm(layer(np.eye(7, dtype="float32")), 2)
    assert 1.0 - 1e-5 < before < 1.05  # from below, the norm can only be estimated too small
    power_step(layer, steps=200)
    np.testing.assert_allclose(np.linalg.norm(layer(np.eye(7, dtype="float32")), 2), 1.0, rtol=1e-5)


@pytest.mark.parametrize("name", ["Dense", "Conv2DTranspose"])
def test_gradient_passes_through_the_norm(name, rng):
    """Against central differences of W / (largest singular value of W), the singular value by SciPy in float64."""
    layer = built(name)
    settle(layer, rng)
    x = inputs_for(layer, rng)
    weights = rng.normal(size=layer(x).shape)
    kernel = kernel_of(layer)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x) * weights)
    gradient = tape.gradient(total, kernel.value).numpy()

    start = kernel.numpy()
    # The layer is linear in its kernel: its output for any kernel is a sum over `slope`.
    with tf.GradientTape() as tape:
        plain = tf.reduce_sum(layer.layer(x) * weights)
    slope = tape.gradient(plain, kernel.value).numpy().astype("float64")

    def value(changed):
        matrix = np.swapaxes(changed, -1, -2) if "Transpose" in name else changed
        return np.sum(slope * changed) / scipy.linalg.svdvals(matrix.reshape(-1, matrix.shape[-1]))[0]

    for place in rng.permutation(start.size)[:8]:
        step = np.zeros(start.size)
        step[place] = 1e-5
        step = step.reshape(start.shape)
        difference = (value(start.astype("float64") + step) - value(start.astype("float64") - step)) / 2e-5
        np.testing.assert_allclose(gradient.reshape(-1)[place], difference, rtol=2e-3, atol=2e-3)
    assert np.abs(gradient - slope / largest_singular_value(layer)).max() > 0.01  # the norm does have a part in it


def test_calls_change_nothing(rng):
    layer = built("Conv2D")
    x = inputs_for(layer, rng)
    before = [weight.numpy() for weight in layer.weights]
    first = layer(x, training=True)
    np.testing.assert_array_equal(layer(x, training=True), first)
    for weight, old in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_power_step_finds_every_layer_and_runs_in_a_graph():
    inner = keras.Sequential([keras.Input((4,)), SpectralNormalization(keras_layers.Dense(3))])
    x = keras.Input((6,))
    model = keras.Model(x, inner(SpectralNormalization(keras_layers.Dense(4))(x)))
    wrapped = [model.layers[1], inner.layers[0]]
    before = [(layer.u.numpy(), layer.layer.kernel.numpy()) for layer in wrapped]
    tf.function(lambda: power_step(model))()
    for layer, (u, kernel) in zip(wrapped, before, strict=True):
        expected = kernel.T @ (kernel @ u)
        np.testing.assert_allclose(layer.u, expected / np.linalg.norm(expected), rtol=1e-4, atol=1e-6)
        assert not np.array_equal(layer.u, u)
        np.testing.assert_array_equal(layer.layer.kernel, kernel)


def test_zeros_stay_zeros_and_can_be_trained():
    layer = SpectralNormalization(keras_layers.Dense(3, kernel_initializer="zeros"))
    x = tf.ones((2, 4))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x))
    np.testing.assert_array_equal(layer(x), np.zeros((2, 3)))
    np.testing.assert_array_equal(tape.gradient(total, layer.layer.kernel.value), np.full((4, 3), 2.0))
    layer.layer.kernel.assign(np.ones((4, 3)))
    power_step(layer, steps=5)
    np.testing.assert_allclose(np.linalg.norm(layer(np.eye(4, dtype="float32")), 2), 1.0, rtol=1e-5)


def test_saved_and_loaded(tmp_path, rng):
    discriminator = synthesis.dcgan((8, 8, 1), num_classes=3, width=2, spectral_normalization=True)[1]
    power_step(discriminator, steps=3)
    discriminator.save(tmp_path / "discriminator.keras")
    loaded = keras.models.load_model(tmp_path / "discriminator.keras")
    x = [rng.normal(size=(4, 8, 8, 1)).astype("float32"), np.array([0, 1, 2, 0])]
    np.testing.assert_array_equal(loaded(x), discriminator(x))
    # A stepping copy is a stepping copy: u and v came along.
    power_step(loaded), power_step(discriminator)
    np.testing.assert_array_equal(loaded(x), discriminator(x))


def test_mixed_precision(rng):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    layer = built("Dense")
    assert layer.u.dtype == "float32"
    power_step(layer, steps=200)
    made = layer(np.eye(7, dtype="float32"))
    assert made.dtype == tf.bfloat16
    np.testing.assert_allclose(np.linalg.norm(tf.cast(made, "float32"), 2), 1.0, atol=0.02)  # 8 bits


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: SpectralNormalization("dense"), TypeError, "SpectralNormalization: `layer` must be a layer"),
        (
            lambda: SpectralNormalization(keras_layers.ReLU())(np.ones((1, 2), "float32")),
            TypeError,
            "SpectralNormalization: `layer` must have a kernel",
        ),
        (lambda: power_step(keras_layers.Dense(2), steps=0), ValueError, "power_step: `steps` must be an integer of"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
