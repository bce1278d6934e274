"""Ranks of numbers.

Not SciPy's, nor its tests: a result is not to hang on which other packages are at hand, and these are a few lines.
"""

import numpy as np


def midranks(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rank of each value, from 1, equal values sharing theirs; and how often each different value comes."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse.ravel()], counts
