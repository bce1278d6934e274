"""A partition of space into cells, by k-means.

Not scikit-learn's: a result is not to hang on which other packages are at hand.
"""

import numpy as np

from keras_augsynth.ops.neighbors import neighbors


def kmeans(rows: np.ndarray, cells: int, rng: np.random.Generator, rounds: int = 50) -> np.ndarray:
    """The centers of at most `cells` cells, `(cells, d)`: Lloyd's algorithm from the start of k-means++.

    Reference:
        Arthur, Vassilvitskii: k-means++: the advantages of careful seeding. SODA 2007.
    """
    centers = rows[[rng.integers(len(rows))]]
    while len(centers) < cells:
        squares = neighbors(rows, centers)[0][:, 0]
        if squares.sum() == 0.0:  # fewer different rows than cells
            break
        centers = np.vstack([centers, rows[rng.choice(len(rows), p=squares / squares.sum())]])
    owner = None
    for _ in range(rounds):
        last, owner = owner, neighbors(rows, centers)[1][:, 0]
        if last is not None and np.array_equal(owner, last):
            break
        for k in np.unique(owner):  # a cell that has lost all its rows keeps its center
            centers[k] = rows[owner == k].mean(axis=0)
    return centers
