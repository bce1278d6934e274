from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_number, check_range, wrong
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices

# Of the colors of ImageNet's pixels, in RGB from 0 to 1, as published with fb.resnet.torch.
_EIGENVALUES = (0.2175, 0.0188, 0.0045)
_EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


class RandomPCALighting(Color):
    """Shifts the color of each image along the directions in which the colors of natural images vary.

    Args:
        stddev: standard deviation of the multiple of each eigenvalue that is added, 0 or more; a pair
            (low, high) draws one for each image. AlexNet's is 0.1.
        eigenvalues: three numbers, 0 or more, for colors whose range has length 1; ImageNet's by default.
        eigenvectors: three rows (red, green, blue) of three numbers: column k belongs to eigenvalue k.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        stay as they are.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative standard deviation or eigenvalue, a wrong shape, or images with neither 1
            nor 3 channels.

    Example:

    >>> RandomPCALighting(0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks.
        NIPS 2012.
    """

    needs_range = True

    def __init__(
        self,
        stddev: float | tuple[float, float] = 0.1,
        eigenvalues: Sequence[float] = _EIGENVALUES,
        eigenvectors: Sequence[Sequence[float]] = _EIGENVECTORS,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.stddev = check_range(self, stddev, "stddev")
        for name, value, shape in (("eigenvalues", eigenvalues, (3,)), ("eigenvectors", eigenvectors, (3, 3))):
            if np.shape(value) != shape:
                raise wrong(self, name, f"have the shape {shape}", value)
        self.eigenvalues = tuple(check_number(self, number, "eigenvalues", low=0.0) for number in eigenvalues)
        self.eigenvectors = tuple(tuple(check_number(self, n, "eigenvectors") for n in row) for row in eigenvectors)

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"multiples": rng.normal(0.0, rng.uniform(*self.stddev), (3,))}

    def matrix(self, params, mean) -> Tensor:
        directions = np.array(self.eigenvectors) * np.array(self.eigenvalues) * self.span
        multiples = ops.cast(params["multiples"], "float64")
        shifts = [sum(multiples[:, k] * row[k] for k in range(3)) for row in directions]
        return self.rgb(matrices.affine_color(1.0, matrices.per_channel(*shifts), 3), mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": strength}
