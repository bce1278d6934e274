"""SMOTE against imbalanced-learn's, from the data to the balanced set: python -m benchmarks.smote

Both search for the neighbours of the classes that they add to, and put the new rows behind the data. What they give
is checked first: the same number of rows of each class, the data unchanged in front, and new rows of the same mean
and spread; that they are equal row by row, given the same draws, is a test's business (tests/synthesis/test_smote.py).
"""

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)

from keras_augsynth import synthesis


def overlapping(counts, features):
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.normal(size=(len(y), features)) + 0.5 * y[:, None], y


def check(ours, theirs, x):
    for (made, labels), (other, other_labels) in ((ours, theirs),):
        np.testing.assert_array_equal(np.bincount(labels), np.bincount(other_labels))
        for label in np.unique(labels[len(x) :]):
            new, expected = (
                rows[len(x) :][classes[len(x) :] == label] for rows, classes in ((made, labels), (other, other_labels))
            )
            error = np.sqrt(2.0 / len(new)) * expected.std(axis=0)
            assert np.all(np.abs(new.mean(axis=0) - expected.mean(axis=0)) < 6.0 * error), label
            assert np.all(np.abs(new.std(axis=0) - expected.std(axis=0)) < 6.0 * error), label
    np.testing.assert_array_equal(ours[0][: len(x)], x)


def against_imbalanced_learn(counts, features, rounds):
    from imblearn import over_sampling

    x, y = overlapping(counts, features)
    ours = lambda: synthesis.SMOTE().fit_resample(x, y, seed=1)
    theirs = lambda: over_sampling.SMOTE(random_state=1).fit_resample(x, y)
    check(ours(), theirs(), x)
    return measure({"keras_augsynth": ours, "imbalanced-learn": theirs}, rounds)


def main():
    chosen = options(__doc__.splitlines()[0])
    total, features = (400, 5) if chosen.smoke else (20_000, 30)
    rounds = 1 if chosen.smoke else chosen.rounds
    tables = {}
    for shares in ((90, 10), (80, 15, 5)):
        counts = [total * share // 100 for share in shares]
        title = f"SMOTE, {total} x {features}, classes of {', '.join(f'{share} %' for share in shares)}"
        tables[title] = (against_imbalanced_learn(counts, features, rounds), "keras_augsynth")
    write("smote", chosen.out, tables)


if __name__ == "__main__":
    main()
