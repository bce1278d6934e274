"""Does the balancer help on imbalanced tables? python -m benchmarks.tables_quick

The tables and halves of `benchmarks.tables`, a small network in Keras, and the same number of steps for every method.
Each run adds a line to tables_quick.jsonl, and one whose line is there is skipped: a long table can be filled in parts.
"""

import argparse
import json
import pathlib

from benchmarks.harness import heading, provenance

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np

from benchmarks.tables import MEASURES, REFERENCE, halves, load, measured
from keras_augsynth import callbacks, synthesis

BATCH, EPOCHS, MOST_STEPS = 64, 150, 800


def network(columns, seed):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((columns,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# Each gives rows, labels, and what `fit` is given beside them.


def plain(x, y, seed):
    return x, y, {}


def class_weights(x, y, seed):
    counts = np.bincount(y)
    return x, y, {"class_weight": dict(enumerate(len(y) / len(counts) / counts))}


def real_rows_again(x, y, seed):
    return *synthesis.AugmentedResampler().fit_resample(x, y, seed=seed), {}


def smote(x, y, seed):
    return *synthesis.SMOTE().fit_resample(x, y, seed=seed), {}


def balancer(source):
    def method(x, y, seed):
        synthesizer = None if source is None else source(x, y, seed)
        return x, y, {"callbacks": [callbacks.SyntheticBalancer(synthesizer, seed=seed)]}

    return method


def tabular_gan(x, y, seed):
    gan = synthesis.GAN(*synthesis.tabular_gan(x.shape[1], 2), num_classes=2, seed=seed)
    gan.adapt(x)
    gan.compile()
    gan.fit(x, y, batch_size=BATCH, epochs=max(1, 1500 // -(-len(x) // BATCH)), verbose=0)
    return gan


METHODS = {
    "nothing": plain,
    "class weights": class_weights,
    REFERENCE: real_rows_again,
    "SMOTE": smote,
    "balancer without a source": balancer(None),
    "balancer, SMOTE": balancer(lambda x, y, seed: synthesis.SMOTE().fit(x, y)),
    "balancer, GaussianSynthesizer": balancer(lambda x, y, seed: synthesis.GaussianSynthesizer().fit(x, y)),
    "balancer, tabular_gan": balancer(tabular_gan),
}


def run(method, x, y, x_test, y_test, seed):
    rows, labels, options = METHODS[method](x, y, seed)
    model = network(x.shape[1], seed)
    steps = min(EPOCHS * -(-len(x) // BATCH), MOST_STEPS)
    epochs = max(1, round(steps / -(-len(rows) // BATCH)))
    model.fit(rows, labels, batch_size=BATCH, epochs=epochs, verbose=0, **options)
    logits = model.predict(x_test, verbose=0)
    found = measured(y_test, np.exp(-np.logaddexp(0.0, logits[:, 0] - logits[:, 1])))
    for callback in options.get("callbacks", []):
        found["report"] = str(callback.report_)
        found["chosen"] = float(callback.report_.classes[1].kept)
    return found


def of_sets(lines, method, sets, measure):
    """Of each set, in percent: the mean over the seeds."""
    found = {name: [] for name in sets}
    for line in lines:
        if line["method"] == method and line["set"] in found:
            found[line["set"]].append(100 * line[measure])
    return np.array([np.mean(values) for values in found.values()])


def table(lines):
    """Markdown: means over the sets, and the differences from oversampling, set by set."""
    sets = {name: {line["set"] for line in lines if line["method"] == name} for name in METHODS}
    head = ["method", "tables", *MEASURES.values(), *(f"{name}, against oversampling" for name in MEASURES.values())]
    head += ["largest loss of balanced accuracy", "chosen share"]
    text = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for method in METHODS:
        common = sorted(sets[method] & sets[REFERENCE])
        if len(common) < 2:
            continue
        values = {
            measure: [of_sets(lines, name, common, measure) for name in (method, REFERENCE)] for measure in MEASURES
        }
        gains = {measure: both[0] - both[1] for measure, both in values.items()}
        shown = lambda gain: f"{gain.mean():+.2f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.2f}"
        cells = [method, str(len(common)), *(f"{both[0].mean():.2f}" for both in values.values())]
        cells += ["–" if method == REFERENCE else shown(gain) for gain in gains.values()]
        cells.append("–" if method == REFERENCE else f"{gains['balanced_accuracy'].min():+.1f}")
        chosen = [line["chosen"] for line in lines if line["method"] == method and "chosen" in line]
        cells.append(f"{100 * np.mean(chosen):.0f} %" if chosen else "–")
        text.append("| " + " | ".join(cells) + " |")
    return "In percent, with standard errors over the tables.\n\n" + "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="two tables, to see that it runs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path, tables, origin = options.out / "tables_quick.jsonl", load(), provenance()
    if options.smoke:
        path, tables, options.seeds = options.out / "tables_quick_smoke.jsonl", dict(list(tables.items())[:2]), [0]
        path.unlink(missing_ok=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(line["set"], line["seed"], line["method"]) for line in lines}
    for seed in options.seeds:
        for name, (x, y) in tables.items():
            parts = halves(x.astype("float32"), y, seed)
            for method in options.methods:
                if (name, seed, method) in done:
                    continue
                line = {"set": name, "seed": seed, "method": method, **run(method, *parts, seed)}
                line |= {key: origin[key] for key in ("machine", "commit")}
                lines.append(line)
                with path.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                keras.backend.clear_session()
            print(f"{name}, seed {seed}", flush=True)
    text = f"{heading(origin)}\n{table(lines)}"
    print(text)
    path.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
