"""Which statistic tells good generated rows from bad ones, early in a training? python -m benchmarks.gate

A fifth of the real rows of every class is held out. The network of `benchmarks.imbalance` is trained on the others,
every class equally often, and stops four times. Each time, of each source, two things are measured on the held-out rows
and, to see what they would be with many of them, on the test rows:

- the part of the generated rows that do not belong to their class: how probable the network finds the class of
  generated rows, beside that of held-out rows (what `SyntheticBalancer` does);
- how the log loss changes by eight steps in which half of the repeated rows are generated ones, against the same steps
  with repeated rows (what it did before).
"""

import argparse
import pathlib

from benchmarks.harness import heading, provenance, publish

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np
import tensorflow as tf

from benchmarks.imbalance import class_counts, classifier, load
from benchmarks.imbalance_methods import BATCH, CLASSES, GRADED, NOTHING, Task, augmentation
from keras_augsynth.balancing.trials.fidelity import fidelity, mean_of

STEPS = (150, 225, 300, 375)
BRANCH = 8
LEFT_OUT = (NOTHING, "oracle, all rows taken", "GAN, 10 min", "VAE, 10 min")


class Judge:
    """A network in training, and rows that it has not seen."""

    def __init__(self, task, x_test, y_test):
        rng = np.random.default_rng(task.seed)
        held = np.zeros(len(task.y), "bool")
        for label in range(CLASSES):
            mine = rng.permutation(np.flatnonzero(task.y == label))
            held[mine[: max(1, round(0.2 * len(mine)))]] = True
        self.judges = {"held-out rows": (task.x[held], task.y[held]), "test rows": (x_test, y_test)}
        self._x, self._y, self._rng, self.done = task.x[~held], task.y[~held], rng, 0
        self._of_class = [np.flatnonzero(self._y == label) for label in range(CLASSES)]
        keras.utils.set_random_seed(task.seed)
        self._model = classifier([augmentation(task.data)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._model.compile(keras.optimizers.Adam(5e-3), loss)

    def batch(self):
        """Every class equally often."""
        labels = self._rng.integers(CLASSES, size=2 * BATCH)
        return self._x[[self._rng.choice(self._of_class[label]) for label in labels]], labels

    def train(self, steps):
        while self.done < steps:
            self._model.train_on_batch(*self.batch())
            self.done += 1

    def predict(self, x):
        return keras.ops.convert_to_numpy(tf.nn.softmax(self._model.predict(x, batch_size=500, verbose=0)))

    def branch(self, batches, rows=None):
        """Predictions of the judges after some steps; `rows` are put in the place of each batch's second half."""
        variables = [*self._model.variables, *self._model.optimizer.variables]
        before = [variable.numpy() for variable in variables]
        for number, (x, labels) in enumerate(batches):
            if rows is not None:
                x = np.concatenate([x[:BATCH], rows[number * BATCH : (number + 1) * BATCH]])
            self._model.train_on_batch(x, labels)
        found = {name: self.predict(x) for name, (x, _) in self.judges.items()}
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        return found


def losses(probabilities, labels):
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-3))


def balanced(change, labels):
    """Mean over the classes and its standard error."""
    groups = [change[labels == label] for label in range(CLASSES)]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (len(change) - CLASSES)
    return np.mean([group.mean() for group in groups]), np.sqrt(sum(within / len(group) for group in groups)) / CLASSES


def measure(task, x_test, y_test, steps, names):
    """A line for each source."""
    judge, seeds = Judge(task, x_test, y_test), np.random.default_rng(task.seed + 1)
    sources = {name: GRADED[name](task).balancer.synthesizer for name in names}
    looks = {name: {which: [] for which in judge.judges} for name in names}
    changes = {name: {which: [] for which in judge.judges} for name in names}
    asked = np.repeat(np.arange(1, CLASSES), 100).astype("int32")
    for stop in steps:
        judge.train(stop)
        batches = [judge.batch() for _ in range(BRANCH)]
        labels = np.concatenate([of[BATCH:] for _, of in batches]).astype("int32")
        usual = judge.branch(batches)
        real = {which: judge.predict(x) for which, (x, _) in judge.judges.items()}
        for name, source in sources.items():
            seed = tf.constant(int(seeds.integers(2**31)), "int64")
            generated = judge.predict(np.asarray(source.sample(tf.constant(asked), seed=seed)))
            rows = np.asarray(source.sample(tf.constant(np.maximum(labels, 1)), seed=seed))
            rows = np.where((labels > 0)[:, None, None, None], rows, np.concatenate([x[BATCH:] for x, _ in batches]))
            after = judge.branch(batches, rows)
            for which, (_, y) in judge.judges.items():
                looks[name][which].append(fidelity(real[which], y, generated, asked))
                changes[name][which].append(losses(after[which], y) - losses(usual[which], y))
        print(f"{task.data}, step {stop}", flush=True)
    for name in names:
        line = {"data": task.data, "seed": task.seed, "source": name}
        for which, (_, y) in judge.judges.items():
            seen = mean_of(looks[name][which])
            line[which] = {"misfits": [float(value) for value in seen.misfits], "diversity": seen.diversity}
            line[which]["change"] = [float(value) for value in balanced(np.mean(changes[name][which], axis=0), y)]
        yield line


def table(lines):
    head = ["source", "do not belong, %: held-out rows", "test rows", "variance of predictions: held-out rows"]
    head += ["change of the log loss: held-out rows", "test rows"]
    text = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for line in lines:
        held, test = line["held-out rows"], line["test rows"]
        percent = [f"{100 * part['misfits'][0]:.0f} ± {100 * part['misfits'][1]:.0f}" for part in (held, test)]
        change = [f"{part['change'][0]:+.4f} ± {part['change'][1]:.4f}" for part in (held, test)]
        text.append("| " + " | ".join([line["source"], *percent, f"{held['diversity']:.2f}", *change]) + " |")
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=["mnist", "fashion", "digits"], default="digits")
    parser.add_argument("--folder", type=pathlib.Path, help="of MNIST's idx files, instead of Keras's cache")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="a few steps and sources, to see that it runs")
    options = parser.parse_args()
    x, y, x_test, y_test = load(options.data, options.folder)
    task = Task.drawn(options.data, x, y, class_counts(options.data, "longtail"), 0, 1500)
    names = [name for name in GRADED if name not in LEFT_OUT]
    steps = STEPS
    if options.smoke:
        steps, names = (2, 4), ["oracle", "bad: noise"]
    lines = list(measure(task, x_test, y_test, steps, names))
    origin = provenance()
    note = f"{options.data}, long tail, seed 0, {len(task.y)} rows, stops after {', '.join(map(str, steps))} steps."
    publish("gate", options.out, f"{heading(origin)}\n{note}\n\n{table(lines)}", {**origin, "lines": lines})


if __name__ == "__main__":
    main()
