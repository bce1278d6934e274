"""Are samples good for training? The classification accuracy score."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.metrics.arrays import check_pair, check_rows
from keras_augsynth.metrics.classifier import classifier, train
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.statistics import share_error

LEAST = 5  # rows of a class in the test set
Pair = tuple[Any, Any]


def classification_score(
    real: Pair,
    synthetic: Pair,
    test: Pair,
    *,
    build: Callable[[tuple[int, ...], int], keras.Model] | None = None,
    steps: int = 600,
    batch_size: int = 64,
    seed: int = 0,
) -> dict[str, Result]:
    """The recall, class by class, of a classifier that was trained on real, on synthetic, and on both kinds of rows.

    Each training has the same number of steps, the same initial weights and the same seed. What is tested on is real
    and was not trained on: what counts is whether "real+synthetic" is above "real".

    Args:
        real: `(x, y)` for training, with integer labels `(N,)`.
        synthetic: `(x, y)`.
        test: `(x, y)`, real rows that neither the classifier nor the synthesizer has seen.
        build: a function of the shape of a sample and the number of classes that returns a new classifier, with logits
            or a softmax at its end, compiled or not. Its initial weights are its own: seed its initializers to have the
            same score again. None: a small network for the shape at hand, convolutional where there are axes for it.
        steps: of each training.
        batch_size: rows in a step.
        seed: of initial weights and order of rows.

    Returns:
        "real", "synthetic" and "real+synthetic": the mean recall on `test`, with `by_class`; "agreement": the mean
        share of synthetic rows that the classifier of real rows takes for their label. Classes with fewer than 5 rows
        to test on are left out; if all are, the result is not testable.

    Raises:
        ValueError: for samples of different shapes, or a class in `test` that is not in `real`.

    Example:

    >>> scores = classification_score((x, y), (x, y), (x, y), steps=2)
    >>> sorted(scores)
    ['agreement', 'real', 'real+synthetic', 'synthetic']

    Reference:
        Ravuri, Vinyals: Classification accuracy score for conditional generative models. NeurIPS 2019.
    """
    owner = "classification_score"
    (x, y), (fake_x, fake_y), (test_x, test_y) = (
        check_pair(owner, pair, name) for pair, name in ((real, "real"), (synthetic, "synthetic"), (test, "test"))
    )
    for name, samples in (("real", x), ("synthetic", fake_x), ("test", test_x)):
        check_rows(owner, samples, name)
        if samples.shape[1:] != x.shape[1:]:
            raise wrong(owner, name, f"have samples of shape {x.shape[1:]}, as `real` has", samples.shape)
    for name, labels in (("synthetic", fake_y), ("test", test_y)):
        unknown = np.setdiff1d(labels, y)
        if len(unknown):
            raise wrong(owner, name, "have only classes that `real` has", unknown.tolist())
    for argument, value in (("steps", steps), ("batch_size", batch_size)):
        check_integer(owner, value, argument, 1)
    seed = check_integer(owner, seed, "seed", 0, 2**31 - 1)
    classes = int(y.max()) + 1
    new = lambda: classifier(x, classes, seed=seed) if build is None else _built(build, x.shape[1:], classes)

    both = np.concatenate([x, fake_x.astype(x.dtype)]), np.concatenate([y, fake_y])
    scores = {}
    for name, data in (("real", (x, y)), ("synthetic", (fake_x, fake_y)), ("real+synthetic", both)):
        model = train(new(), *data, steps, batch_size, seed)
        scores[name] = _score(f"CAS {name}", model, test_x, test_y)
        if name == "real":
            scores["agreement"] = _score("agreement", model, fake_x, fake_y)
    return scores


def _built(build: Callable, shape: Sequence[int], num_classes: int) -> keras.Model:
    model = build(tuple(shape), num_classes)
    if not isinstance(model, keras.Model) or model.output_shape[-1] != num_classes:
        raise wrong(
            "classification_score", "build", f"return a Keras model with {num_classes} outputs", model, TypeError
        )
    return model


def _score(metric: str, model: keras.Model, x: np.ndarray, y: np.ndarray) -> Result:
    """Mean recall and that of each class; its error is that of counting test rows."""
    right = model.predict(x, batch_size=256, verbose=0).argmax(axis=-1) == y
    counts = {int(label): int(np.sum(y == label)) for label in np.unique(y)}
    recalls = {label: float(right[y == label].mean()) for label, count in counts.items() if count >= LEAST}
    if not recalls:
        reason = f"no class with {LEAST} rows to test on"
        return Result.not_testable(metric, model.name, min(counts.values()), reason)
    errors = [share_error(share, counts[label]) for label, share in recalls.items()]
    n = min(counts[label] for label in recalls)
    mean = float(np.mean(list(recalls.values())))
    return Result(metric, mean, model.name, n, error=float(np.linalg.norm(errors)) / len(errors), by_class=recalls)
