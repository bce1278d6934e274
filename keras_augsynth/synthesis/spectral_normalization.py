"""Spectral normalization as it was published: a reparametrisation, with the gradient through the norm."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_integer, wrong

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class SpectralNormalization(keras.layers.Wrapper):
    """Divides a layer's kernel by its largest singular value, so that the layer stretches no input by more than 1.

    The layer's own kernel W is what is trained and saved, and no call changes it: calls work with W / (uᵀWv), and
    the gradient passes through the denominator. The singular vectors u and v are state. They follow the kernel by
    one step of power iteration whenever `power_step` is called, which a `GAN` does once in each step of its
    discriminator, however often the discriminator is called in it. (`keras.layers.SpectralNormalization`
    overwrites the kernel at each call, and its gradient knows nothing of the norm.)

    A kernel counts as the matrix from all its inputs, positions of a convolution included, to its outputs.

    Args:
        layer: one with a kernel or embeddings: `Dense`, `Embedding`, `Conv1D` … `Conv3D` and their transposed
            forms.
        **kwargs: `name` and `dtype`.

    Raises:
        TypeError: for a layer of another kind.

    Example:

    >>> stretching = keras.layers.Dense(4, kernel_initializer=keras.initializers.Identity(gain=3.0))
    >>> layer = SpectralNormalization(stretching)
    >>> np.round(layer(np.eye(1, 8)), 3)
    array([[1., 0., 0., 0.]], dtype=float32)

    Reference:
        Miyato, Kataoka, Koyama, Yoshida: Spectral normalization for generative adversarial networks. ICLR 2018.
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any):
        if not isinstance(layer, keras.layers.Layer):
            raise wrong("SpectralNormalization", "layer", "be a layer", layer, TypeError)
        super().__init__(layer, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        kernel = self._kernel()
        if kernel is None or len(kernel.shape) < 2:
            raise wrong(self, "layer", "have a kernel, as Dense and Conv2D have", self.layer, TypeError)
        rows, columns = self._matrix(kernel).shape

        def state(name: str, size: int, initializer: Any) -> keras.Variable:
            options = {"dtype": kernel.dtype, "trainable": False, "aggregation": "only_first_replica"}
            return self.add_weight(name=name, shape=(size,), initializer=initializer, autocast=False, **options)

        # From a fixed vector, a few steps on: the first calls need an estimate, too.
        start = np.random.default_rng(0).normal(size=columns)
        self.u = state("u", columns, lambda shape, dtype: self._iterated(ops.cast(start, dtype), 15)[0])
        self.v = state("v", rows, lambda shape, dtype: self._iterated(ops.convert_to_tensor(self.u), 0)[1])

    def call(self, inputs: Tensor) -> Tensor:
        kernel = self._kernel()
        value = ops.convert_to_tensor(kernel.value)
        matrix = ops.cast(self._matrix(value), kernel.dtype)
        sigma = ops.dot(self.v, ops.matmul(matrix, ops.expand_dims(self.u, -1))[:, 0])
        sigma = ops.where(sigma > 0, sigma, 1)  # nothing but zeros stays as it is
        # A scope in which the kernel reads as another tensor: the variable itself is left alone.
        with keras.StatelessScope(state_mapping=[(kernel, value / ops.cast(sigma, value.dtype))]):
            return self.layer.call(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def step(self, steps: int = 1) -> None:
        """Moves the singular vectors by `steps` power iterations; see `power_step`, which does so for a model."""
        u, v = self._iterated(ops.convert_to_tensor(self.u), steps)
        self.u.assign(u)
        self.v.assign(v)

    def _kernel(self) -> keras.Variable | None:
        return next((getattr(self.layer, name) for name in ("kernel", "embeddings") if hasattr(self.layer, name)), None)

    def _matrix(self, kernel: Tensor) -> Tensor:
        """(inputs, outputs); transposed convolutions keep their outputs in the last axis but one."""
        kernel = ops.convert_to_tensor(kernel)
        if "Transpose" in type(self.layer).__name__:
            rank = len(kernel.shape)
            kernel = ops.transpose(kernel, (*range(rank - 2), rank - 1, rank - 2))
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def _iterated(self, u: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        matrix = ops.stop_gradient(self._matrix(self._kernel()))
        forward = lambda u: _unit(ops.matmul(matrix, ops.expand_dims(u, -1))[:, 0], ops.ones(matrix.shape[:1]))
        for _ in range(steps):
            u = _unit(ops.matmul(ops.expand_dims(forward(u), 0), matrix)[0], u)
        return u, forward(u)


def _unit(vector: Tensor, otherwise: Tensor) -> Tensor:
    """`vector` at length 1, or `otherwise` if it has no direction."""
    length = ops.norm(vector)
    return ops.where(length > 0, vector / ops.where(length > 0, length, 1), ops.cast(otherwise, vector.dtype))


def power_step(model: keras.layers.Layer, steps: int = 1) -> None:
    """Lets every `SpectralNormalization` in a model follow its kernel.

    To be called once in a training step, after the update of the weights or before it. It runs in a graph.

    Args:
        model: a model, its models included, or a single layer; one without such layers is left as it is.
        steps: power iterations, at least 1. One is enough for weights that change slowly.

    Raises:
        ValueError: for fewer than one step.

    Example:

    >>> generator, discriminator = dcgan((8, 8, 3), spectral_normalization=True)
    >>> power_step(discriminator)
    """
    check_integer("power_step", steps, "steps", 1)
    if isinstance(model, SpectralNormalization):
        model.step(steps)
    for layer in getattr(model, "layers", ()):
        power_step(layer, steps)
