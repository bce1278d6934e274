"""When trials take place in a training, how large they are, and what they cost."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keras_augsynth.balancing.trials.verdict import Arm

WINDOW = (0.2, 0.5)
"""The part of the training in which trials take place."""
_ROUNDS = (4, 3, 2)
_FEWEST_CALLS, _USUAL_CALLS = 3, 8
_FORWARD = 0.45  # what a prediction costs of a training step of as many rows
_PREDICT = 1.0  # what a call of `predict` costs beside, in training steps


@dataclass(frozen=True)
class Plan:
    """When trials take place, and how large they are.

    Args:
        starts: number of the call of the training function with which each round begins.
        calls: that each branch is long.
        rows: of validation that are looked at.
    """

    starts: tuple[int, ...]
    calls: int
    rows: int

    def cost(self, arms: int, rows: float) -> float:
        """Training steps that all rounds take beside those of the training, of `rows` each."""
        branches = branches_of(arms, len(self.starts))
        return branches * self.calls + (branches + len(self.starts)) * _evaluation(self.rows, rows)


def branches_of(arms: int, rounds: int) -> int:
    """Branches beside the main one in all rounds, if after each the worse half of the arms is dropped."""
    return sum(max(arms >> number, 1) for number in range(rounds))


def _evaluation(validation: float, rows: float) -> float:
    return _PREDICT + _FORWARD * validation / rows


def plan(calls: int, share: float, arms: int, rows: float, validation: int, least: int = 1) -> Plan | None:
    """Trials that cost at most `share` of a training; None if that is too little for any.

    Args:
        calls: of the training function in the whole training.
        share: of them that trials may take on top.
        arms: candidates.
        rows: in a step, the added ones with them.
        validation: validation rows that there are.
        least: of them that must be looked at.
    """
    budget = share * calls
    for usual, rounds in itertools.product((_USUAL_CALLS, _FEWEST_CALLS), _ROUNDS):
        branches = branches_of(arms, rounds)
        looks = branches + rounds
        # Two fifths of the budget, at most, go into looking.
        most = int((0.4 * budget / looks - _PREDICT) * rows / _FORWARD)
        if most < min(least, validation):
            continue
        seen = min(validation, most)
        each = int((budget - looks * _evaluation(seen, rows)) / branches)
        window = int((WINDOW[1] - WINDOW[0]) * calls)
        each = min(each, window // rounds)
        if each >= usual:
            starts = tuple(int(WINDOW[0] * calls) + window * number // rounds for number in range(rounds))
            return Plan(starts, each, seen)
    return None


def affordable(
    names: Sequence[str], shares: Sequence[float], planned: Callable[[int], Plan | None]
) -> tuple[list[Arm], Plan] | None:
    """The arms that a training is long enough for, and their plan; None if it is too short for any.

    These are all, or else each synthesizer at the smallest share, or else the first one alone.

    Args:
        names: of the synthesizers.
        shares: that are tried, from the smallest.
        planned: the plan for a number of arms, or None.
    """
    arms = [Arm(name, share) for share in shares for name in names]
    for some in (arms, arms[: len(names)], arms[:1]):
        found = planned(len(some))
        if found is not None:
            return some, found
    return None
