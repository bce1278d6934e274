"""`quality_report`: everything that can be said about a synthesizer's samples, class by class."""

from dataclasses import replace
from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.metrics.arrays import check_classes, check_pair, check_rows, check_samples, digest
from keras_augsynth.metrics.coverage import NAMES, prdc
from keras_augsynth.metrics.diversity import diversity, duplicates
from keras_augsynth.metrics.features import FeatureExtractor, Space
from keras_augsynth.metrics.fidelity import frechet_distance, frechet_floor, kernel_distance
from keras_augsynth.metrics.memorization import (
    authenticity,
    copies,
    data_copying,
    membership_inference,
    nearest_share,
)
from keras_augsynth.metrics.provenance import draw, fingerprint, software
from keras_augsynth.metrics.report import ALL, QualityReport
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.utility import classification_score

LEAST = 20
"""Rows of a class without which its distribution cannot be compared."""
PLAIN = ("FD", "FD floor", "KID", *NAMES, "diversity", "duplicates")
HELD_OUT = ("held-out authenticity", "nearest share", "C_T", "MIA auc", "MIA tpr")
TRAINED = ("CAS real", "CAS synthetic", "CAS real+synthetic", "agreement")


def quality_report(
    synthesizer: Any,
    x_real: Any,
    y_real: Any = None,
    holdout: Any = None,
    *,
    features: FeatureExtractor | None = None,
    per_class_n: int = 500,
    k: int = 5,
    steps: int = 600,
    seed: int = 0,
) -> QualityReport:
    """Measures samples against the data, class by class: fidelity, coverage, diversity, memorization, usefulness.

    Args:
        synthesizer: with `sample(labels, seed=…)`, or, if `y_real` is None, `sample(n=…, seed=…)`.
        x_real: the samples `(N, ...)` that it has learned from.
        y_real: their integer labels `(N,)`; None for an unconditional synthesizer.
        holdout: real `(x, y)` that it has not learned from, or `x` if there are no labels. Without it neither
            memorization (beyond near copies) nor the use for training is testable.
        features: where to compare; None: `FeatureExtractor.pca(64)`, fitted to `x_real`.
        per_class_n: samples drawn of each class, at least 20.
        k: neighbors of precision, recall, density and coverage.
        steps: of each training of the classification score; 0 leaves it out.
        seed: of everything that is drawn; the same seed gives the same report.

    Returns:
        A report. What has too few rows for a number is "not testable" in it.

    Raises:
        TypeError: for something that does not sample.
        ValueError: for samples that do not match the data or are not finite.

    Example:

    >>> report = quality_report(gan, x, y, per_class_n=20, steps=0)
    >>> report.table[0]["KID"].testable, report.card["content"]
    (False, 'synthetic')
    """
    owner = "quality_report"
    if not callable(getattr(synthesizer, "sample", None)):
        raise wrong(owner, "synthesizer", "have a method `sample(labels, seed)`", synthesizer, TypeError)
    x = check_samples(owner, x_real, "x_real")
    check_rows(owner, x, "x_real")
    y = np.zeros(len(x), "int64") if y_real is None else check_classes(owner, x, y_real, "y_real")
    held_x, held_y = _held_out(owner, holdout, x.shape[1:], conditional=y_real is not None)
    if features is not None and not isinstance(features, FeatureExtractor):
        raise wrong(owner, "features", "be a FeatureExtractor or None", features, TypeError)
    check_integer(owner, per_class_n, "per_class_n", LEAST)
    check_integer(owner, k, "k", 1)
    check_integer(owner, steps, "steps", 0)
    seed = check_integer(owner, seed, "seed", 0, 2**31 - 1)

    extract = FeatureExtractor.pca(64) if features is None else features
    extract = extract if extract.fitted else extract.fit(x)
    classes = [] if y_real is None else [int(label) for label in np.unique(y)]
    size = min(len(x), per_class_n * max(1, len(classes)))
    alike = y[np.random.default_rng(seed).choice(len(y), size, replace=False)]  # in the data's own proportions
    fake = {label: draw(synthesizer, np.full(per_class_n, label), per_class_n, seed) for label in classes}
    fake[ALL] = draw(synthesizer, alike if classes else None, size if classes else per_class_n, seed + 1)
    for samples in fake.values():
        if samples.shape[1:] != x.shape[1:]:
            raise wrong(owner, "synthesizer", f"make samples of shape {x.shape[1:]}, as `x_real` has", samples.shape)
        check_rows(owner, samples, "samples")

    real_rows, held_rows = extract(x), None if held_x is None else extract(held_x)
    table: dict[int | str, dict[str, Result]] = {}
    for label in fake:
        of = lambda rows, labels, label=label: rows if rows is None or label == ALL else rows[labels == label]
        sets = of(real_rows, y), of(held_rows, held_y), extract(fake[label])
        table[label] = _compared(Space(extract.name, extract.inception), *sets, k, seed)
    if steps and classes:
        synthetic = np.concatenate([fake[label] for label in classes]), np.repeat(classes, per_class_n)
        for score in _trained((x, y), synthetic, held_x, held_y, steps, seed):
            table[ALL][score.metric] = replace(score, by_class=None)
            for label in classes:
                table[label][score.metric] = _of_class(score, label)
    card = {
        "content": "synthetic",
        "synthesizer": {"class": type(synthesizer).__name__, **fingerprint(synthesizer, classes)},
        "data": {
            "sha256": digest(x, y),
            "shape": list(x.shape),
            "classes": {str(label): int(np.sum(y == label)) for label in classes},
            "holdout_sha256": None if held_x is None else digest(held_x, held_y),
            "holdout_rows": 0 if held_x is None else len(held_x),
        },
        "software": software(),
        "settings": {
            "features": extract.name,
            "features_sha256": extract.fingerprint,
            "per_class_n": per_class_n,
            "k": k,
            "steps": steps,
        },
        "seed": seed,
        "metrics": {str(label): {name: r.to_dict() for name, r in row.items()} for label, row in table.items()},
    }
    report = QualityReport(table, card)
    card["memorized"] = {str(label): report.memorized(label) for label in table}
    return report


