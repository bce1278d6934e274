"""`BalanceReport`: what a `SyntheticBalancer` has done, and why."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_augsynth.balancing.labels import classes_in_words
from keras_augsynth.core.figures import new_figure

_HEAD = (
    "class",
    "real rows",
    "validation rows",
    "synthesizer",
    "probability of the class: validation rows",
    "generated rows",
    "do not belong to it",
    "share of the added rows",
    "why",
)


@dataclass(frozen=True)
class ClassLine:
    """What was found out about one class.

    Attributes:
        label: its number.
        rows: real ones in training.
        validation: rows that generated ones were compared with.
        synthesizer: whose rows were looked at; "": none.
        real: mean probability that the model gave validation rows of the class to belong to it; NaN without any.
        generated: the same of generated rows.
        misfits: estimated part of the generated rows that do not belong to the class.
        kept: their share of the class's added rows.
        why: the reason why a class gets no generated rows; "" if it gets some.
    """

    label: int
    rows: int
    validation: int = 0
    synthesizer: str = ""
    real: float = float("nan")
    generated: float = float("nan")
    misfits: float = float("nan")
    kept: float = 0.0
    why: str = ""


def class_lines(
    counts: np.ndarray, least: int, found: dict[int, dict[str, Any]], why_not: Callable[[int], str] | None
) -> list[ClassLine]:
    """A line for each class.

    Args:
        counts: real rows of each.
        least: real rows that a class needs to get generated ones.
        found: of the classes whose generated rows were looked at.
        why_not: from a class to why it gets no generated rows; None: nothing was to be found out.
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
        verdict: in words; "" if no generated rows were looked at.
        shares: for each epoch, the generated part of all rows of each class, `(epochs, classes)`.
        recalls: for each epoch with a look at validation, (epoch, recall by class).
        rows: rows that were "asked" of the synthesizers, "not finite" and "not accepted" among them.
        cost: of looking: "rows" that were predicted, beside those "of" the training, and "seconds".
        notes: whatever else there is to know.

    Example:

    >>> print(BalanceReport([ClassLine(0, 90), ClassLine(1, 10, misfits=0.2, kept=0.75)], "20 % do not belong"))
    class 1: 75 % of its added rows are generated; 20 % do not belong.
    """

    classes: list[ClassLine]
    verdict: str = ""
    shares: list[np.ndarray] = field(default_factory=list)
    recalls: list[tuple[int, np.ndarray]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.sentence or self._generated

    @property
    def _generated(self) -> str:
        """What went into training without having been judged."""
        parts = np.mean(self.shares, axis=0) if self.shares else np.zeros(len(self.classes))
        lines = [f"class {label}: {100 * part:.0f} %" for label, part in enumerate(parts) if part]
        return f"generated part of the rows: {', '.join(lines)}." if lines else "nothing was generated."

    @property
    def sentence(self) -> str:
        """What was found out; "" if there is nothing to say."""
        judged = [line for line in self.classes if not np.isnan(line.misfits)]
        some, none = [line for line in judged if line.kept], [line.label for line in judged if not line.kept]
        parts = []
        if some:
            labels, shares = [line.label for line in some], sorted({f"{100 * line.kept:.0f}" for line in some}, key=int)
            number = " to ".join(dict.fromkeys((shares[0], shares[-1])))
            parts.append(f"{classes_in_words(labels)}: {number} % of {_their(labels)} added rows are generated")
        if none:
            parts.append(f"{classes_in_words(none)}: none of {_their(none)} added rows is generated")
        parts += [self.verdict] if self.verdict else []
        parts += self.notes
        return "; ".join(parts) + "." if parts else ""

    def to_markdown(self) -> str:
        """One row for each class."""
        lines = ["| " + " | ".join(_HEAD) + " |", "|" + " --- |" * len(_HEAD)]
        for line in self.classes:
            numbers = [_short(value) for value in (line.real, line.generated)]
            misfits = "" if np.isnan(line.misfits) else f"{line.misfits:.0%}"
            cells = [line.label, line.rows, line.validation, line.synthesizer, *numbers, misfits, f"{line.kept:.0%}"]
            lines.append("| " + " | ".join(map(str, [*cells, line.why])) + " |")
        return "\n".join([*lines, "", f"{self}"])

    def plot(self) -> Any:
        """A matplotlib figure under the report's sentence, with a panel for whatever is known.

        Of each class that was looked at: how probable the model found the class for validation rows and for generated
        ones, and which part of these do not belong to it. Of each epoch: the generated part of the classes' rows.

        Raises:
            ImportError: without matplotlib.
        """
        judged = [line for line in self.classes if not np.isnan(line.misfits)]
        shares = np.reshape(self.shares, (len(self.shares), len(self.classes)))
        panels = [_draw_probabilities] * bool(judged) + [_draw_shares] * bool(shares.any())
        figure = new_figure(self, figsize=(max(5 * len(panels), 8), 4 if panels else 1))
        names = sorted({line.synthesizer for line in judged if line.synthesizer})
        title = f"SyntheticBalancer{' with ' * bool(names)}{', '.join(names)}: {self}"
        figure.suptitle(textwrap.fill(title, 14 * int(figure.get_figwidth())), fontsize=9)
        for number, draw in enumerate(panels, 1):
            panel = figure.add_subplot(1, len(panels), number)
            draw(panel, judged if draw is not _draw_shares else shares)
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", alpha=0.3)
        return figure


def _draw_probabilities(panel: Any, lines: list[ClassLine]) -> None:
    places = np.arange(len(lines))
    panel.bar(places, [line.kept for line in lines], 0.6, color="0.88", label="share of the added rows")
    panel.plot(places - 0.1, [line.real for line in lines], "o", label="validation rows")
    panel.plot(places + 0.1, [line.generated for line in lines], "o", label="generated rows")
    _mark_classes(panel, lines)
    panel.set_ylim(0.0, 1.05)
    panel.set_ylabel("mean probability of the own class", fontsize=8)
    panel.set_title("how the model saw them", fontsize=9)
    _put_legend_below(panel, columns=3)


def _mark_classes(panel: Any, lines: list[ClassLine]) -> None:
    panel.set_xticks(range(len(lines)), [f"{line.label}\n{line.rows}" for line in lines], fontsize=8)
    panel.set_xlabel("class, and its rows in training", fontsize=8)


def _draw_shares(panel: Any, shares: np.ndarray) -> None:
    """Generated rows of each class that had any, `(epochs, classes)`."""
    for label, line in enumerate(shares.T):
        if line.any():
            panel.plot(np.arange(1, len(line) + 1), 100 * line, marker=".", label=f"class {label}")
    panel.set_xlabel("epoch", fontsize=8)
    panel.set_ylabel("generated rows of the class, %", fontsize=8)
    panel.set_title("generated rows in training", fontsize=9)
    _put_legend_below(panel, columns=6)


def _put_legend_below(panel: Any, columns: int) -> None:
    """Where it hides nothing."""
    panel.legend(frameon=False, fontsize=8, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.2))


def _their(labels: list[int]) -> str:
    return "its" if len(labels) == 1 else "their"


def _short(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"
