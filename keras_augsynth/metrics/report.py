"""`QualityReport`: what was found out about a synthesizer's samples, as a table, a picture, a card."""

import json
from dataclasses import dataclass
from typing import Any

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.figures import new_figure
from keras_augsynth.metrics.result import Result

ALARM = 4.0
"""Standard errors from fair beyond which samples are called memorized: by chance once in 30,000."""
COPIES = 0.05
"""Share of near copies above which samples are called memorized."""
FAIR = {"nearest share": (0.5, 1), "C_T": (0.0, -1), "MIA auc": (0.5, 1)}
"""What fair samples get, and on which side of it the memorized ones are."""
ALL = "all"


@dataclass(frozen=True)
class QualityReport:
    """What `quality_report` has found.

    Args:
        table: for each class, and for "all" together, the results by their names.
        card: the provenance card: what made the samples, from what, how good they are. It says "synthetic".

    Example:

    >>> report = QualityReport({0: {"KID": Result("KID", 0.01, "pca4", 50, error=0.02)}}, {"content": "synthetic"})
    >>> print(report.to_markdown())
    | class | n | KID[pca4] | memorized |
    | --- | --- | --- | --- |
    | 0 | 50 | 0.010 ± 0.020 | not testable |
    """

    table: dict[int | str, dict[str, Result]]
    card: dict[str, Any]

    def memorized(self, label: int | str) -> bool | None:
        """Whether the samples of a class are training data again; None where that could not be tested.

        They are if more than 5 % are near copies, or if the nearest real rows, C_T or membership inference are more
        than 4 standard errors on the wrong side of fair.
        """
        if label not in self.table:
            raise wrong(self, "label", f"be one of {list(self.table)}", label)
        row = {name: result for name, result in self.table[label].items() if result.testable}
        tests = [(row[name], fair, side) for name, (fair, side) in FAIR.items() if name in row]
        if any(side * (float(result) - fair) > ALARM * result.error for result, fair, side in tests):
            return True
        if "copies" in row and row["copies"] > COPIES:
            return True
        return False if tests else None

    def to_markdown(self) -> str:
        """One row for each class; "n/t" is not testable, for the reasons below the table."""
        columns = list(dict.fromkeys(name for row in self.table.values() for name in row))
        titles = [next(row[name].name for row in self.table.values() if name in row) for name in columns]
        lines = [" | ".join(["| class", "n", *titles, "memorized |"]), "|" + " --- |" * (len(columns) + 3)]
        reasons = {}
        for label, row in self.table.items():
            cells = [row[name].number() if name in row else "" for name in columns]
            n = max(result.n for result in row.values())
            verdict = {True: "**yes**", False: "no", None: "not testable"}[self.memorized(label)]
            lines.append(f"| {label} | {n} | {' | '.join(cells)} | {verdict} |")
            for name, result in row.items():
                if not result.testable:
                    reasons.setdefault(f"class {label}: {result.reason}", []).append(name)
        notes = [f"- {reason} ({', '.join(names)})" for reason, names in reasons.items()]
        return "\n".join([*lines, "", *notes] if notes else lines)

    def to_json(self, **kwargs: Any) -> str:
        """The card, in which the results are, as JSON.

        Args:
            **kwargs: of `json.dumps`, such as `indent=1`.
        """
        return json.dumps(self.card, **kwargs)

    def plot(self) -> Any:
        """A matplotlib figure: a panel for each result, a bar with its error for each class.

        Raises:
            ImportError: without matplotlib.
        """
        names = list(dict.fromkeys(name for row in self.table.values() for name in row))
        height = -(-len(names) // 4)
        figure = new_figure(self, figsize=(14, 2.6 * height))
        panels = figure.subplots(height, 4, squeeze=False).ravel()
        for panel in panels[len(names) :]:
            panel.set_axis_off()
        for panel, name in zip(panels, names, strict=False):
            rows = {label: row[name] for label, row in self.table.items() if name in row}
            panel.set_title(next(iter(rows.values())).name, fontsize=9)
            panel.set_xticks(range(len(rows)), [str(label) for label in rows], fontsize=7)
            panel.set_xlim(-0.6, len(rows) - 0.4)  # whatever there is no bar for
            for place, result in enumerate(rows.values()):
                if result.testable:
                    color = "tab:gray" if list(rows)[place] == ALL else "tab:blue"
                    panel.bar(place, float(result), yerr=result.error or 0.0, color=color, capsize=2)
                else:
                    panel.text(place, 0.0, "n/t", ha="center", fontsize=6)
        return figure
