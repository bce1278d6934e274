"""`Erasing`: layers that fill holes."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.core.companions import check_mask_fill
from keras_augsynth.core.draws import Params, View, current_key
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.ops.casting import holds
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.rows import expand

Tensor = Any


class Erasing(Intensity, listed=False):
    """An augmentation that fills holes in each sample; a subclass draws them and says in `holes` where they are.

    In a video the holes stay where they are, and noise in them differs from frame to frame.

    Args:
        fill_value: a number, a list with one for each channel, or None for normal noise around the middle of the
            value range.
        mask_fill_value: number that masks get in the holes; None leaves them as they are.
        value_range: lowest and highest value of the data.
        **kwargs: as in `Augmentation`.
    """

    modality_matters = True
    clips = False  # what a hole is filled with is the user's wish
    apply_dtype = None

    def __init__(
        self,
        *,
        fill_value: float | Sequence[float] | None = 0.0,
        mask_fill_value: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fill_value = check_fill(self, fill_value, self.value_range)
        self.mask_fill_value = mask_fill_value
        if mask_fill_value is not None:
            check_number(self, mask_fill_value, "mask_fill_value")

    @property
    def changes_masks(self) -> bool:
        return self.mask_fill_value is not None

    def check_masks(self, dtype: str) -> None:
        check_mask_fill(self, dtype)

    @property
    def uses_range(self) -> bool:  # type: ignore[override]
        return self.fill_value is None

    @property
    def draws_pixels(self) -> bool:
        return self.fill_value is None

    def holes(self, params: Params, size: Sequence[Any]) -> Tensor:
        """bool `(N, *size)`: True in a hole. `(N, height, width)` in a volume are holes through all slices."""
        raise NotImplementedError(f"{type(self).__name__} must define `holes`.")

    def noise(self, rng: Random, view: View) -> Params:
        """What `draw` needs for the fill."""
        if self.fill_value is not None:
            return {}
        low, high = self.value_range
        noise = rng.normal((low + high) / 2.0, (high - low) / 4.0, view.shape[1:])
        return {"noise": ops.clip(noise, low, high)}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        fill = params["noise"] if self.fill_value is None else self.fill_value
        if isinstance(fill, tuple) and len(fill) != x.shape[-1]:
            needed = f"have one number for each of the {x.shape[-1]} channels of the {current_key()}"
            raise wrong(self, "fill_value", needed, fill)
        numbers = fill if isinstance(fill, tuple) else (fill,)
        exact = self.fill_value is not None and all(holds(ops.dtype(x), number) for number in numbers)
        fill = ops.cast(fill, x.dtype if exact else "float32")
        return ops.where(self._holes_in(x, params), fill, ops.cast(x, fill.dtype))

    def apply_masks(self, masks: Tensor, params: Params) -> Tensor:
        if self.mask_fill_value is None:
            return masks
        return ops.where(self._holes_in(masks, params), ops.cast(self.mask_fill_value, masks.dtype), masks)

    def _holes_in(self, x: Tensor, params: Params) -> Tensor:
        """The holes, ready to meet the values of `x` `(N, *size, C)`, or of each frame `(N, T, *size, C)`."""
        holes = self.holes(params, current_view().size)
        return ops.expand_dims(expand(holes, len(x.shape) - 1 - len(holes.shape)), -1)


# What the length of a hole is called along each axis, and its start.
_AXES = (("depth", "front"), ("height", "top"), ("width", "left"))


def sides(size: Sequence[Any]) -> list[tuple[str, str, Any]]:
    """(name of a hole's length, of its start, length of the axis), in the order in which holes are drawn.

    That is height, width, and the depth of volumes.
    """
    named = [(*names, length) for names, length in zip(_AXES[-len(size) :], size, strict=True)]
    return [*named[-2:], *named[:-2]]


def starts_and_lengths(params: Params, size: Sequence[Any]) -> tuple[list[Tensor], list[Tensor]]:
    """For each axis of `size`, where holes begin and how long they are, `(N, holes)` each."""
    names = _AXES[-len(size) :]
    starts = [_holes_in_a_row(params[start]) for _, start in names]
    return starts, [_holes_in_a_row(params[length]) for length, _ in names]


def _holes_in_a_row(t: Tensor) -> Tensor:
    return ops.expand_dims(t, 1) if len(t.shape) == 1 else t


def check_fill(owner: Any, value: Any, value_range: tuple[float, float]) -> float | tuple[float, ...] | None:
    """A number in the value range, a tuple of them, or None."""
    if value is None:
        return None
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value):
        return tuple(check_number(owner, number, "fill_value", *value_range) for number in value)
    return check_number(owner, value, "fill_value", *value_range)
