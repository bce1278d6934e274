"""Distances between rows and nearest neighbours: exact, a block at a time, so that memory stays small.

NumPy, in float64: this runs once for data that are at hand, and XLA would sort whole rows of distances where a partial
selection is enough.
"""

from collections.abc import Iterator

import numpy as np

_BLOCK = 2**21  # distances at once: 16 MB
_GROUPS = 128


class Distances:
    """The squared Euclidean distances of `queries` `(N, d)` and `points` `(M, d)`, never all at once.

    A block comes from one product of matrices, which is fast but off in the last digits. What hangs on equality
    (copies, ties) is computed again from differences, which are exactly 0 where rows are equal.
    """

    def __init__(self, queries: np.ndarray, points: np.ndarray):
        self.queries, self.points = (np.asarray(rows, "float64") for rows in (queries, points))
        center = self.points.mean(axis=0)  # far from the origin the products would cancel
        q, p = self.queries - center, self.points - center
        q_norms, p_norms = (np.einsum("nd,nd->n", rows, rows) for rows in (q, p))
        # |q|² - 2 q·p + |p|² as one product of matrices, which goes over the block once.
        self._left = np.column_stack([-2.0 * q, q_norms, np.ones(len(q))])
        self._right = np.column_stack([p, np.ones(len(p)), p_norms]).T
        largest = q_norms.max(initial=0.0) + p_norms.max()
        self.slack = 8.0 * np.finfo("float64").eps * self._left.shape[1] * largest
        """How far a block may be off."""

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows of the matrix, (which ones, their squared distances to all points); each block replaces the last."""
        count = min(len(self.queries), max(1, _BLOCK // len(self.points)))
        memory = np.empty((count, len(self.points)))
        for start in range(0, len(self.queries), max(count, 1)):
            rows = slice(start, min(start + count, len(self.queries)))
            yield rows, np.matmul(self._left[rows], self._right, out=memory[: rows.stop - start])

    def exact(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """The squared distances of pairs (query i, point j)."""
        i, j = np.broadcast_arrays(i, j)
        result = np.empty(i.shape)
        step = max(1, _BLOCK // self.queries.shape[1])
        for start in range(0, i.size, step):
            part = slice(start, start + step)
            difference = self.queries[i.flat[part]] - self.points[j.flat[part]]
            result.flat[part] = np.einsum("nd,nd->n", difference, difference)
        return result


def neighbors(
    queries: np.ndarray, points: np.ndarray, k: int = 1, *, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest points of each query, by Euclidean distance, nearest first.

    Args:
        queries: `(N, d)`, any numbers.
        points: `(M, d)`.
        k: how many, from 0 to M, or to M - 1 with `own`.
        own: integers `(N,)`: which point each query itself is. It is no neighbour of its own; one that equals it
            may be.

    Returns:
        Squared distances and places among the points, `(N, k)`.
    """
    if not k or not len(queries):
        return np.empty((len(queries), k)), np.empty((len(queries), k), "int64")
    distances = Distances(queries, points)
    found = [_candidates(rows, block, k, distances.slack, own) for rows, block in distances.blocks()]
    i, j = (np.concatenate(part) for part in zip(*found, strict=True))
    squares = distances.exact(i, j)
    order = np.lexsort([j, squares, i])
    starts = np.searchsorted(i, np.arange(len(queries)))  # `i` ascends
    first = order[starts[:, None] + np.arange(k)]
    return squares[first], j[first]


def among_themselves(points: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """What `neighbors` finds for each of the points among the others."""
    return neighbors(points, points, k, own=np.arange(len(points)))


def nearest_distance(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The distance of each query to its nearest point, `(N,)`."""
    return np.sqrt(neighbors(queries, points)[0][:, 0])


def _candidates(
    rows: slice, block: np.ndarray, k: int, slack: float, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (query, point) among which are each query's k nearest, most of the time without any others.

    The k-th smallest of the minima of groups of points is no smaller than the k-th distance of all, and found by
    looking at each number once, where a partial sort would move them.
    """
    if own is not None:
        block[np.arange(len(block)), own[rows]] = np.inf
    groups = max(_GROUPS, 8 * k)
    if block.shape[1] > 2 * groups:
        whole = block[:, : block.shape[1] // groups * groups]
        minima = whole.reshape(len(block), -1, groups).min(axis=1)
    else:
        minima = block
    bound = np.partition(minima, k - 1, axis=1)[:, k - 1 : k]
    # Not infinite: a row is no candidate for itself, even if it is the only one.
    near = block <= np.minimum(bound + 2.0 * slack, np.finfo("float64").max)
    i, j = np.divmod(np.flatnonzero(near), block.shape[1])
    return i + rows.start, j
