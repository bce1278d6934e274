"""Checks of a sample's shape, and how often it can be halved."""

from collections.abc import Sequence

from keras_augsynth.core.checks import check_integer, wrong

_SMALL, _LARGEST = 8, 16


def check_shape(owner: str, shape: Sequence[int], num_classes: int | None, **sizes: int) -> tuple[int, ...]:
    """The shape as a tuple, after a look at it and at everything else that a network counts in whole numbers."""
    if isinstance(shape, str) or not isinstance(shape, Sequence) or not shape:
        raise wrong(owner, "shape", "be the shape of one sample", shape, TypeError)
    if num_classes is not None:
        check_integer(owner, num_classes, "num_classes", 1)
    for name, size in sizes.items():
        check_integer(owner, size, name, 1)
    return tuple(check_integer(owner, side, "shape", 1) for side in shape)


def check_rank(owner: str, shape: tuple[int, ...], ranks: Sequence[int] = (1, 2, 3)) -> int:
    """How many sides there are beside the channels."""
    rank = len(shape) - 1
    if rank not in ranks:
        allowed = " or ".join(_FORMS[rank] for rank in ranks)
        raise wrong(owner, "shape", f"be {allowed} (for samples of any shape there is the MLP)", shape)
    return rank


def halvings(owner: str, shape: tuple[int, ...]) -> int:
    """How often all sides can be halved until they are 8 or less; what is left of them may be 16 at most."""
    sides, count = list(shape[:-1]), 0
    while max(sides) > _SMALL and all(side % 2 == 0 for side in sides):
        sides, count = [side // 2 for side in sides], count + 1
    if max(sides) > _LARGEST:
        near = _nearest(shape)
        raise wrong(
            owner, "shape", f"have sides that come down to {_LARGEST} or less by halving, such as {near}", shape
        )
    return count


def _nearest(shape: tuple[int, ...]) -> tuple[int, ...]:
    step = 1
    while max(shape[:-1]) > _SMALL * step:
        step *= 2
    return (*(max(round(side / step), 1) * step for side in shape[:-1]), shape[-1])


_FORMS = {1: "(time, channels)", 2: "(height, width, channels)", 3: "(depth, height, width, channels)"}
