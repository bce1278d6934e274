from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops import kspace


class RandomGibbs3D(Intensity3D):
    """Cuts off the high frequencies of each volume, which leaves rings beside edges.

    Args:
        alpha: how much is cut off, from 0 (nothing) to 1 (all but the mean): frequencies beyond the part 1 - alpha of
            the highest one, in all directions. A pair (low, high) draws it for each volume.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an alpha outside [0, 1].

    Example:

    >>> RandomGibbs3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Morelli et al.: An image-based approach to understanding the physics of MR artifacts. RadioGraphics 2011; as in
        MONAI's RandGibbsNoise.
    """

    def __init__(self, alpha: float | tuple[float, float] = (0.5, 0.8), **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = check_range(self, alpha, "alpha", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        return {"alpha": rng.uniform(*self.alpha)}

    def apply(self, x, params) -> Tensor:
        size, square = ops.shape(x)[1:4], 0.0
        for axis, (wave, length) in enumerate(zip(kspace.frequencies(size), size, strict=True)):
            part = 2.0 * ops.cast(wave, "float32") / ops.cast(length, "float32")
            square = square + ops.reshape(part**2, [-1 if a == axis else 1 for a in range(3)])
        kept = 1.0 - params["alpha"][:, None, None, None, None]
        inside = square <= 3.0 * kept**2 + 1e-6
        return kspace.filtered(x, lambda spectrum: kspace.scaled(spectrum, inside))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"alpha": (0.3 * strength, 0.9 * strength)}
