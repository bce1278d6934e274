"""Nearest neighbours: exact, in blocks, so that memory stays bounded."""

import numpy as np

_CHUNK = 16
_BLOCK = 2**19  # 4 MB of distances: about a processor's cache


def nearest(
    points: np.ndarray, k: int, of: np.ndarray | None = None, block: int = _BLOCK
) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest neighbours of points among the others, by Euclidean distance, nearest first.

    A point is not its own neighbour; one that equals it may be. NumPy, in float64: this runs once for data that
    are at hand, and XLA would sort whole rows of distances where a partial selection is enough.

    Args:
        points: `(N, d)`, any numbers.
        k: how many, from 0 to N - 1.
        of: integers `(Q,)`, the points whose neighbours are wanted; None: all of them.
        block: distances to hold at a time.

    Returns:
        int32 `(Q, k)`, the neighbours' places in `points`, and float64 `(Q, k)`, their squared distances.
    """
    points = np.asarray(points, "float64")
    points = points - points.mean(axis=0)  # far from the origin, the products below would lose digits
    count, features = points.shape
    # One product gives 2ab - |b|^2, which is larger for the closer of two b. Chunks are filled up with points that
    # are infinitely far away.
    columns = -(-count // _CHUNK) * _CHUNK
    others = np.zeros((features + 1, columns))
    others[:-1, :count] = 2.0 * points.T
    others[-1] = -np.inf
    others[-1, :count] = -np.square(points).sum(axis=1)
    queries = np.concatenate([points, np.ones((count, 1))], axis=1)

    of = np.arange(count) if of is None else np.asarray(of)
    rows = max(1, block // columns)
    memory = np.empty((min(rows, len(of)), columns))
    places, squared = np.empty((len(of), k), "int32"), np.empty((len(of), k))
    for start in range(0, len(of), rows):
        part = slice(start, start + rows)
        own = of[part]
        closeness = np.matmul(queries[own], others, out=memory[: len(own)])
        places[part], score = _closest(closeness, own, k)
        squared[part] = np.square(points[own]).sum(axis=1, keepdims=True) - score
    return places, np.maximum(squared, 0.0)


def _closest(closeness: np.ndarray, own: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of the `k` largest numbers in each row, itself left out, and the numbers."""
    # The k + 1 largest lie in the k + 1 chunks that have the largest leaders.
    chunks = closeness.reshape(len(own), _CHUNK, -1)
    strides = chunks.shape[2] * np.arange(_CHUNK)
    leading = _largest(chunks.max(axis=1), min(k + 1, chunks.shape[2]))
    places = (leading[:, None] + strides[:, None]).reshape(len(own), -1)
    best = _largest(np.take_along_axis(closeness, places, axis=1), k + 1)
    places = np.take_along_axis(places, best, axis=1)
    # The point itself goes; among more than k points that are equal it may not have come.
    itself = places == own[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    places = places[~itself].reshape(len(own), k)
    scores = np.take_along_axis(closeness, places, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Places of the `count` largest in each row, in any order."""
    return np.argpartition(values, -count, axis=1)[:, -count:]
