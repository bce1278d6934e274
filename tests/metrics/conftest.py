import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """1797 real images, 8 x 8, in random order: (x, y)."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].reshape(-1, 8, 8, 1).astype("float32"), y[order]


@pytest.fixture(scope="session")
def thirds(digits):
    """Three disjoint sets of real rows, 599 each."""
    return np.split(digits[0].reshape(len(digits[0]), -1).astype("float64"), 3)
