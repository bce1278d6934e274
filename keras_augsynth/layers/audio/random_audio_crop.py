from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.ops.waves import taken


class RandomAudioCrop(Sound):
    """Cuts a piece of one length out of each recording; behind shorter ones there is silence.

    In inference the piece comes from the middle.

    Args:
        length: of the result in samples, from 1 to 2**30.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        `(length,)`, `(batch, length)` or `(batch, length, channels)`. "lengths" become those of the pieces.

    Raises:
        ValueError: for a length out of its range.

    Example:

    >>> RandomAudioCrop(8000, seed=1)(np.zeros((4, 16000), "float32")).shape
    TensorShape([4, 8000])
    """

    keeps_time = False

    def __init__(self, length: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.length = check_integer(self, length, "length", 1, 2**30)

    def draw(self, rng, view) -> Params:
        return {"place": rng.uniform()}

    def inference_params(self, view) -> Params:
        return {"place": ops.full((view.shape[0],), 0.5)}

    def output_size(self, size) -> tuple[int]:
        return (self.length,)

    def apply(self, x, params) -> Tensor:
        steps = self.steps_of(x)
        rest = ops.cast(ops.maximum(steps - self.length, 0), "float64")
        start = ops.minimum(ops.floor(ops.cast(params["place"], "float64") * (rest + 1.0)), rest)
        source = ops.cast(start, "int32")[:, None] + ops.arange(self.length, dtype="int32")
        # One zero behind the end, from which the padding is taken, also of clips without a sample.
        source = ops.where(source < steps[:, None], source, ops.shape(x)[2])
        return taken(ops.pad(x, [[0, 0], [0, 0], [0, 1]]), source)

    def apply_lengths(self, lengths, params) -> Tensor:
        longest = ops.cast(ops.minimum(current_view().size[0], self.length), lengths.dtype)
        return ops.clip(lengths, ops.cast(0, lengths.dtype), longest)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"length": 40}
