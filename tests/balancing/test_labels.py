import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.labels import check_labels, count_classes, from_classes, to_classes

EYE = np.eye(3)


@pytest.mark.parametrize(
    "y",
    [
        [2, 0, 1],
        np.array([[2], [0], [1]], "uint8"),
        np.array([2.0, 0.0, 1.0], "float32"),
        tf.constant([2, 0, 1], "int64"),
        EYE[[2, 0, 1]],
        tf.constant(EYE[[2, 0, 1]], "float16"),
        np.array([[0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]]),
    ],
)
def test_labels_in_any_form(y):
    labels = check_labels("o", y, "y", 3)
    assert labels.tolist() == [2, 0, 1] and labels.dtype == "int64"
    assert count_classes("o", y).tolist() == [1, 1, 1]


def test_labels_that_are_booleans():
    assert check_labels("o", np.array([True, False]), "y", 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (
            np.array(["a"]),
            TypeError,
            r"class numbers, which names become by np.unique\(y",
        ),
        (np.array([1j]), TypeError, "be class numbers, or one-hot rows"),
        (np.zeros((2, 4, 4)), ValueError, "masks and other fields"),
        (np.array(1), ValueError, "have the shape"),
        (np.zeros(0), ValueError, "at least one label"),
        (np.array([0.5, 1.0]), ValueError, "regression"),
        (np.array([np.nan, 1.0]), ValueError, "regression"),
        (np.array([-1, 1]), ValueError, "regression"),
        (np.array([0, 3]), ValueError, "from 0 to 2"),
        (np.array([[1, 1, 0]]), ValueError, "several at once"),
        (np.array([[np.nan, 1, 0]]), ValueError, "several at once"),
        (np.eye(5), ValueError, "one-hot rows of 3 classes"),
    ],
)
def test_what_is_no_label(y, kind, message):
    with pytest.raises(kind, match=message):
        check_labels("o", y, "y", 3)


@pytest.mark.parametrize(("y", "form"), [(np.array([0, 1]), (3,)), (EYE, ()), (EYE, (1,))])
def test_labels_in_another_form_than_the_training_data(y, form):
    with pytest.raises(ValueError, match="in the form of the training data's"):
        check_labels("o", y, "y", 3, form)


@pytest.mark.parametrize(("y", "form"), [(np.array([0, 1]), (1,)), (np.array([[0], [1]]), ()), (EYE, (3,))])
def test_labels_in_the_form_of_the_training_data(y, form):
    assert len(check_labels("o", y, "y", 3, form)) == len(y)


DTYPES = ["int32", "uint8", "int64", "float32", "float16", "bool"]
FORMS = ["(N,)", "(N, 1)", "one-hot"]
XLA, FULL = pytest.mark.xla, pytest.mark.full


@pytest.mark.parametrize(
    ("form", "dtype", "jit_compile"),
    [
        *itertools.product(FORMS, DTYPES, [None, False]),
        pytest.param("one-hot", "float32", True, marks=XLA),
        *(
            pytest.param(*each, True, marks=[XLA, FULL])
            for each in itertools.product(FORMS, DTYPES)
            if each != ("one-hot", "float32")
        ),
    ],
)
def test_there_and_back(form, dtype, jit_compile):
    labels = np.array([1, 0, 1])
    y = {"(N,)": labels, "(N, 1)": labels[:, None], "one-hot": np.eye(2)[labels]}[form].astype(dtype)

    def both(y):
        found = to_classes("o", y, 2, checked=not jit_compile)
        return found, from_classes(found, y, 2)

    found, back = (both if jit_compile is None else tf.function(both, jit_compile=jit_compile))(tf.constant(y))
    assert found.dtype == "int32" and found.numpy().tolist() == labels.tolist()
    assert back.dtype == dtype and back.shape == y.shape
    np.testing.assert_array_equal(back, y)


@pytest.mark.parametrize(
    "y", [np.array([0, 2]), np.array([-1, 0]), np.array([0.5, 1.0]), np.array([np.nan]), np.ones((2, 2))]
)
def test_wrong_values_in_a_batch(y):
    check = tf.function(lambda y: to_classes("o", y, 2, checked=True))
    with pytest.raises(tf.errors.InvalidArgumentError, match="`y` must"):
        check(tf.constant(y))


@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 4)])
def test_wrong_shapes_in_a_batch(shape):
    with pytest.raises(ValueError, match="masks and other fields"):
        to_classes("o", tf.zeros(shape), 3, checked=False)
