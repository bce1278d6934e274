"""What kinds of data there are: their dictionary key and the axes of one sample."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Modality:
    """One kind of data.

    Attributes:
        name: what the registry and the tuner call it.
        key: the primary key of a dictionary input.
        axes: the axes of one sample; a batch has one more in front.
        optional_axes: axes that a *batch* may have behind those.
        spatial: how many of the axes are positions in space.
    """

    name: str
    key: str
    axes: tuple[str, ...]
    optional_axes: tuple[str, ...] = ()
    spatial: int = 0

    def describe(self) -> str:
        """The shapes that are understood, in words."""
        one = ", ".join((*self.axes, ""))
        batch = ", ".join(("batch", *self.axes, ""))
        more = f" or ({', '.join(('batch', *self.axes, *self.optional_axes))})" if self.optional_axes else ""
        return f"({one.strip(', ')}) or ({batch.strip(', ')}){more}"


IMAGE = Modality("image", "images", ("height", "width", "channels"), spatial=2)
VOLUME = Modality("volume", "volumes", ("depth", "height", "width", "channels"), spatial=3)
AUDIO = Modality("audio", "audio", ("time",), ("channels",))
TEXT = Modality("text", "texts", (), ("1",))
TABULAR = Modality("tabular", "features", ("features",))

MODALITIES = (IMAGE, VOLUME, AUDIO, TEXT, TABULAR)
