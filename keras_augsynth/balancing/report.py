"""`BalanceReport`: what a `SyntheticBalancer` has done, and why."""

import textwrap
from collections.abc import Callable
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
        with_them: its validation recall in the trials with generated rows.
        kept: share that training went on with.
        why: the reason why a class gets no generated rows; "" if it gets some.
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


def class_lines(
    counts: np.ndarray, least: int, found: dict[int, dict[str, Any]], why_not: Callable[[int], str] | None
) -> list[ClassLine]:
    """A line for each class.

    Args:
        counts: real rows of each.
        least: real rows that a class needs to get generated ones.
        found: by trials, of the classes that were tried.
        why_not: from a class to why it gets no generated rows; None: no trials were to decide it.
    """
    lines = []
    for label, count in enumerate(counts.tolist()):
        line = found.get(label, {})
        why = "" if why_not is None or line.get("kept") else why_not(label)
        lines.append(ClassLine(label, count, why=f"fewer than {least} real rows" if count < least else why, **line))
    return lines


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
        return self.sentence or "nothing was tried."

    @property
    def sentence(self) -> str:
        """What was found out; "" if there is nothing to say."""
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
        return "; ".join(parts) + "." if parts else ""

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
        """A matplotlib figure under the report's sentence, with a panel for whatever is known.

        Of each class that was tried: how generated rows changed its validation loss, with the standard error, and its
        validation recall without and with them. Of each epoch: the generated part of the classes' rows.

        Raises:
            ImportError: without matplotlib.
        """
        tried = [line for line in self.classes if not np.isnan(line.change)]
        shares = np.reshape(self.shares, (len(self.shares), len(self.classes)))
        panels = [_draw_changes, _draw_recalls] * bool(tried) + [_draw_shares] * bool(shares.any())
        figure = new_figure(self, figsize=(max(5 * len(panels), 8), 4 if panels else 1))
        names = sorted({line.synthesizer for line in tried if line.synthesizer})
        title = f"SyntheticBalancer{' with ' * bool(names)}{', '.join(names)}: {self}"
        figure.suptitle(textwrap.fill(title, 14 * int(figure.get_figwidth())), fontsize=9)
        for number, draw in enumerate(panels, 1):
            panel = figure.add_subplot(1, len(panels), number)
            draw(panel, tried if draw is not _draw_shares else shares)
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", alpha=0.3)
        return figure


def _draw_changes(panel: Any, lines: list[ClassLine]) -> None:
    """Change of the validation loss of each class, with its standard error where there is one."""
    panel.axhline(0.0, color="black", linewidth=0.8)
    errors = [line.error if np.isfinite(line.error) else 0.0 for line in lines]
    panel.errorbar(range(len(lines)), [line.change for line in lines], errors, fmt="o", capsize=3)
    _mark_classes(panel, lines)
    panel.set_ylabel("change of the validation loss; below 0: they help", fontsize=8)
    panel.set_title("with generated rows, less without", fontsize=9)


def _draw_recalls(panel: Any, lines: list[ClassLine]) -> None:
    places = np.arange(len(lines))
    panel.plot(places - 0.12, [line.without for line in lines], "o", label="real rows only")
    panel.plot(places + 0.12, [line.with_them for line in lines], "o", label="with generated rows")
    _mark_classes(panel, lines)
    panel.set_ylabel("validation recall in the trials", fontsize=8)
    panel.set_title("recall in the trials", fontsize=9)
    panel.legend(frameon=False, fontsize=8)


def _mark_classes(panel: Any, lines: list[ClassLine]) -> None:
    panel.set_xticks(range(len(lines)), [f"{line.label}\n{line.real}" for line in lines], fontsize=8)
    panel.set_xlabel("class, and its rows in training", fontsize=8)


def _draw_shares(panel: Any, shares: np.ndarray) -> None:
    """Generated rows of each class that had any, `(epochs, classes)`."""
    for label, line in enumerate(shares.T):
        if line.any():
            panel.plot(np.arange(1, len(line) + 1), 100 * line, marker=".", label=f"class {label}")
    panel.set_xlabel("epoch", fontsize=8)
    panel.set_ylabel("generated rows of the class, %", fontsize=8)
    panel.set_title("generated rows in training", fontsize=9)
    panel.legend(frameon=False, fontsize=7, ncols=2)


def _classes(labels: list[int]) -> str:
    return f"class {labels[0]}" if len(labels) == 1 else f"classes {', '.join(map(str, labels))}"


def _their(labels: list[int]) -> str:
    return "its" if len(labels) == 1 else "their"


def _short(recall: float) -> str:
    return f"{recall:.2f}".removeprefix("0") if recall < 1.0 else "1"
