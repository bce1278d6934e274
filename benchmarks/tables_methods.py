"""Which remedy for rare classes in tables? python -m benchmarks.tables_methods

The tables and halves of `benchmarks.tables`, and its classifier, scikit-learn's MLP, with one initial weight. Every
source brings the rare class up to the other one. Each run adds a line to tables_methods.jsonl, and one whose line is
there is skipped: a long table can be filled in parts, small sets first. The table that is written is of the sets that
every method was run on, and says what is missing. What networks of this package do (`GAN`, `VAE`, `SyntheticBalancer`)
takes minutes for a set: `benchmarks.tables_quick` has some.
"""

import argparse
import functools
import json
import pathlib
import time
import warnings

from benchmarks.harness import heading, provenance

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np

from benchmarks.tables import halves, load
from keras_augsynth import synthesis

NOTHING, REFERENCE = "nothing", "real rows again"


def classifier(seed):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((64,), alpha=1e-3, learning_rate_init=3e-3, max_iter=150, random_state=seed)


# Each gives the probability of the rare class in the other half, and the threshold above which it is guessed.


def plain(x, y, x_test, seed):
    return classifier(seed).fit(x, y).predict_proba(x_test)[:, 1], 0.5


def class_weights(x, y, x_test, seed):
    weights = len(y) / 2 / np.bincount(y)[y]
    return classifier(seed).fit(x, y, sample_weight=weights).predict_proba(x_test)[:, 1], 0.5