def _held_out(owner: str, holdout: Any, shape: tuple[int, ...], conditional: bool) -> tuple[Any, Any]:
    """Held-out samples and labels; without classes all are of class 0."""
    if holdout is None:
        return None, None
    if conditional:
        x, y = check_pair(owner, holdout, "holdout")
    else:
        x = check_samples(owner, holdout, "holdout")
        y = np.zeros(len(x), "int64")
    check_rows(owner, x, "holdout")
    if x.shape[1:] != shape:
        raise wrong(owner, "holdout", f"have samples of shape {shape}, as `x_real` has", x.shape)
    return x, y


def _compared(
    space: Space, real: np.ndarray, held: np.ndarray | None, fake: np.ndarray, k: int, seed: int
) -> dict[str, Result]:
    """All that features tell of one class."""
    rng, n = np.random.default_rng(seed), min(len(real), len(fake))
    some = lambda rows, count: rows[rng.choice(len(rows), count, replace=False)]
    if n < LEAST:
        reason = f"{n} rows where {LEAST} are needed"
        results = [Result.not_testable(name, space.name, n, reason) for name in PLAIN]
    else:
        equal = some(real, n), some(fake, n)  # most of these hang on how many rows there are
        half = min(len(real) // 2, n)  # at which the data can be compared with themselves
        results = [
            frechet_distance(*(some(rows, half) for rows in equal), features=space),
            frechet_floor(real, half, seed, features=space),
            kernel_distance(*equal, 20, min(n, 1000), seed, features=space),
            *prdc(*equal, k, features=space).values(),
            diversity(*equal, features=space),
            duplicates(*equal, features=space),
        ]
    results += [copies(real, fake, features=space), authenticity(real, fake, features=space)]
    if held is None or not len(held):
        results += [Result.not_testable(name, space.name, 0, "no held-out rows") for name in HELD_OUT]
    else:
        results += [
            replace(authenticity(real, held, features=space), metric="held-out authenticity"),
            nearest_share(real, held, fake, features=space),
            data_copying(real, held, fake, seed=seed, features=space),
            *membership_inference(real, held, fake, features=space).values(),
        ]
    return {result.metric: result for result in results}


def _trained(real: Any, synthetic: Any, held_x: Any, held_y: Any, steps: int, seed: int) -> list[Result]:
    """What classifiers tell."""
    known = [] if held_x is None else np.isin(held_y, real[1])
    if not np.any(known):
        return [Result.not_testable(name, "classifier", 0, "no held-out rows") for name in TRAINED]
    test = held_x[known], held_y[known]
    return list(classification_score(real, synthetic, test, steps=steps, seed=seed).values())


def _of_class(score: Result, label: int) -> Result:
    """One class's part of a mean over classes."""
    if score.by_class is None or label not in score.by_class:
        reason = score.reason or "too few held-out rows"
        return Result.not_testable(score.metric, score.features, 0, reason)
    return replace(score, value=score.by_class[label], error=None, by_class=None)
