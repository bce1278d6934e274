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
METHODS = {
    "plain": "plain",
    "random oversampling": "oversampling",
    "oversampling + augmentation": "oversampling, augmentation",
    "balancer: default, with SMOTE": "`SyntheticBalancer(smote)`, augmentation",
}


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
    """Balanced accuracy of classifiers on long-tailed images, mean of the seeds and its standard error."""
    lines = [json.loads(line) for line in (RESULTS / "imbalance.jsonl").read_text().splitlines()]
    data = list(dict.fromkeys(line["data"] for line in lines if line["imbalance"] == "longtail"))
    rows = []
    for method, name in METHODS.items():
        cells = []
        for which in data:
            values = [100 * line["acsa"] for line in lines if (line["data"], line["method"]) == (which, method)]
            if len(values) > 1:
                cells.append(f"{np.mean(values):.1f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.1f}")
        if len(cells) == len(data):  # a method that was not run on all of them is no row
            rows.append([name, *cells])
    return markdown([["balanced accuracy, %", *data], *rows])


def cost():
    """Time of an epoch with the balancer, in epochs of Keras without it."""
    times = json.loads((RESULTS / "balancer.json").read_text())["times"]["An epoch"]
    return markdown([["an epoch", "time"], *([name, value] for name, value in ratios(times, "plain Keras").items())])


TABLES = {"speed": (speed, "image"), "effect": (effect, "imbalance"), "cost": (cost, "balancer")}


def filled(text):
    """A text with each table between its marks."""

    def table(match):
        make, name = TABLES[match[1]]
        if not (RESULTS / f"{name}.md").exists():
            return match[0]
        return f"<!-- {match[1]} -->\n{make()}\n\n[All of it](docs/results/{name}.md)\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?\n<!-- end -->", table, text, flags=re.DOTALL)


def main():
    path = ROOT / "README.md"
    path.write_text(filled(path.read_text()))


if __name__ == "__main__":
    main()