def tuned_threshold(x, y, x_test, seed):
    """The one of the best balanced accuracy in predictions for rows that the classifier was not fitted to."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    held_out = cross_val_predict(classifier(seed), x, y, cv=folds, method="predict_proba")[:, 1]
    order = np.sort(held_out)
    cuts = np.concatenate([[0.0], (order[1:] + order[:-1]) / 2])
    accuracy = [np.mean(held_out[y == 1] > cut) + np.mean(held_out[y == 0] <= cut) for cut in cuts]
    return plain(x, y, x_test, seed)[0], float(cuts[np.argmax(accuracy)])


def resampled(source, x, y, x_test, seed):
    """With rows for the rare class, made by `source(x, y, seed)`, which gives all rows and labels."""
    rows, labels = source(x, y, seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    return plain(rows[order], labels[order], x_test, seed)


def neighbors(y):
    return min(5, int(y.sum()) - 1)


def theirs(x, y, seed):
    from imblearn.over_sampling import SMOTE

    return SMOTE(k_neighbors=neighbors(y), random_state=seed).fit_resample(x, y)


SOURCES = {
    REFERENCE: lambda x, y, seed: synthesis.AugmentedResampler().fit_resample(x, y, seed=seed),
    "SMOTE of imbalanced-learn": theirs,
    "SMOTE": lambda x, y, seed: synthesis.SMOTE(neighbors(y)).fit_resample(x, y, seed=seed),
    "BorderlineSMOTE": lambda x, y, seed: synthesis.BorderlineSMOTE(neighbors(y)).fit_resample(x, y, seed=seed),
    "ADASYN": lambda x, y, seed: synthesis.ADASYN(neighbors(y)).fit_resample(x, y, seed=seed),
    "KMeansSMOTE": lambda x, y, seed: synthesis.KMeansSMOTE().fit_resample(x, y, seed=seed),
    "GaussianSynthesizer": lambda x, y, seed: synthesis.GaussianSynthesizer().fit_resample(x, y, seed=seed),
    "GaussianMixtureSynthesizer": lambda x, y, seed: synthesis.GaussianMixtureSynthesizer().fit_resample(
        x, y, seed=seed
    ),
    "GaussianCopulaSynthesizer": lambda x, y, seed: synthesis.GaussianCopulaSynthesizer().fit_resample(x, y, seed=seed),
}
METHODS = {
    NOTHING: plain,
    "class weights": class_weights,
    "tuned threshold": tuned_threshold,
    **{name: functools.partial(resampled, source) for name, source in SOURCES.items()},
}
MEASURES = {"balanced_accuracy": "balanced accuracy", "average_precision": "average precision", "brier": "Brier score"}
LOWER_IS_BETTER = ("brier",)


def measured(y, probability, threshold):
    import sklearn.metrics

    return {
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(y, probability > threshold),
        "average_precision": sklearn.metrics.average_precision_score(y, probability),
        "brier": float(np.mean((y - probability) ** 2)),
    }


def of_sets(lines, measure):
    """(names of the sets that every method was run on, in percent the means over the seeds `(sets, methods)`)."""
    found = {}
    for line in lines:
        found.setdefault((line["set"], line["method"]), []).append(100 * line[measure])
    names = sorted({name for name, _ in found if all((name, method) in found for method in METHODS)})
    return names, np.array([[np.mean(found[name, method]) for method in METHODS] for name in names])


def ranked(values, measure):
    """(mean rank of each method, 1 being the best; p of Friedman's test; Nemenyi's critical difference at 5 %)."""
    from scipy import stats

    sets, methods = values.shape
    ranks = stats.rankdata(values if measure in LOWER_IS_BETTER else -values, axis=1)
    critical = stats.studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    difference = critical * np.sqrt(methods * (methods + 1) / (6 * sets))
    return ranks.mean(axis=0), stats.friedmanchisquare(*values.T).pvalue, difference


def table(lines, missing):
    """Markdown: means over the sets, ranks, and how far ranks must lie apart."""
    names, _ = of_sets(lines, "brier")
    head = ["", *(f"{name} | rank" for name in MEASURES.values())]
    cells, notes = {method: [method] for method in METHODS}, []
    for measure, name in MEASURES.items():
        _, values = of_sets(lines, measure)
        ranks, p, difference = ranked(values, measure)
        for place, method in enumerate(METHODS):
            cells[method] += [f"{values[:, place].mean():.2f}", f"{ranks[place]:.2f}"]
        notes.append(f"{name}: p = {p:.1g} (Friedman)")
    text = [
        f"{len(names)} tables, in percent; the Brier score is the lower the better. Mean ranks over the tables, 1 "
        f"being the best; those that are less than {difference:.2f} apart do not differ at the level of 5 % (Nemenyi). "
        f"{'; '.join(notes)}. Some sets are other cuts of the same data, so the tests see differences too easily.\n",
        "| " + " | ".join(head) + " |",
        "| --- " * (1 + 2 * len(MEASURES)) + "|",
        *("| " + " | ".join(row) + " |" for row in cells.values()),
    ]
    return "\n".join([*text, "", f"Missing: {missing}." if missing else "Nothing is missing."])


def main():
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)  # 150 epochs are the budget
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no set is begun")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="three tables, one seed, to see that it runs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    origin, began = provenance(), time.time()
    path, tables = options.out / "tables_methods.jsonl", dict(sorted(load().items(), key=lambda item: len(item[1][1])))
    if options.smoke:
        path, tables, options.seeds = options.out / "tables_methods_smoke.jsonl", dict(list(tables.items())[:3]), 1
        path.unlink(missing_ok=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(line["set"], line["seed"], line["method"]) for line in lines}
    for seed in range(options.seeds):
        for name, (x, y) in tables.items():
            if time.time() - began > 60 * options.minutes:
                break
            x, y, x_test, y_test = halves(x, y, seed)
            for method, predict in METHODS.items():
                if (name, seed, method) in done:
                    continue
                found = measured(y_test, *predict(x, y, x_test, seed))
                where = {key: origin[key] for key in ("machine", "commit", "versions")}
                lines.append({"set": name, "seed": seed, "method": method, **found, **where})
                with path.open("a") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
            keras.backend.clear_session()
            print(f"{name}, seed {seed}", flush=True)
    counts = {seed: len({line["set"] for line in lines if line["seed"] == seed}) for seed in range(options.seeds)}
    missing = ", ".join(f"{len(tables) - count} tables of seed {seed}" for seed, count in counts.items())
    commits = ", ".join(sorted({line["commit"] for line in lines}))
    missing = missing if min(counts.values()) < len(tables) else ""
    text = f"{heading(origin)}\nThe runs are of commit {commits}.\n\n{table(lines, missing)}\n"
    print(text)
    path.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
