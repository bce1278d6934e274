"""Puts the README's tables there from the raw results: python -m benchmarks.readme

Between `<!-- NAME -->` and `<!-- end -->` stands the table NAME. Each is made from a file in docs/results; without it,
the README keeps what it has.
"""

import json
import pathlib
import re

import numpy as np

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"


def markdown(lines):
    head, *rows = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def ratios(times, ours):
    """{name: median time in medians of `ours`}"""
    medians = {name: np.median(values) for name, values in times.items()}
    return {name: f"{value / medians[ours]:.1f}" for name, value in medians.items()}


def speed():
    """Time of ten image transforms, in ours."""
    times = json.loads((RESULTS / "image.json").read_text())["times"]
    found = {
        title: ratios(rows, "keras_augsynth") for title, rows in times.items() if title.startswith("Ten transforms, ")
    }
    names = list(next(iter(found.values())))
    rows = []
    for title, row in found.items():
        count, side, *_ = title.removeprefix("Ten transforms, ").split(" x ")
        rows.append([f"{count} images of {side} x {side}", *row.values()])
    return markdown([["", *names], *rows])


def effect():
    """Balanced accuracy with and without generated rows on tables, and the gain over oversampling."""
    from benchmarks.tables import METHODS, REFERENCE, compared

    lines = json.loads((RESULTS / "tables.json").read_text())["lines"]
    rows = []
    for method in METHODS:
        values, gains = compared(lines, method, "balanced_accuracy")
        error = gains.std(ddof=1) / np.sqrt(len(gains))
        gain = "–" if method == REFERENCE else f"{gains.mean():+.1f} ± {error:.1f}"
        rows.append([method, f"{values.mean():.1f}", gain])
    return markdown([["added to the rare class", "balanced accuracy, %", "against real rows again"], *rows])


def cost():
    """Time of an epoch with the balancer, in epochs of Keras without it."""
    times = json.loads((RESULTS / "balancer.json").read_text())["times"]["An epoch"]
    found = ratios(times, "plain Keras")
    kinds = ("nothing added", "real rows, s = 1/2", "GAN from a pool, s = 1/2", "GAN in the step, s = 1/2")
    names = [name.replace("s = 1/2", "as many as there are") for name in kinds]
    return markdown([["rows added to each batch", "time"], *map(list, zip(names, map(found.get, kinds), strict=True))])


TABLES = {
    "speed": (speed, "image", "Ten image transforms, time in ours"),
    "effect": (effect, "tables", "An MLP on imbalanced tables"),
    "cost": (cost, "balancer", "An epoch with the balancer, in epochs without it"),
}


def filled(text):
    """A text with each table between its marks."""

    def table(match):
        make, name, title = TABLES[match[1]]
        if not (RESULTS / f"{name}.md").exists():
            return match[0]
        title = f"{title} (`python -m benchmarks.{name}`, [all results](docs/results/{name}.md)):"
        return f"<!-- {match[1]} -->\n{title}\n\n{make()}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?\n<!-- end -->", table, text, flags=re.DOTALL)


def main():
    path = ROOT / "README.md"
    path.write_text(filled(path.read_text()))


if __name__ == "__main__":
    main()
