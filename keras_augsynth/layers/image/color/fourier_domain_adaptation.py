from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.reference import ReferenceAugmentation, example_references
from keras_augsynth.ops import color, spectral


class FourierDomainAdaptation(ReferenceAugmentation):
    """Gives each image the light and coarse texture of a random reference image, and keeps what it shows.

    The amplitudes of the lowest frequencies become the reference's; the phases stay.

    Args:
        references: images `(references, height, width, channels)` (whatever `data_format` is), or a list of
            images of any sizes; they are kept in the layer's configuration, so give a few. None:
            `adapt(images)` learns them.
        beta: the highest frequency that is changed, in waves per side, as a fraction of the shorter side in
            pixels, from 0 (only the mean color is changed) to 0.4; a pair draws one for each image. At most 32
            waves are changed, and none that a reference is too small to have.
        value_range: lowest and highest value of a pixel, in the references, too; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, as many channels as the references.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a beta outside [0, 0.4], references outside the value range, or a call without references.

    Example:

    >>> layer = FourierDomainAdaptation(beta=(0.0, 0.05), seed=1)
    >>> layer.adapt(np.random.default_rng(0).integers(0, 99, (5, 64, 48, 3)))
    >>> layer(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Yang, Soatto: FDA: Fourier domain adaptation for semantic segmentation. CVPR 2020.
    """

    def __init__(
        self,
        references: Any = None,
        beta: float | tuple[float, float] = (0.0, 0.1),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(references, value_range=value_range, **kwargs)
        self.beta = check_range(self, beta, "beta", high=0.4)

    def summarize(self, image):
        return spectral.amplitudes(image - self.value_range[0])

    def draw(self, rng, view) -> Params:
        shorter = ops.cast(ops.minimum(view.size[-2], view.size[-1]), "float32")
        return {"choice": self.entry_index(rng), "highest": ops.cast(rng.uniform(*self.beta) * shorter, "int32")}

    def apply(self, x, params) -> Tensor:
        low = self.value_range[0]
        bank = self.reference(params["choice"], x, self._bank.shape[-1])
        # What is not finite would be everywhere after the transform.
        known = ops.where(ops.isfinite(x), x, color.channel_mean(x)[:, None, None, :])
        # From 0 on, or black would depend on where the range begins. A thousandth of a gray level has no phase.
        least = self.span * 4e-6
        return low + spectral.swap_amplitudes(known - low, bank, params["highest"], least)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"references": example_references(), "beta": (0.0, 0.1 * strength), "p": min(1.0, 2.0 * strength)}
