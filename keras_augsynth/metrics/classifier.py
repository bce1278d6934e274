"""A small classifier for data of any shape, and its training by a fixed number of steps."""

import keras
import numpy as np
from keras import layers


def classifier(x: np.ndarray, num_classes: int, *, size: int = 64, width: int = 16, seed: int = 0) -> keras.Model:
    """A network from samples like `x` to logits, which scales its input by itself.

    Args:
        x: samples `(N, ...)`: with channels at the end of 1, 2 or 3 other axes, or rows `(N, d)`.
        num_classes: number of logits.
        size: of the last hidden layer.
        width: channels of the first convolution; they double as the sides are halved.
        seed: of the initial weights.
    """
    rank, seeds = x.ndim - 2, iter(range(seed, seed + 100))
    initial = lambda: {"kernel_initializer": keras.initializers.HeUniform(next(seeds))}
    axes = 0 if rank == 0 else None  # columns of a table have units of their own, pixels have not
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    parts = [
        keras.Input(x.shape[1:]),
        layers.Normalization(
            axis=-1 if rank == 0 else None, mean=mean, variance=np.where(variance > 0.0, variance, 1.0)
        ),
    ]
    if 1 <= rank <= 3:
        convolution, side = getattr(layers, f"Conv{rank}D"), max(x.shape[1:-1])
        while side > 8 or len(parts) == 2:
            parts.append(convolution(width, 3, strides=2, padding="same", activation="relu", **initial()))
            side, width = -(-side // 2), min(2 * width, 128)
    else:
        parts += [layers.Flatten(), layers.Dense(128, activation="relu", **initial())]
    parts += [
        layers.Flatten(),
        layers.Dense(size, activation="relu", **initial()),
        layers.Dense(num_classes, dtype="float32", **initial()),
    ]
    return keras.Sequential(parts, name="cnn" if 1 <= rank <= 3 else "mlp")


def train(model: keras.Model, x: np.ndarray, y: np.ndarray, steps: int, batch_size: int, seed: int) -> keras.Model:
    """The model after `steps` batches, drawn in random order, every row as often as any other.

    A model that is not compiled is, with Adam.
    """
    if not model.compiled:
        last = model.layers[-1]
        softmax = isinstance(last, layers.Softmax) or getattr(last, "activation", None) is keras.activations.softmax
        # Compiling such a small network by XLA would take longer than training it.
        model.compile(
            keras.optimizers.Adam(1e-3),
            keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax),
            jit_compile=False,
        )
    rng = np.random.default_rng(seed)
    passes = -(-steps * batch_size // len(x))
    order = np.concatenate([rng.permutation(len(x)) for _ in range(passes)])
    for step in range(steps):
        rows = order[step * batch_size : (step + 1) * batch_size]
        model.train_on_batch(x[rows], y[rows])
    return model
