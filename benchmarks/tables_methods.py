"""Which remedy for rare classes in tables? python -m benchmarks.tables_methods

The tables and halves of `benchmarks.tables`, and its classifier, scikit-learn's MLP, with one initial weight. Every
source brings the rare class up to the other one. Each run adds a line to tables_methods.jsonl, and one whose line is
there is skipped: a long table can be filled in parts, small sets first. Networks of this package take a minute for a
set: `--networks` runs them, too. The balancer needs a classifier in Keras; it has the form and the settings of
scikit-learn's, but trains for all of its 150 epochs, so what it reaches without the balancer stands beside. Tables are
written of the halves that every method was run on, and say what is missing.
"""

import argparse
import collections
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
from keras_augsynth.callbacks import SyntheticBalancer

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


def vae(x, y, seed):
    keras.utils.set_random_seed(seed)
    return _trained(synthesis.VAE((x.shape[1],), num_classes=2, seed=seed), x, y, seed)


def gan(x, y, seed):
    keras.utils.set_random_seed(seed)
    networks = synthesis.tabular_gan(x.shape[1], 2)
    return _trained(synthesis.GAN(*networks, num_classes=2, seed=seed), x, y, seed)


def _trained(source, x, y, seed, batch=64, steps=1500):
    """Rows of a model that was trained for as many steps whatever the size of the table."""
    source.adapt(x)
    source.compile()
    source.fit(x, y, batch_size=batch, epochs=max(1, steps // -(-len(x) // batch)), verbose=0)
    labels = np.ones(len(y) - 2 * int(y.sum()), int)
    return np.concatenate([x, np.asarray(source.sample(labels, seed=seed))]), np.concatenate([y, labels])


def table_synthesizer(x, y, seed):
    import pandas as pd

    keras.utils.set_random_seed(seed)
    rows, labels = synthesis.TableSynthesizer(seed=seed).fit_resample(pd.DataFrame(x), y, seed=seed, verbose=0)
    return rows.to_numpy(), labels


def in_keras(callbacks, x, y, x_test, seed):
    """The form and the settings of scikit-learn's classifier, with the callbacks that `callbacks(x, y, seed)` gives."""
    keras.utils.set_random_seed(seed)
    batch = min(200, len(x))
    regularizer = keras.regularizers.L2(0.5 * 1e-3 / batch)
    dense = functools.partial(keras.layers.Dense, kernel_regularizer=regularizer)
    model = keras.Sequential([keras.Input(x.shape[1:]), dense(64, "relu"), dense(2)])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, x_test = x.astype("float32"), x_test.astype("float32")
    model.fit(x, y, batch_size=batch, epochs=150, verbose=0, callbacks=callbacks(x, y, seed))
    logits = model.predict(x_test, verbose=0)
    return np.exp(-np.logaddexp(0.0, logits[:, 0] - logits[:, 1])), 0.5


def balancer(x, y, seed):
    return [SyntheticBalancer(synthesis.GaussianSynthesizer().fit(x, y), seed=seed)]


FAST = {
    NOTHING: plain,
    "class weights": class_weights,
    "tuned threshold": tuned_threshold,
    **{name: functools.partial(resampled, source) for name, source in SOURCES.items()},
}
NETWORKS = {
    "VAE": functools.partial(resampled, vae),
    "GAN of tabular_gan": functools.partial(resampled, gan),
    "TableSynthesizer": functools.partial(resampled, table_synthesizer),
    "in Keras: nothing": functools.partial(in_keras, lambda x, y, seed: []),
    "in Keras: SyntheticBalancer": functools.partial(in_keras, balancer),
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


def of_sets(lines, methods, measure):
    """({set: seeds}, in percent the means `(sets, methods)`) of the halves that every method was run on."""
    found = {(line["set"], line["seed"], line["method"]): 100 * line[measure] for line in lines}
    halves = {key[:2] for key in found if all((*key[:2], method) in found for method in methods)}
    seeds = {name: [seed for each, seed in sorted(halves) if each == name] for name, _ in sorted(halves)}
    mean = lambda name, method: np.mean([found[name, seed, method] for seed in seeds[name]])
    return seeds, np.array([[mean(name, method) for method in methods] for name in seeds])


def ranked(values, measure):
    """(mean rank of each method, 1 being the best; p of Friedman's test; Nemenyi's critical difference at 5 %)."""
    from scipy import stats

    sets, methods = values.shape
    ranks = stats.rankdata(values if measure in LOWER_IS_BETTER else -values, axis=1)
    critical = stats.studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    difference = critical * np.sqrt(methods * (methods + 1) / (6 * sets))
    return ranks.mean(axis=0), stats.friedmanchisquare(*values.T).pvalue, difference


def table(lines, methods, wanted):
    """Markdown: means over the sets, ranks, how far ranks must lie apart, and of how many of the `wanted` sets."""
    seeds, _ = of_sets(lines, methods, "brier")
    if len(seeds) < 2:
        return "Not yet run on two tables.\n"
    counts = collections.Counter(seed for of_set in seeds.values() for seed in of_set)
    halves = ", ".join(f"{count} with seed {seed}" for seed, count in sorted(counts.items()))
    head = ["", *(f"{name} | rank" for name in MEASURES.values())]
    cells, notes = {method: [method] for method in methods}, []
    for measure, name in MEASURES.items():
        _, values = of_sets(lines, methods, measure)
        ranks, p, difference = ranked(values, measure)
        for place, method in enumerate(methods):
            cells[method] += [f"{values[:, place].mean():.2f}", f"{ranks[place]:.2f}"]
        notes.append(f"{name}: p = {p:.1g} (Friedman)")
    return "\n".join(
        [
            f"{len(seeds)} of {wanted} tables ({halves}), in percent; the Brier score is the lower the better. Mean "
            f"ranks over the tables, 1 being the best; those that are less than {difference:.2f} apart do not differ "
            f"at the level of 5 % (Nemenyi). {'; '.join(notes)}. Some sets are other cuts of the same data, so the "
            "tests see differences too easily.\n",
            "| " + " | ".join(head) + " |",
            "| --- " * (1 + 2 * len(MEASURES)) + "|",
            *("| " + " | ".join(row) + " |" for row in cells.values()),
            "",
        ]
    )


def main():
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)  # 150 epochs are the budget
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--networks", action="store_true", help="run the networks of this package, too")
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
    methods = FAST | NETWORKS if options.networks else FAST
    done = {(line["set"], line["seed"], line["method"]) for line in lines}
    for seed in range(options.seeds):
        for name, (x, y) in tables.items():
            if time.time() - began > 60 * options.minutes:
                break
            x, y, x_test, y_test = halves(x, y, seed)
            for method, predict in methods.items():
                if (name, seed, method) in done:
                    continue
                found = measured(y_test, *predict(x, y, x_test, seed))
                where = {key: origin[key] for key in ("machine", "commit", "versions")}
                lines.append({"set": name, "seed": seed, "method": method, **found, **where})
                with path.open("a") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
            keras.backend.clear_session()
            print(f"{name}, seed {seed}", flush=True)
    commits = ", ".join(sorted({line["commit"] for line in lines}))
    text = f"{heading(origin)}\nThe runs are of commit {commits}.\n\n{table(lines, FAST, len(tables))}"
    if any(line["method"] in NETWORKS for line in lines):
        text += f"\n## With networks\n\n{table(lines, FAST | NETWORKS, len(tables))}"
    print(text)
    path.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
