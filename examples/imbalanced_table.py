"""A rare class in a real table: what do repeated rows, SMOTE and a normal density of the class do?

    python examples/imbalanced_table.py              # four methods, five splits: a minute or two on two cores
    python examples/imbalanced_table.py --splits 20  # with smaller errors
    python examples/imbalanced_table.py --smoke      # one short training each, to see that it runs

The table is scikit-learn's breast cancer data: 30 measurements of 569 tumours. In training, malignant ones are made
rare: 12 of them beside 178 benign ones. What is left is for testing. Each split draws other rows; all methods get the
same. Writes a table with its standard errors to --out.

Needs: pip install "keras_augsynth[examples]"
"""

import argparse
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import keras
    import numpy as np
    from sklearn.datasets import load_breast_cancer
    from sklearn.metrics import average_precision_score, balanced_accuracy_score

    from keras_augsynth import callbacks, synthesis
    from keras_augsynth.data import quality_report
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the examples need: pip install ".[examples]"')

RARE = 12  # malignant rows in training


def split(seed):
    """Rows for training and testing; columns standardized by the rows for training. 1 is malignant, the rare class."""
    data = load_breast_cancer()
    x, y = data.data, 1 - data.target
    rng = np.random.default_rng(seed)
    benign, malignant = (rng.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    train = np.concatenate([benign[: len(benign) // 2], malignant[:RARE]])
    test = np.setdiff1d(np.arange(len(y)), train)
    mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
    x = ((x - mean) / spread).astype("float32")
    return x[train], y[train], x[test], y[test]


def classifier(columns, seed):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((columns,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def plain(x, y, seed):
    return x, y, []


def repeated(x, y, seed):
    """The rare rows again and again, until there are as many as of the others."""
    return *synthesis.AugmentedResampler().fit_resample(x, y, seed=seed), []


def smote(x, y, seed):
    return *synthesis.SMOTE().fit_resample(x, y, seed=seed), []


def balanced(x, y, seed):
    """Half of what is added to each batch is real rows again, half comes from a normal density of the class."""
    source = synthesis.GaussianSynthesizer().fit(x, y)
    return x, y, [callbacks.SyntheticBalancer(source, strategy="equal", resample_real=0.5, seed=seed)]


METHODS = {
    "nothing": plain,
    "rare rows repeated": repeated,
    "SMOTE": smote,
    "balancer, Gaussian": balanced,
}


def run(method, seed, steps):
    """(balanced accuracy, average precision) in percent on the rows for testing."""
    x, y, test_x, test_y = split(seed)
    x, y, used = METHODS[method](x, y, seed)
    model = classifier(x.shape[1], seed)
    epochs = max(1, round(steps / -(-len(x) // 32)))  # as many steps for every method
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, callbacks=used)
    logits = model.predict(test_x, verbose=0)
    score = logits[:, 1] - logits[:, 0]
    return [100 * balanced_accuracy_score(test_y, score > 0), 100 * average_precision_score(test_y, score)]


def table(results):
    """Means over the splits with their standard errors, and the difference to doing nothing, split by split."""
    lines = ["| method | balanced accuracy | average precision | more than nothing |", "| --- | --- | --- | --- |"]
    reference = np.array(results["nothing"])[:, 0]
    shown = lambda values: f"{np.mean(values):.1f} ± {np.std(values, ddof=1) / len(values) ** 0.5:.1f}"
    for method, scores in results.items():
        accuracy, precision = np.array(scores).T
        lines.append(f"| {method} | {shown(accuracy)} | {shown(precision)} | {shown(accuracy - reference)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5, help="how many, at least 2")
    parser.add_argument("--smoke", action="store_true", help="two splits of a few steps")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/imbalanced_table"))
    options = parser.parse_args()
    splits, steps = (2, 10) if options.smoke else (max(options.splits, 2), 400)
    started = time.time()
    print(quality_report(*split(0)[:2]), "\n")
    results = {method: [] for method in METHODS}
    for seed in range(splits):
        for method, scores in results.items():
            scores.append(run(method, seed, steps))
        print(f"split {seed + 1} of {splits}: {time.time() - started:.0f} s")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps({"steps": steps, "results": results}, indent=1))
    (options.out / "results.md").write_text(table(results) + "\n")
    print(f"\n{table(results)}\n\nWritten to {options.out}")


if __name__ == "__main__":
    main()
