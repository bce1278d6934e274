from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_magnitude, wrong
from keras_augsynth.layers.volume.random_crop_3d import RandomCrop3D


class RandomCropByLabel3D(RandomCrop3D, listed=False):
    """Cuts a window of a fixed size out of each volume; some windows have a labelled voxel in their middle.

    Where there are few such voxels, most random windows would show none. Needs a dictionary with "segmentation_masks".
    An inactive layer, which may have no masks, gives the central window.

    Args:
        depth: of the output, in voxels.
        height: of the output, in voxels.
        width: of the output, in voxels.
        positive: chance that a window is laid around a labelled voxel, from 0 to 1; the others lie anywhere. A ratio
            of a positive ones to b others is a / (a + b). Near a border the voxel is not in the middle.
        labels: numbers in the mask that count; one of those that are there is drawn first, then one of its voxels.
            None: all but 0, as one.
        **kwargs: as in `RandomCrop3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        `(..., target depth, target height, target width, channels)`.

    Raises:
        ValueError: for a chance outside [0, 1], no labels, or volumes without masks.

    Example:

    >>> volumes, masks = np.zeros((2, 8, 16, 16, 1)), np.zeros((2, 8, 16, 16), int)
    >>> masks[:, 6, 3, 12] = 1
    >>> layer = RandomCropByLabel3D(3, 5, 5, positive=1.0, seed=1)
    >>> result = layer({"volumes": volumes, "segmentation_masks": masks}, training=True)
    >>> result["segmentation_masks"].numpy().sum().item()
    2
    """

    reads_masks = True

    def __init__(
        self,
        depth: int,
        height: int,
        width: int,
        positive: float = 0.5,
        labels: int | Sequence[int] | None = None,
        **kwargs: Any,
    ):
        super().__init__(depth, height, width, **kwargs)
        self.positive = check_magnitude(self, positive, "positive", 0.0, 1.0)
        listed = labels if labels is None or isinstance(labels, Sequence) else (labels,)
        self.labels = None if listed is None else tuple(check_integer(self, label, "labels") for label in listed)
        if self.labels == ():
            raise wrong(self, "labels", "name at least one number", labels)

    def draw(self, rng, view) -> Params:
        return {
            **super().draw(rng, view),
            "positive": rng.bernoulli(self.positive),
            "which": rng.uniform(),
            "voxel": rng.uniform(),
        }

    def located(self, params, masks) -> Params:
        if masks is None:
            raise wrong(self, "segmentation_masks", "be given: windows are laid around their labels", None)
        counted = ops.any(self._drawn_label(masks, params["which"]), axis=-1)
        voxel, there = _pick(counted, params["voxel"])
        size = ops.shape(masks)[1:-1]
        starts = []
        for axis, (last, out) in enumerate(zip(self._last(size), self.output_size(size), strict=True)):
            around = ops.clip(voxel[axis] - out // 2, 0, ops.maximum(last, 0))
            chosen = ops.logical_and(ops.logical_and(params["positive"], there), last >= 0)
            starts.append(ops.where(chosen, around, params["start"][:, axis]))
        return {**params, "start": ops.stack(starts, axis=1)}

    def _drawn_label(self, masks: Tensor, luck: Tensor) -> Tensor:
        """bool, as `masks`: where the label is that was drawn for its volume."""
        if self.labels is None:
            return ops.not_equal(masks, 0)
        found = [ops.equal(masks, ops.cast(label, masks.dtype)) for label in self.labels]
        present = ops.stack([ops.cast(ops.any(each, axis=(1, 2, 3, 4)), "float32") for each in found], axis=1)
        ends = ops.cumsum(present, axis=1)
        chosen = ops.sum(ops.cast(ends <= luck[:, None] * ends[:, -1:], "int32"), axis=1)
        chosen = chosen[:, None, None, None, None]
        return sum(ops.cast(ops.logical_and(each, ops.equal(chosen, k)), "int32") for k, each in enumerate(found)) > 0


def _pick(chosen: Tensor, luck: Tensor) -> tuple[list[Tensor], Tensor]:
    """(the place of a random one of the chosen voxels of each volume, whether there is one).

    Args:
        chosen: bool `(N, D, H, W)`.
        luck: `(N,)`, uniform in [0, 1).
    """
    counts = ops.cast(chosen, "int32")
    total = ops.sum(counts, axis=(1, 2, 3))
    rest = ops.cast(ops.floor(ops.cast(luck, "float64") * ops.cast(total, "float64")), "int32")
    place = []
    while len(counts.shape) > 1:  # slice, row, column: how many are in each, and in which is the one
        along = ops.sum(counts, axis=tuple(range(2, len(counts.shape)))) if len(counts.shape) > 2 else counts
        ends = ops.cumsum(along, axis=1)
        found = ops.minimum(ops.sum(ops.cast(ends <= rest[:, None], "int32"), axis=1), ops.shape(along)[1] - 1)
        here = ops.equal(ops.arange(ops.shape(along)[1], dtype="int32"), found[:, None])
        rest = rest - ops.sum(ops.where(here, ends - along, 0), axis=1)
        place.append(found)
        here = ops.reshape(here, (*ops.shape(here), *(1,) * (len(counts.shape) - 2)))
        counts = ops.sum(ops.where(here, counts, 0), axis=1)
    return place, total > 0
