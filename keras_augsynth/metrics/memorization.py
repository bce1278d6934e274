"""Are samples new, or training data again?

None of these is a proof of privacy. What is closer to the training data than held-out data are is memorized; what is
not may still give its training data away to an attack that nobody has tried.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.metrics.features import FeatureExtractor, in_space
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.statistics import area_under_curve, mann_whitney, share_error
from keras_augsynth.ops.cells import kmeans
from keras_augsynth.ops.neighbors import nearest_distance, neighbors

LEAST = 20
"""Rows of a set without which there is no test."""
LEAST_FOR_PERCENT = 100
"""Held-out rows of which 1 % is one."""


def copies(train: Any, fake: Any, tolerance: float = 0.1, *, features: FeatureExtractor | str | None = None) -> Result:
    """The share of samples that are almost a training row.

    Almost: closer to it than `tolerance` times what it is away from the nearest other training row. A row that the
    data have several times can be nobody's copy.

    Args:
        train: `(N, ...)`, what the synthesizer has learned from.
        fake: `(M, ...)`.
        tolerance: from above 0 to 1.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The share. It is not testable with a single training row.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> train = np.random.default_rng(0).normal(size=(100, 4))
    >>> copies(train, train[:30])
    copies[raw4] = 1.000 ± 0.032 (n=30)
    """
    check_number("copies", tolerance, "tolerance", 1e-9, 1.0)
    space, train, fake = in_space("copies", features, train=train, fake=fake)
    if len(train) < 2:
        return Result.not_testable("copies", space.name, 1, "a single training row has no distance from others")
    squares, indices = neighbors(fake, train)
    share = float(np.mean(np.sqrt(squares[:, 0]) < tolerance * _gaps(train, indices[:, 0])))
    return Result("copies", share, space.name, min(len(train), len(fake)), error=share_error(share, len(fake)))


def authenticity(train: Any, fake: Any, *, features: FeatureExtractor | str | None = None) -> Result:
    """The share of samples that are farther from their nearest training row than that is from its nearest other one.

    Compare it with the authenticity of held-out rows, which is what new data get; copies get 0.

    Args:
        train: `(N, ...)`, what the synthesizer has learned from.
        fake: `(M, ...)`.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The share. It is not testable with fewer than 20 training rows.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> train, fresh = np.random.default_rng(0).normal(size=(2, 200, 4))
    >>> authenticity(train, train) < 0.1 < authenticity(train, fresh)
    True

    Reference:
        Alaa et al.: How faithful is your synthetic data? ICML 2022.
    """
    space, train, fake = in_space("authenticity", features, train=train, fake=fake)
    n = min(len(train), len(fake))
    if len(train) < LEAST:
        reason = f"{len(train)} training rows where {LEAST} are needed"
        return Result.not_testable("authenticity", space.name, n, reason)
    squares, indices = neighbors(fake, train)
    share = float(np.mean(np.sqrt(squares[:, 0]) > _gaps(train, indices[:, 0])))
    return Result("authenticity", share, space.name, n, error=share_error(share, len(fake)))


def nearest_share(train: Any, holdout: Any, fake: Any, *, features: FeatureExtractor | str | None = None) -> Result:
    """The share of samples whose nearest real row is a training row, were there as many held-out ones.

    0.5 is fair, 1 is what copies get. The error is the one that the split into training and held-out rows
    makes by chance, so that 0.5 ± 3 errors can be.

    Args:
        train: `(N, ...)`, what the synthesizer has learned from.
        holdout: `(M, ...)`, real rows that it has not seen.
        fake: `(L, ...)`.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The share. It is not testable with fewer than 20 rows in a set.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> train, holdout, fake = np.random.default_rng(0).normal(size=(3, 200, 4))
    >>> nearest_share(train, holdout, fake) < 0.7 < nearest_share(train, holdout, train)
    True
    """
    space, train, holdout, fake = in_space("nearest_share", features, train=train, holdout=holdout, fake=fake)
    if refusal := _too_few("nearest share", space.name, train=train, holdout=holdout, fake=fake):
        return refusal
    rows, trained = np.concatenate([train, holdout]), len(train)
    total, others = len(rows), len(holdout)
    squares, owner = neighbors(fake, rows)
    # Among rows that are equally near, half a sample goes to each side if both sides have one.
    other_side = np.where(owner[:, 0] < trained, neighbors(fake, holdout)[0][:, 0], neighbors(fake, train)[0][:, 0])
    tied = squares[:, 0] == other_side
    share = np.mean(np.where(tied, 0.5, owner[:, 0] < trained))
    balanced = share * others / (share * others + (1.0 - share) * trained)
    # Had the rows been split otherwise, each would keep the samples it has: the variance of a draw without replacement.
    weights = np.bincount(owner[:, 0], minlength=total) / len(fake)
    variance = trained * others / (total**2 * (total - 1)) * max(total * np.sum(weights**2) - 1.0, 0.0)
    error = np.sqrt(variance) * total**2 / (4.0 * trained * others)
    n = min(trained, others, len(fake))
    return Result("nearest share", float(balanced), space.name, n, error=float(error))


def data_copying(
    train: Any,
    holdout: Any,
    fake: Any,
    cells: int | None = None,
    seed: int = 0,
    *,
    features: FeatureExtractor | str | None = None,
) -> Result:
    """The test C_T: far below 0, samples are closer to the training rows than held-out rows are; far above, farther.

    Space is split into cells by k-means of the training rows. In each, a Mann-Whitney test compares the distances to
    the nearest training row; the standard scores are averaged, weighted by the cells' held-out rows.

    Args:
        train: `(N, ...)`, what the synthesizer has learned from.
        holdout: `(M, ...)`, real rows that it has not seen.
        fake: `(L, ...)`.
        cells: how many; None: one for every 40 held-out rows, from 1 to 10.
        seed: of k-means.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The score, with the error that it has for fair samples: below -3 errors is copying. Cells with fewer than 20
        samples, or without held-out rows, do not count. It is not testable with fewer than 20 rows in a set, or if no
        cell counts.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> train, holdout, fake = np.random.default_rng(0).normal(size=(3, 200, 4))
    >>> data_copying(train, holdout, train + 0.01) < -3 < data_copying(train, holdout, fake)
    True

    Reference:
        Meehan, Chaudhuri, Dasgupta: A non-parametric test to detect data-copying in generative models. AISTATS 2020.
    """
    if cells is not None:
        check_integer("data_copying", cells, "cells", 1)
    check_integer("data_copying", seed, "seed", 0, 2**31 - 1)
    space, train, holdout, fake = in_space("data_copying", features, train=train, holdout=holdout, fake=fake)
    if refusal := _too_few("C_T", space.name, train=train, holdout=holdout, fake=fake):
        return refusal
    cells = min(max(len(holdout) // 40, 1), 10) if cells is None else cells
    centers = kmeans(train, cells, np.random.default_rng(seed))
    owners = [neighbors(rows, centers)[1][:, 0] for rows in (train, holdout, fake)]
    scores, weights = [], []
    for cell in range(len(centers)):
        known, fresh, made = (rows[owner == cell] for rows, owner in zip((train, holdout, fake), owners, strict=True))
        if len(made) >= LEAST and len(fresh) and len(known):
            scores.append(mann_whitney(nearest_distance(made, known), nearest_distance(fresh, known)))
            weights.append(len(fresh))
    n = min(len(train), len(holdout), len(fake))
    if not scores:
        return Result.not_testable("C_T", space.name, n, f"no cell with {LEAST} samples and held-out rows")
    weights = np.array(weights) / np.sum(weights)
    return Result("C_T", float(weights @ scores), space.name, n, error=float(np.sqrt(np.sum(weights**2))))


def membership_inference(
    train: Any,
    holdout: Any,
    fake: Any = None,
    *,
    score: Callable[[Any], Any] | None = None,
    features: FeatureExtractor | str | None = None,
) -> dict[str, Result]:
    """How well an attacker tells rows that were trained on from rows that were not.

    The attacker takes a row for a training row if a sample is near it or, with `score`, if that is high: a
    discriminator often gives its training data away.

    Args:
        train: `(N, ...)`, what the synthesizer has learned from.
        holdout: `(M, ...)`, real rows that it has not seen.
        fake: `(L, ...)`, what the attacker has; not needed with `score`.
        score: a function of samples that returns numbers `(N,)` or `(N, 1)`, higher for training rows.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        "auc", the area under the attacker's curve, 0.5 for a guess; and "tpr", the share of training rows that are
        found out while 1 % of the held-out rows are accused: 0.01 for a guess. They are not testable with fewer than 20
        rows in a set, "tpr" with fewer than 100 held-out rows.

    Raises:
        ValueError: if neither `fake` nor `score` is given, or for values that are not finite.

    Example:

    >>> train, holdout, fake = np.random.default_rng(0).normal(size=(3, 200, 4))
    >>> membership_inference(train, holdout, train)
    {'auc': MIA auc[raw4] = 1.000 ± 0.000 (n=200), 'tpr': MIA tpr[raw4] = 1.0000 ± 0.0050 (n=200)}

    Reference:
        Hayes et al.: LOGAN: membership inference attacks against generative models. PETS 2019. Hilprecht et al.: Monte
        Carlo and reconstruction membership inference attacks against generative models. PETS 2019. Carlini et al.:
        Membership inference attacks from first principles. S&P 2022.
    """
    owner = "membership_inference"
    if score is not None:
        members, others = (_scores(owner, score, rows) for rows in (train, holdout))
        name, sets = getattr(score, "name", "score"), {"train": members, "holdout": others}
    elif fake is None:
        raise wrong(owner, "fake", "be given where `score` is not", fake)
    else:
        space, train, holdout, fake = in_space(owner, features, train=train, holdout=holdout, fake=fake)
        name, sets = space.name, {"train": train, "holdout": holdout, "fake": fake}
        members, others = -nearest_distance(train, fake), -nearest_distance(holdout, fake)
    if refusal := _too_few("MIA auc", name, **sets):
        return {"auc": refusal, "tpr": Result.not_testable("MIA tpr", name, refusal.n, str(refusal.reason))}
    n = min(len(rows) for rows in sets.values())
    area, error = area_under_curve(members, others)
    auc = Result("MIA auc", area, name, n, error=error)
    if len(others) < LEAST_FOR_PERCENT:
        reason = f"{len(others)} held-out rows where {LEAST_FOR_PERCENT} are needed for 1 %"
        return {"auc": auc, "tpr": Result.not_testable("MIA tpr", name, n, reason)}
    threshold = np.sort(others)[::-1][len(others) // 100]
    found = float(np.mean(members > threshold))
    return {"auc": auc, "tpr": Result("MIA tpr", found, name, n, error=share_error(found, len(members)))}


def _gaps(rows: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """How far some of the rows are from the nearest other one."""
    different, inverse = np.unique(indices, return_inverse=True)
    return np.sqrt(neighbors(rows[different], rows, own=different)[0][:, 0])[inverse]


def _scores(owner: str, score: Callable[[Any], Any], rows: Any) -> np.ndarray:
    scores = np.asarray(score(rows), "float64").reshape(-1)
    if len(scores) != len(rows) or not np.all(np.isfinite(scores)):
        raise wrong(owner, "score", "return one finite number for each row", f"{len(scores)} for {len(rows)} rows")
    return scores


def _too_few(metric: str, features: str, **sets: np.ndarray) -> Result | None:
    """The answer if a set is too small for a test."""
    names = {"train": "training rows", "holdout": "held-out rows", "fake": "samples"}
    smallest = min(sets, key=lambda name: len(sets[name]))
    n = len(sets[smallest])
    if n >= LEAST:
        return None
    return Result.not_testable(metric, features, n, f"{n} {names[smallest]} where {LEAST} are needed")
