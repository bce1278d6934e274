"""Imputation against scikit-learn's, strategy by strategy: python -m benchmarks.imputation

Both are fitted before the clock runs; what is timed is filling in all rows of another table. The results are compared
first: they are equal to 1e-5 of a column's standard deviation, or this stops.
"""

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)

from keras_augsynth import layers


def with_holes(rows, columns, seed):
    """Columns that hang together, a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) @ np.random.default_rng(0).normal(size=(columns, columns))
    return np.where(rng.random(x.shape) < 0.1, np.nan, x)


def against_scikit_learn(strategy, train, test, rounds):
    from sklearn.impute import KNNImputer, SimpleImputer

    imputer = (KNNImputer() if strategy == "knn" else SimpleImputer(strategy=strategy)).fit(train)
    layer = layers.Imputation(strategy, dtype="float64")
    layer.adapt(train)
    difference = (layer(test).numpy() - imputer.transform(test)) / np.nanstd(train, axis=0)
    np.testing.assert_allclose(difference, 0.0, atol=1e-5)
    return measure({"keras_augsynth": lambda: layer(test), "scikit-learn": lambda: imputer.transform(test)}, rounds)


def main():
    chosen = options(__doc__.splitlines()[0])
    rounds = 1 if chosen.smoke else chosen.rounds
    tables = {}
    for strategy in ("mean", "median", "most_frequent", "knn"):
        sizes = (2_000, 2_000, 20) if strategy == "knn" else (20_000, 100_000, 20)
        known, new, columns = (200, 100, 5) if chosen.smoke else sizes
        train, test = with_holes(known, columns, 1), with_holes(new, columns, 2)
        title = f'"{strategy}", {new} x {columns} by what {known} rows have taught'
        tables[title] = (against_scikit_learn(strategy, train, test, rounds), "keras_augsynth")
    write("imputation", chosen.out, tables, "Filled in alike, to 1e-5 of a column's standard deviation.")


if __name__ == "__main__":
    main()
