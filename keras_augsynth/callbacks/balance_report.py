"""`BalanceReport`: what a `SyntheticBalancer` has done, and why."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_augsynth.core.figures import new_figure

_HEAD = (
    "class",
    "real rows",
    "validation rows",
    "synthesizer",
    "tried",
    "loss",
    "recall without",
    "with",
    "kept",
    "why",
)


@dataclass(frozen=True)
class ClassLine:
    """What was found out about one class.

    Attributes:
        label: its number.
        real: rows in training.
        validation: rows that it was judged by.
        synthesizer: whose rows were tried in the end; "": none.
        tried: share of generated rows in the class's added ones.
        change: of its validation loss with them; NaN without trials.
        error: standard error of `change`.
        without: its validation recall in the trials without generated rows.
        with_them: the same with them.
        kept: share that training went on with.
        why: a class got no share.
    """

    label: int
    real: int
    validation: int = 0
    synthesizer: str = ""
    tried: float = 0.0
    change: float = float("nan")
    error: float = float("nan")
    without: float = float("nan")
    with_them: float = float("nan")
    kept: float = 0.0
    why: str = ""


@dataclass
class BalanceReport:
    """What a `SyntheticBalancer` has decided, the numbers behind it, and what went into training.

    Attributes:
        classes: a line for each class.
        verdict: in words; "" without trials.
        shares: for each epoch, the generated part of all rows of each class, `(epochs, classes)`.
        recalls: for each epoch with a look at validation, (epoch, recall by class).
        rows: rows that were "asked" of the synthesizers, "not finite" and "not accepted" among them.
        cost: of the trials: "steps" on top of those "of" the training, and "seconds".
        notes: whatever else there is to know.

    Example:

    >>> print(BalanceReport([ClassLine(0, 90), ClassLine(1, 10, kept=0.25)], "they helped"))
    class 1: 25 % of its added rows are generated; they helped.
    """

    classes: list[ClassLine]
    verdict: str = ""
    shares: list[np.ndarray] = field(default_factory=list)
    recalls: list[tuple[int, np.ndarray]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """One sentence."""
        parts = []
        kept = [line for line in self.classes if line.kept]
        for share in sorted({line.kept for line in kept}, reverse=True):
            labels = [line.label for line in kept if line.kept == share]
            parts.append(
                f"{_classes(labels)}: {share:.0%} of {_their(labels)} added rows are generated".replace("%", " %")
            )
        if kept and self.verdict:
            parts[-1] += f"; {self.verdict}"
        judged = [line for line in self.classes if not line.kept and line.tried]
        if judged and not kept:
            parts.append(f"{_classes([line.label for line in judged])}: 0 % generated rows; {self.verdict}")
        moved = [line for line in judged if line.with_them < line.without]
        for line in sorted(moved, key=lambda line: line.with_them - line.without)[:2]:
            lowered = f"lowered its validation recall from {_short(line.without)} to {_short(line.with_them)}"
            parts.append(f"class {line.label}: 0 %; generated rows {lowered}")
        parts += self.notes
        return "; ".join(parts) + "." if parts else "nothing was tried."

    def to_markdown(self) -> str:
        """One row for each class."""
        lines = ["| " + " | ".join(_HEAD) + " |", "|" + " --- |" * len(_HEAD)]
        for line in self.classes:
            change = "" if np.isnan(line.change) else f"{line.change:+.4f} ± {line.error:.4f}"
            recall = ["" if np.isnan(value) else _short(value) for value in (line.without, line.with_them)]
            tried = f"{line.tried:.0%}" if line.tried else ""
            cells = [line.label, line.real, line.validation, line.synthesizer, tried, change, *recall]
            lines.append("| " + " | ".join(map(str, [*cells, f"{line.kept:.0%}", line.why])) + " |")
        return "\n".join([*lines, "", f"{self}"])

    def plot(self) -> Any:
        """A matplotlib figure: recall by class without and with generated rows, and their share by epoch.

        Raises:
            ImportError: without matplotlib.
        """
        figure = new_figure(self, figsize=(10, 3.5))
        left, right = figure.subplots(1, 2)
        labels = [line.label for line in self.classes]
        for name, shift, values in (
            ("real rows only", -0.12, [line.without for line in self.classes]),
            ("with generated rows", 0.12, [line.with_them for line in self.classes]),
        ):
            left.plot(np.array(labels) + shift, values, "o", label=name)
        left.set_xticks(labels, [f"{line.label}\n{line.real}" for line in self.classes], fontsize=8)
        left.set_xlabel("class, and its rows in training")
        left.set_ylabel("validation recall in the trials")
        if any(line.tried for line in self.classes):
            left.legend(frameon=False, fontsize=8)
        else:
            left.text(0.5, 0.5, "no trials", ha="center", transform=left.transAxes)
        shares = np.reshape(self.shares, (len(self.shares), len(self.classes)))
        for label, line in enumerate(shares.T):
            if line.any():
                right.plot(np.arange(1, len(line) + 1), 100 * line, marker=".", label=f"class {label}")
        if right.lines:
            right.legend(frameon=False, fontsize=7, ncols=2)
        else:
            right.text(0.5, 0.5, "no generated rows in training", ha="center", transform=right.transAxes)
        right.set_xlabel("epoch")
        right.set_ylabel("generated rows of the class, %")
        for panel in (left, right):
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", alpha=0.3)
        return figure


def _classes(labels: list[int]) -> str:
    return f"class {labels[0]}" if len(labels) == 1 else f"classes {', '.join(map(str, labels))}"


def _their(labels: list[int]) -> str:
    return "its" if len(labels) == 1 else "their"


def _short(recall: float) -> str:
    return f"{recall:.2f}".removeprefix("0") if recall < 1.0 else "1"
