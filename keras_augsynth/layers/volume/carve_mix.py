from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.families.mixing import Mixing, take_source
from keras_augsynth.core.modalities import VOLUME
from keras_augsynth.ops.rows import expand


class CarveMix(Mixing, listed=False):
    """Carves the lesions out of another volume of the batch and puts them into each volume, at the same place.

    Lesions are cut along their own shape, sometimes a little inside of their border, sometimes with some of their
    surroundings, and masks with them. Needs a dictionary with "segmentation_masks", one channel of integers.

    Args:
        lesions: numbers in the mask that are lesions; None: all but 0.
        reach: voxels by which the cut can lie inside or outside of the border, 1 or more; at most as many as the
            largest lesion of the volume is deep.
        num_classes: for integer labels, which come back one-hot; see `Mixing`. They stay those of the volume.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, depth, height, width, channels)`; a single volume stays as it is.

    Output shape:
        As the input's.

    Raises:
        ValueError: for volumes without masks, no lesions, or a reach below 1.

    Example:

    >>> data = {"volumes": np.zeros((4, 6, 8, 8, 1)), "segmentation_masks": np.ones((4, 6, 8, 8, 1), int)}
    >>> CarveMix(seed=1)(data, training=True)["volumes"].shape
    TensorShape([4, 6, 8, 8, 1])

    Reference:
        Zhang et al.: CarveMix: a simple data augmentation method for brain lesion segmentation. MICCAI 2021; distances
        are counted in voxels, diagonal steps as one.
    """

    modalities = (VOLUME,)

    def __init__(
        self,
        lesions: int | Sequence[int] | None = None,
        reach: int = 8,
        *,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(num_classes=num_classes, **kwargs)
        listed = lesions if lesions is None or isinstance(lesions, Sequence) else (lesions,)
        self.lesions = None if listed is None else tuple(check_integer(self, number, "lesions") for number in listed)
        if self.lesions == ():
            raise wrong(self, "lesions", "name at least one number", lesions)
        self.reach = check_integer(self, reach, "reach", 1, 64)

    def draw(self, rng, view) -> Params:
        return {
            **self.identity_sources(view, 1),
            "sources": self.partners(rng, view, 1),
            "outward": rng.bernoulli(0.5),
            "part": rng.uniform(),
        }

    def identity_params(self, view) -> Params:
        nothing = ops.zeros(view.shape[:1])
        return {**self.identity_sources(view, 1), "outward": nothing > 0.0, "part": nothing}

    def mix(self, x, params, masks) -> Tensor:
        return ops.where(self._carved(masks, params), take_source(x, params, 1), x)

    def apply_masks(self, masks, params) -> Tensor:
        return ops.where(self._carved(masks, params), take_source(masks, params, 1), masks)

    def _carved(self, masks: Tensor | None, params: Params) -> Tensor:
        """bool `(N, D, H, W, 1)`: what is taken from the other volume."""
        if masks is None or masks.shape[-1] != 1:
            received = None if masks is None else tuple(masks.shape)
            raise wrong(self, "segmentation_masks", "be given, with one channel of integers", received)
        lesion = self._lesions(take_source(masks, params, 1))
        depth, height = _depths(lesion, self.reach), _depths(ops.logical_not(lesion), self.reach)
        deepest = expand(ops.max(depth, axis=(1, 2, 3, 4)), 4)
        # CarveMix's mixture: half of the cuts lie up to half of the depth inside, half of them up to the depth outside.
        part, outward = expand(params["part"], 4), expand(params["outward"], 4)
        taken = ops.where(outward, height <= part * deepest, depth > 0.5 * part * deepest)
        own = expand(ops.equal(params["sources"][:, 0], params["sources"][:, 1]), 4)
        return ops.logical_and(taken, ops.logical_and(deepest > 0.0, ops.logical_not(own)))

    def _lesions(self, masks: Tensor) -> Tensor:
        if self.lesions is None:
            return ops.not_equal(masks, 0)
        found = [ops.equal(ops.cast(masks, "int32"), number) for number in self.lesions]
        return ops.any(ops.stack(found), axis=0)


def _depths(inside: Tensor, most: int) -> Tensor:
    """How many voxels each voxel inside lies from what is outside, up to `most`; 0 outside. float32."""
    rest = ops.cast(inside, "float32")
    total = rest
    for _ in range(most - 1):
        rest = -ops.max_pool(-rest, 3, 1, padding="same")
        total = total + rest
    return total
