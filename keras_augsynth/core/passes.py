"""What is known of the values between two stages, and what the next stage need therefore not do."""

from dataclasses import dataclass, replace
from typing import Any

from keras_augsynth.ops.casting import FIXED
from keras_augsynth.ops.compiled import uncompiled


@dataclass(frozen=True)
class Notes:
    """An optimizer's notes for one stage.

    Attributes:
        finite: whether the values that enter are known to be finite.
        fixed_point: whether they are uint16 in units of 1/256.
        dtype: of the values that leave; None: as they come.
    """

    finite: bool = False
    fixed_point: bool = False
    dtype: str | None = None


def at_the_start(dtype: str) -> Notes:
    """For values as the caller gave them."""
    return Notes(finite="float" not in dtype)


def for_stage(before: Notes, stage: Any, follower: Any, dtype: str, final_dtype: str | None, active: bool) -> Notes:
    """The notes with which a stage is carried out.

    Args:
        before: what is known of the values that enter.
        stage: the stage.
        follower: the next one, or None.
        dtype: of the values that enter.
        final_dtype: of the whole plan's result.
        active: whether the layers augment.
    """
    if follower is None:
        return replace(before, dtype=final_dtype)
    if active and not uncompiled() and follower.reads_fixed_point and stage.can_write_fixed_point(dtype):
        return replace(before, dtype=FIXED)
    return replace(before, dtype=None)


def behind_stage(notes: Notes, stage: Any) -> Notes:
    """What is known of the values that have left a stage."""
    return Notes(finite=notes.finite and stage.keeps_finite, fixed_point=notes.dtype == FIXED)
