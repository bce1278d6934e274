"""Which vectors point in nearly the same direction."""

import numpy as np

from keras_augsynth.ops.neighbors import neighbors


def nearest(vectors: np.ndarray, top_n: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(the places of the `top_n` other vectors with the largest cosine, the cosines), `(R, top_n)`, largest first.

    Args:
        vectors: `(V, d)`.
        top_n: how many; there are fewer if there are fewer vectors.
        rows: integers `(R,)`, of which vectors; None: of all.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.arange(len(vectors)) if rows is None else rows
    # Between directions the squared distance is 2 - 2 cosine. What has none is at a right angle to all others.
    directions = np.column_stack([vectors / np.where(lengths > 0.0, lengths, 1.0), lengths == 0.0])
    squares, places = neighbors(directions[rows], directions, max(min(top_n, len(vectors) - 1), 0), own=rows)
    return places, ((1.0 - squares / 2.0) * (lengths[rows] > 0.0)).astype("float32")
