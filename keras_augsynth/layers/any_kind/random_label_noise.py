from typing import Any

import keras
from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Tensor
from keras_augsynth.core.checks import check_integer, check_magnitude, wrong
from keras_augsynth.core.modalities import AUDIO, IMAGE, SPECTROGRAM, TABULAR, TEXT, TOKENS, VIDEO, VOLUME


class RandomLabelNoise(Augmentation, listed=False):
    """Gives samples the label of another class, each other class being as likely: to see what wrong labels do.

    The data themselves stay as they are. Without labels in the input there is nothing to change.

    Args:
        rate: chance that a label is changed, from 0 to 1.
        num_classes: at least 2.
        **kwargs: as in `Augmentation`.

    Input shape:
        Any, with class numbers `(batch,)` or `(batch, 1)`, or one-hot rows `(batch, classes)`, as labels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside of [0, 1]; in a call, for labels of another shape.

    Example:

    >>> x, y = RandomLabelNoise(1.0, num_classes=2)(np.zeros((3, 4)), np.array([0, 1, 1]), training=True)
    >>> y.numpy().tolist()
    [1, 0, 0]
    """

    modalities = (TABULAR, IMAGE, VIDEO, VOLUME, AUDIO, SPECTROGRAM, TEXT, TOKENS)
    apply_dtype = None

    def __init__(self, rate: float = 0.1, num_classes: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_magnitude(self, rate, "rate", 0.0, 1.0)
        self.num_classes = check_integer(self, num_classes, "num_classes", 2)

    def draw(self, rng, view) -> dict[str, Tensor]:
        return {"step": ops.where(rng.bernoulli(self.rate), rng.integers(1, self.num_classes), 0)}

    def apply(self, x, params) -> Tensor:
        return x

    def apply_labels(self, labels, params) -> Tensor:
        if keras.tree.is_nested(labels) or len(labels.shape) not in (1, 2):
            raise wrong(self, "labels", "be class numbers (N,) or one-hot rows (N, classes)", labels)
        step = ops.cast(params["step"], "int32")
        if len(labels.shape) == 2 and labels.shape[1] == self.num_classes:
            source = (ops.arange(self.num_classes, dtype="int32")[None] - step[:, None]) % self.num_classes
            return ops.take_along_axis(labels, source, axis=1)
        if len(labels.shape) == 2 and labels.shape[1] != 1:
            raise wrong(self, "labels", f"have num_classes={self.num_classes} columns", tuple(labels.shape))
        step = ops.reshape(step, (-1, *(1,) * (len(labels.shape) - 1)))
        return ops.cast((ops.cast(labels, "int32") + step) % self.num_classes, labels.dtype)
