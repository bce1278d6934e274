"""From the outcome of trials to a decision: which classes get how large a share of generated rows."""

import math
from dataclasses import dataclass, field

import numpy as np

CERTAIN = 2.0
"""Standard errors by which a share must lower the balanced validation loss to be kept."""
LIKELY = 1.0
"""Standard errors by which it must, beside that, lower a class's own loss for that class to get it."""
FEWEST = 5
"""Validation rows that a class needs to be judged."""
_LEAST = 1e-3  # probabilities are not taken for smaller: one row does not outweigh all others


@dataclass(frozen=True)
class Arm:
    """A candidate: generated rows of one synthesizer at one share."""

    synthesizer: str
    share: float


@dataclass
class Outcome:
    """What an arm's trials have shown, against trials on real rows from the same state on the same batches.

    Args:
        arm: the candidate.
        changes: the log loss with it less that without it; one `(rows,)` for each trial.
        recalls: (without, with) of each trial, `(classes,)` both.
    """

    arm: Arm
    changes: list[np.ndarray] = field(default_factory=list)
    recalls: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def by_class(self, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean change of each class's loss and its standard error, `(classes,)`; NaN where there are no rows."""
        change, rounds = np.mean(self.changes, axis=0), np.array(self.changes)
        mean, error = np.full(classes, np.nan), np.full(classes, np.nan)
        for label, variance in _of_rows(change, labels).items():
            mine = labels == label
            mean[label] = change[mine].mean()
            error[label] = math.sqrt(variance + _of_rounds(rounds[:, mine].mean(1)))
        return mean, error

    def balanced(self, labels: np.ndarray) -> tuple[float, float]:
        """Mean over the classes of the change, and its standard error: of the rows, and from trial to trial."""
        variances = _of_rows(np.mean(self.changes, axis=0), labels)
        trials = np.array([np.mean([one[labels == label].mean() for label in variances]) for one in self.changes])
        error = sum(variances.values()) / len(variances) ** 2 + _of_rounds(trials)
        return float(trials.mean()), math.sqrt(error)


def _of_rows(change: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """Variance of the mean of each class that has rows."""
    spread, variances = _within(change, labels), {}
    for label in np.unique(labels):
        mine = change[labels == label]
        own = mine.var(ddof=1) if len(mine) > 1 else spread
        # Few rows that happen to agree prove nothing: their spread is drawn towards that of all.
        variances[int(label)] = (len(mine) * own + 2.0 * spread) / (len(mine) + 2.0) / len(mine)
    return variances


def _within(change: np.ndarray, labels: np.ndarray) -> float:
    """Variance inside the classes; infinite if no class has two rows, which cannot tell it."""
    classes = np.unique(labels)
    if len(labels) == len(classes):
        return math.inf
    squares = sum(np.sum((change[labels == label] - change[labels == label].mean()) ** 2) for label in classes)
    return float(squares) / (len(labels) - len(classes))


def _of_rounds(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(rows,)`; a model that has run over to NaN is as wrong as can be."""
    return -np.log(np.minimum(np.fmax(probabilities[np.arange(len(labels)), labels], _LEAST), 1.0))


def recalls(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(classes,)`; NaN where there are no rows."""
    right = (probabilities.argmax(1) == labels) & ~np.isnan(probabilities).any(1)
    hit = np.bincount(labels[right], minlength=probabilities.shape[1])
    with np.errstate(invalid="ignore"):
        return hit / np.bincount(labels, minlength=probabilities.shape[1])


def shares_of(outcome: Outcome, labels: np.ndarray, gated: np.ndarray) -> tuple[np.ndarray, str]:
    """The decision: (share by class `(classes,)`, why).

    A share must earn its place: the classes' mean validation loss must be lower with it by two standard errors, or no
    class gets any. Then it goes to those classes whose own loss it lowers by one.

    Args:
        outcome: of the arm that has done best.
        labels: of the validation rows.
        gated: booleans `(classes,)`, which classes may get a share.
    """
    classes = len(gated)
    change, error = outcome.balanced(labels)
    verb = "raised" if change > 0 else "lowered"
    reason = f"they {verb} the balanced validation loss by {abs(change):.4f} ± {error:.4f}"
    if not change < -CERTAIN * error:
        return np.zeros(classes), reason if change > 0 else f"{reason}, which is not {CERTAIN:g} standard errors"
    mean, own = outcome.by_class(labels, classes)
    with np.errstate(invalid="ignore"):
        kept = gated & (mean < -LIKELY * own)
    return np.where(kept, outcome.arm.share, 0.0), reason
