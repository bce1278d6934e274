"""What kinds of data there are: their dictionary key and the axes of one sample."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Modality:
    """One kind of data.

    Attributes:
        name: what the registry, the tuner and the argument `modality` call it.
        key: the primary key of a dictionary input.
        axes: the axes of one sample; a batch has one more in front.
        optional_axes: axes that a *batch* may have behind those.
        moves: how many axes can be moved or cut: the last ones before the channels.
        has_frames: whether the first axis of a sample repeats what the others hold, as a video's time does.
        has_channels: whether the last axis of a sample is its channels.
        dtype: "number", "integer" or "string".
        is_pcm: whether whole numbers stand for fractions of the range of their dtype.
    """

    name: str
    key: str
    axes: tuple[str, ...]
    optional_axes: tuple[str, ...] = ()
    moves: int = 0
    has_frames: bool = False
    has_channels: bool = False
    dtype: str = "number"
    is_pcm: bool = False

    @property
    def rank(self) -> int:
        """Of one sample."""
        return len(self.axes)

    @property
    def is_spatial(self) -> bool:
        """Whether masks, boxes and points can belong to a sample."""
        return self.moves >= 2 and self.has_channels

    @property
    def is_planar(self) -> bool:
        """Whether a sample is an image, or several of one size."""
        return self.is_spatial and self.moves == 2

    def fits(self, rank: int) -> bool:
        """Whether a tensor of this rank can be a sample or a batch."""
        return self.rank <= rank <= self.rank + 1 + len(self.optional_axes)

    def describe(self) -> str:
        """The shapes that are understood, in words."""
        one = ", ".join((*self.axes, "")).strip(", ")
        batch = ", ".join(("batch", *self.axes, "")).strip(", ")
        more = f" or ({', '.join(('batch', *self.axes, *self.optional_axes))})" if self.optional_axes else ""
        return f"({one}) or ({batch}){more}"


IMAGE = Modality("image", "images", ("height", "width", "channels"), moves=2, has_channels=True)
VIDEO = Modality(
    "video", "videos", ("time", "height", "width", "channels"), moves=2, has_frames=True, has_channels=True
)
VOLUME = Modality("volume", "volumes", ("depth", "height", "width", "channels"), moves=3, has_channels=True)
AUDIO = Modality("audio", "audio", ("time",), ("channels",), moves=1, is_pcm=True)
SPECTROGRAM = Modality("spectrogram", "spectrograms", ("time", "frequency"), ("channels",), moves=2)
TEXT = Modality("text", "texts", (), ("1",), dtype="string")
TOKENS = Modality("tokens", "tokens", ("steps",), moves=1, dtype="integer")
TABULAR = Modality("tabular", "features", ("features",))
NUMBER = Modality("number", "features", ())
"""A single number, for layers that take everything; no layer is made for it."""

MODALITIES = (IMAGE, VIDEO, VOLUME, AUDIO, SPECTROGRAM, TEXT, TOKENS, TABULAR)
NUMERIC = tuple(modality for modality in MODALITIES if modality.dtype == "number")
"""All that holds numbers with a meaning of their own: what a formula over single values can serve."""
IMAGE_LIKE = (IMAGE, VIDEO)
SPATIAL = (IMAGE, VIDEO, VOLUME)


def by_name(name: str) -> Modality:
    return next(modality for modality in (*MODALITIES, NUMBER) if modality.name == name)


def names(modalities: Sequence[Modality]) -> list[str]:
    return [modality.name for modality in modalities]
