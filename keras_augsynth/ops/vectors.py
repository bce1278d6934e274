"""Which vectors point in nearly the same direction."""

import numpy as np


def nearest(vectors: np.ndarray, top_n: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(the places of the `top_n` other vectors with the largest cosine, the cosines), `(R, top_n)`, largest first.

    Args:
        vectors: `(V, d)`.
        top_n: how many; there are fewer if there are fewer vectors.
        rows: integers `(R,)`, of which vectors; None: of all.
    """
    unit = vectors.astype("float32") / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    rows = np.arange(len(vectors)) if rows is None else rows
    top_n = min(top_n, len(vectors) - 1)
    places, cosines = np.zeros((len(rows), top_n), "int64"), np.zeros((len(rows), top_n), "float32")
    for first in range(0, len(rows) if top_n else 0, 1024):
        block = rows[first : first + 1024]
        similarity = unit[block] @ unit.T
        similarity[np.arange(len(block)), block] = -np.inf
        near = np.argpartition(-similarity, top_n - 1, axis=1)[:, :top_n]
        near = np.take_along_axis(near, np.argsort(-np.take_along_axis(similarity, near, 1), axis=1), 1)
        places[first : first + 1024], cosines[first : first + 1024] = near, np.take_along_axis(similarity, near, 1)
    return places, cosines
