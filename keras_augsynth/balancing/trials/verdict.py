"""From what looks have shown of a source to a decision: which class gets how large a share of its rows."""

from dataclasses import dataclass

import numpy as np

from keras_augsynth.balancing.trials.fidelity import Fidelity

NONE_BELOW, ALL_ABOVE = 0.4, 1.0
"""Quality of a source's rows up to which none are used, and at which all added rows are theirs."""


@dataclass(frozen=True)
class Verdict:
    """A source, and the part that its rows get of each class's added rows.

    Args:
        source: its name.
        shares: `(classes,)`.
        quality: of its rows, by class; NaN for classes that get none.
        seen: what was seen of it.
    """

    source: str
    shares: np.ndarray
    quality: np.ndarray
    seen: Fidelity

    def reason(self) -> str:
        """What decided, in words."""
        misfits, error = self.seen.misfits
        text = f"by the model's own predictions, {misfits:.0%} ± {error:.0%} of the rows of {self.source}"
        text += " do not belong to their class"
        if self.seen.diversity < 1.0:
            text += f", and they differ from each other {self.seen.diversity:.0%} as much as real ones"
        return text.replace("%", " %")


def quality_of(seen: Fidelity) -> np.ndarray:
    """From 0 to 1 by class: the part of the rows that belong there, less for rows that hardly differ."""
    return (1.0 - seen.misfits_of_classes) * min(seen.diversity, 1.0)


def verdict_on(source: str, seen: Fidelity, most: float) -> Verdict:
    """The shares of one source.

    Good rows add little and bad ones cost much, so a share grows with quality only from some quality on.

    Args:
        source: its name.
        seen: of it.
        most: the largest share.
    """
    quality = quality_of(seen)
    part = np.clip((np.nan_to_num(quality) - NONE_BELOW) / (ALL_ABOVE - NONE_BELOW), 0.0, 1.0)
    return Verdict(source, np.round(most * part, 2), quality, seen)


def best_of(verdicts: list[Verdict]) -> Verdict:
    """That with the best rows on the mean of the classes; of equals, the one whose rows differ most."""
    return max(verdicts, key=lambda one: (round(float(np.nanmean(one.quality)), 3), one.seen.diversity))
