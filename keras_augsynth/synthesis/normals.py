"""Mixtures of normal densities, one for each class."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_choice, check_value_range, wrong
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.synthesis.covariances import spread
from keras_augsynth.synthesis.fitted import FittedSynthesizer, check_numbers
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any
# Weights (K,), means (K, d) and covariances (K, d, d) of a class.
Mixture = tuple[np.ndarray, np.ndarray, np.ndarray]


class NormalMixtures(FittedSynthesizer):
    """Has a mixture of K normal densities for each class; subclasses say how it is estimated.

    Columns may have units of any size: each is divided by its standard deviation first, and what is estimated is put
    back into its unit. A column that is constant in a class stays exactly that: it is left out of the class's density,
    which is of the other columns and zero (its logarithm -inf) where the column has another value.
    """

    def __init__(self, value_range: Sequence[float] | None):
        self.value_range = None if value_range is None else check_value_range(self, value_range)

    def fit(self, x: Any, y: Any, missing: str = "error", **kwargs: Any) -> Self:
        """Estimates the densities.

        Args:
            x: array `(N, ...)` of numbers.
            y: integer labels `(N,)`.
            missing: "error" refuses rows with NaN, "drop" leaves them out.

        Raises:
            ValueError: for NaN that is not to be dropped, and infinity.
        """
        check_choice(self, missing, "missing", ("error", "drop"))
        if missing == "drop":
            x, y = check_samples(self, x, y)
            there = ~np.isnan(x).reshape(len(x), -1).any(axis=1) if x.dtype.kind == "f" else slice(None)
            x, y = x[there], y[there]
        x, y = check_numbers(self, x, y, self._advice)
        flat = x.reshape(len(x), -1).astype("float64")
        counts = np.bincount(y)
        features, parts = flat.shape[1], self._parts
        state = {
            "counts": counts,
            "sample": np.zeros((0, *x.shape[1:]), x.dtype),
            "weights": np.zeros((len(counts), parts)),
            "means": np.zeros((len(counts), parts, features)),
            "scales": np.zeros((len(counts), features)),
            "covariances": np.zeros((len(counts), parts, features, features)),
        }
        centers = np.zeros((len(counts), features))
        for label in np.flatnonzero(counts):
            centers[label] = _center(flat[y == label])
        for sources, targets in self._groups(counts, features):
            group = np.isin(y, sources)
            centered = flat[group] - centers[y[group]]
            scales = spread(centered)
            varying = scales > 0.0
            state["scales"][targets], state["weights"][targets, 0] = scales, 1.0
            state["means"][targets] = centers[targets, None]
            if varying.any():
                units = centered[:, varying] / scales[varying]
                weights, means, covariances = self._estimate(units, int(targets[0]))
                block = np.ix_(varying, varying)
                for label in targets:  # (NumPy puts what is picked by lists first)
                    state["weights"][label, : len(weights)] = weights
                    state["means"][label, : len(weights), varying] += (means * scales[varying]).T
                    state["covariances"][label, : len(weights), *block] = covariances.transpose(1, 2, 0)
        self.restore(state)
        return self

    _advice = 'drop the rows that are not, by `missing="drop"`'
    _parts = 1
    """The most densities of a class."""

    def _groups(self, counts: np.ndarray, features: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(classes whose rows are learned from together, classes that get the result around their own means)."""
        for label in np.flatnonzero(counts):
            yield np.array([label]), np.array([label])

    def _estimate(self, units: np.ndarray, label: int) -> Mixture:
        """A mixture of at most `_parts` densities for rows `(n, d)`, every column of mean 0 and variance 1."""
        raise NotImplementedError

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Draws from the densities.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the dtype of the data; whole numbers are rounded.
        """
        labels = self._checked_labels(labels)
        tables = self._tables
        count, features = ops.shape(labels)[0], tables["means"].shape[-1]
        _, rng = random_for(seed, count)
        part = labels * self._parts + rng.categorical(ops.take(tables["weights"], labels, axis=0))
        noise = ops.cast(rng.normal(shape=(features,)), "float64")

        def add(k: Tensor, drawn: Tensor) -> Tensor:
            made = ops.take(tables["means"], k, axis=0) + ops.matmul(noise, ops.take(tables["factors"], k, axis=0))
            return ops.where(ops.equal(part, k)[:, None], made, drawn)

        # One density after the other, over all rows: a matrix for each row would take N times their memory.
        drawn = ops.fori_loop(0, tables["means"].shape[0], add, ops.zeros_like(noise))
        if self.value_range is not None:
            drawn = ops.clip(drawn, *self.value_range)
        return to_dtype(ops.reshape(drawn, (-1, *self._sample.shape[1:])), self._sample.dtype.name)

    def log_prob(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The logarithm of the density.

        Args:
            x: `(N, ...)`, samples.
            labels: integers `(N,)`; None: of any class, each as likely as it was in the data.

        Returns:
            float64 `(N,)`.
        """
        labels = None if labels is None else self._checked_labels(labels, "log_prob")
        squared, tables = self._squared_distances(x, "log_prob"), self._tables
        shares = tables["log_weights"] if labels is not None else tables["log_weights"] + tables["log_frequencies"]
        parts = ops.transpose(shares + tables["log_norms"] - squared / 2.0)
        if labels is None:
            return ops.logsumexp(parts, axis=-1)
        parts = ops.reshape(parts, (-1, self.num_classes, self._parts))
        return ops.logsumexp(ops.take_along_axis(parts, labels[:, None, None], axis=1)[:, 0], axis=-1)

    def _squared_distances(self, x: Tensor, method: str) -> Tensor:
        """Mahalanobis distances of samples to each density, squared, `(densities, N)`."""
        self._must_be_fitted(method)
        x, shape = ops.convert_to_tensor(x), self._sample.shape[1:]
        if tuple(x.shape[1:]) != shape:
            raise wrong(self, "x", f"be samples (N, {', '.join(map(str, shape))})", tuple(x.shape))
        # In the data's own precision, in which a constant column can be met exactly.
        x = ops.cast(x, self._sample.dtype.name) if self._sample.dtype.kind == "f" else x
        x = ops.cast(ops.reshape(x, (-1, math.prod(shape))), "float64")

        def to_one(density: tuple[Tensor, Tensor, Tensor]) -> Tensor:
            mean, whitening, constant = density
            off = x - mean
            squared = ops.sum(ops.square(ops.matmul(off, whitening)), axis=1)
            return ops.where(ops.any(ops.not_equal(off, 0.0) & constant, axis=1), np.inf, squared)

        return ops.map(to_one, tuple(self._tables[name] for name in ("means", "whitenings", "constant")))

    @property
    def _tables(self) -> dict[str, Tensor]:
        return {name: ops.convert_to_tensor(table) for name, table in self._variables.items()}

    def state(self) -> dict[str, np.ndarray]:
        return self._state

    def layout(self) -> dict[str, Stored]:
        parts = ("classes", self._parts)
        return {
            "counts": Stored("i", ("classes",), 0),
            "sample": Stored("biuf", (0, "*")),
            "weights": Stored("f", parts, 0.0, 1.0),
            "means": Stored("f", (*parts, "features")),
            "scales": Stored("f", ("classes", "features"), 0.0),
            "covariances": Stored("f", (*parts, "features", "features")),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Takes the densities' parameters, and works out what is needed to draw and to measure."""
        weights, covariances = state["weights"], state["covariances"]
        parts, features = weights.size, covariances.shape[-1]
        if math.prod(state["sample"].shape[1:]) != features:
            raise wrong(self, "sample", f"have {features} numbers, as the means have", state["sample"].shape)
        flat = covariances.reshape(parts, features, features)
        scales = state["scales"].repeat(self._parts, axis=0)
        factors, whitenings = np.zeros_like(flat), np.zeros_like(flat)
        varying = np.diagonal(flat, axis1=1, axis2=2) > 0.0
        log_norms = -0.5 * math.log(2.0 * math.pi) * varying.sum(axis=1)
        for k in range(parts):
            block = (k, *np.ix_(varying[k], varying[k]))
            root, scale = np.linalg.cholesky(flat[block]), scales[k, varying[k]]
            factors[block], whitenings[block] = root.T * scale, np.linalg.inv(root).T / scale[:, None]
            log_norms[k] -= np.log(np.diagonal(root)).sum() + np.log(scale).sum()
        with np.errstate(divide="ignore"):
            frequencies = np.log(state["counts"] / state["counts"].sum()).repeat(self._parts)
            log_weights = np.log(weights.ravel())
        tables = {
            "weights": weights,
            "log_weights": log_weights[:, None],
            "log_frequencies": frequencies[:, None],
            "log_norms": log_norms[:, None],
            "means": state["means"].reshape(parts, features),
            "factors": factors,
            "whitenings": whitenings,
            "constant": ~varying,
        }
        self._variables = {name: tf.Variable(table, trainable=False) for name, table in tables.items()}
        self._state, self._sample, self.class_counts = state, state["sample"], state["counts"]
        self.num_classes = len(self.class_counts)


def _center(rows: np.ndarray) -> np.ndarray:
    """The mean of each column; of a constant column exactly its value."""
    return np.where(np.ptp(rows, axis=0) > 0.0, rows.mean(axis=0), rows[0])
