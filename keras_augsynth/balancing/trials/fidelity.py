"""How well generated rows fit their classes, as a classifier in training sees them beside held-out real rows."""

from dataclasses import dataclass

import numpy as np

_APART = 0.15  # what rows of a class must be given more than others, on the mean, for the class to tell anything
_LEAST = 1e-4  # probabilities are not taken for smaller: one row does not outweigh all others
_OTHERS = 5.0  # held-out rows of a class that count as much as what is known of all classes
_ALIKE = 10.0  # held-out rows that count as much as what is expected of any source: rows that differ


@dataclass(frozen=True)
class Fidelity:
    """What one look, or several, have shown of a source.

    A row that belongs to its class is given about the probability that held-out real rows of the class are given; one
    that does not, about that of rows of other classes. So the mean probability tells the part of the generated rows
    that do not belong to their class. A source of few different rows is told by how much the predictions of its rows
    differ from each other.

    Args:
        real: mean probability of the own class of held-out rows, `(classes,)`; NaN where there are none.
        generated: of generated rows; NaN for classes that get none.
        other: mean probability of the class of held-out rows of all other classes, `(classes,)`.
        rows: held-out rows, `(classes,)`.
        error: standard error of the mean of `real` over the classes.
        diversity: variance of the predictions within classes, of generated rows as a part of that of held-out ones.

    Reference:
        Shmelkov, Schmid, Alahari: How good is my GAN? ECCV 2018 (the GAN-test).
    """

    real: np.ndarray
    generated: np.ndarray
    other: np.ndarray
    rows: np.ndarray
    error: float
    diversity: float

    @property
    def tells(self) -> np.ndarray:
        """Which classes with generated rows can be judged, booleans: the classifier knows their held-out rows."""
        with np.errstate(invalid="ignore"):
            return ~np.isnan(self.generated) & (self.real - self.other >= _APART)

    @property
    def misfits(self) -> tuple[float, float]:
        """The part of all generated rows that do not belong to their class, and its standard error.

        Only for sources of which some class `tells`.
        """
        tells = self.tells
        apart = (self.real - self.other)[tells].mean()
        lost = (self.real - self.generated)[tells].mean()
        return float(np.clip(lost / apart, 0.0, 1.0)), self.error / apart

    @property
    def misfits_of_classes(self) -> np.ndarray:
        """The same by class, `(classes,)`; NaN for classes that get no rows.

        Where a class has few held-out rows, what is known of all classes counts for more. No class has fewer than all
        together: a classifier may take any noise for one of the classes.
        """
        overall, _ = self.misfits
        own = np.full(self.real.shape, overall)
        np.divide(self.real - self.generated, self.real - self.other, out=own, where=self.tells)
        weight = self.rows / (self.rows + _OTHERS)
        drawn = np.clip(weight * np.clip(own, -1.0, 1.0) + (1.0 - weight) * overall, overall, 1.0)
        return np.where(np.isnan(self.generated), np.nan, drawn)


def fidelity(real: np.ndarray, labels: np.ndarray, generated: np.ndarray, asked: np.ndarray) -> Fidelity:
    """Of one look.

    Args:
        real: predicted probabilities of held-out rows, `(N, classes)`.
        labels: theirs, `(N,)`.
        generated: predicted probabilities of generated rows, `(M, classes)`.
        asked: the classes that they were generated for, `(M,)`.
    """
    classes = real.shape[1]
    real, generated = (np.nan_to_num(part) for part in (real, generated))
    own = real[np.arange(len(labels)), labels]
    rows = np.bincount(labels, minlength=classes)
    mean = _means(own, labels, classes)
    total = real.sum(0) - np.bincount(labels, own, minlength=classes)
    with np.errstate(invalid="ignore"):
        other = total / (len(labels) - rows)
    left = own - mean[labels]
    within = np.sum(left**2) / max(len(labels) - np.count_nonzero(rows), 1)
    there = rows > 0
    error = float(np.sqrt(np.sum(within / rows[there])) / max(np.count_nonzero(there), 1))
    made = _means(generated[np.arange(len(asked)), asked], asked, classes)
    return Fidelity(mean, made, other, rows, error, _diversity(real, labels, generated, asked))


def mean_of(looks: list[Fidelity]) -> Fidelity:
    """What several looks at the same held-out rows have shown."""
    average = lambda name: np.mean([getattr(look, name) for look in looks], axis=0)
    numbers = {name: average(name) for name in ("real", "generated", "other")}
    error, diversity = (float(average(name)) for name in ("error", "diversity"))
    return Fidelity(**numbers, rows=looks[-1].rows, error=error, diversity=diversity)


def _means(values: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean of each class `(classes,)`; NaN where there are no rows."""
    with np.errstate(invalid="ignore"):
        return np.bincount(labels, values, minlength=classes) / np.bincount(labels, minlength=classes)


def _diversity(real: np.ndarray, labels: np.ndarray, generated: np.ndarray, asked: np.ndarray) -> float:
    """Variance within classes of generated rows' predictions, as a part of that of real ones; 1 if little is known."""
    found = wanted = rows = 0.0
    logs = [np.log(np.maximum(part, _LEAST)) for part in (real, generated)]
    for label in np.unique(asked):
        mine, made = logs[0][labels == label], logs[1][asked == label]
        if len(mine) > 1 and len(made) > 1:
            freedom = len(mine) - 1
            rows += freedom
            wanted += freedom * mine.var(0, ddof=1).sum()
            found += freedom * made.var(0, ddof=1).sum()
    ratio = found / wanted if wanted else 1.0
    # A variance of few rows is itself uncertain: one row apart makes all others look alike.
    return (rows * ratio + _ALIKE) / (rows + _ALIKE)
