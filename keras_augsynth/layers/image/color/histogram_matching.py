from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.reference import ReferenceAugmentation, example_references
from keras_augsynth.core.modalities import SPATIAL
from keras_augsynth.ops import matching
from keras_augsynth.ops.rows import per_sample


class HistogramMatching(ReferenceAugmentation):
    """Gives each image the colors of a random reference image: the histogram of every channel becomes its.

    Args:
        references: images `(references, height, width, channels)` (whatever `data_format` is), or a list of
            images of any sizes; they are kept in the layer's configuration, so give a few. A volume among them is
            given as the picture of its slices, `volume.reshape(-1, width, channels)`. None: `adapt(images)` learns
            them.
        blend_ratio: how much of the matched image is in the result, from 0 to 1; a pair draws one for each
            image.
        value_range: lowest and highest value of a pixel, in the references, too. It is divided into 256 levels.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, as many channels as the references; of a
        video or a volume one histogram is made.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a ratio outside [0, 1], references outside the value range, or a call without references.

    Example:

    >>> layer = HistogramMatching(seed=1)
    >>> layer.adapt(np.random.default_rng(0).integers(0, 99, (5, 64, 48, 3)))
    >>> layer(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = SPATIAL
    planar = False

    def __init__(
        self,
        references: Any = None,
        blend_ratio: float | tuple[float, float] = (0.5, 1.0),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(references, value_range=value_range, **kwargs)
        self.blend_ratio = check_range(self, blend_ratio, "blend_ratio", high=1.0)

    def summarize(self, image):
        return matching.reference(image, self.value_range)

    def draw(self, rng, view) -> Params:
        return {"choice": self.entry_index(rng), "blend_ratio": rng.uniform(*self.blend_ratio)}

    def apply(self, x, params) -> Tensor:
        bank = self.reference(params["choice"], x, self._bank.shape[2])
        tables = matching.table(matching.shares(x, self.value_range), bank)
        matched = matching.matched(tables, x, self.value_range)
        ratio = per_sample(params["blend_ratio"], x)
        return x + ratio * (matched - x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"references": example_references(), "blend_ratio": (0.5 * strength, strength)}
