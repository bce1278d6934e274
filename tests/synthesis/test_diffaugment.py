import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from keras_augsynth import synthesis


def test_translation_is_a_shift_with_zeros(rng):
    images = rng.normal(size=(20, 16, 12, 2)).astype("float32")
    layer = synthesis.DiffAugment(["translation"], translation=0.25, seed=1)
    result = layer(images).numpy()
    shifts = set()
    for image, moved in zip(images, result, strict=True):
        fits = [
            (down, right)
            for down in range(-4, 5)
            for right in range(-3, 4)
            if np.allclose(ndimage.shift(image, (down, right, 0), order=0), moved, atol=1e-6)
        ]
        assert len(fits) == 1
        shifts.add(fits[0])
    assert len(shifts) > 10


def test_cutout_blanks_a_square(rng):
    images = np.ones((50, 16, 16, 1), "float32")
    result = synthesis.DiffAugment(["cutout"], cutout=0.5, seed=1)(images).numpy()
    hole = result[..., 0] == 0
    rows, columns = hole.any(2).sum(1), hole.any(1).sum(1)
    np.testing.assert_array_equal(hole.sum((1, 2)), rows * columns)
    assert rows.max() in (7, 8) and columns.max() in (7, 8)


def test_color_changes_color_only(rng):
    images = rng.normal(size=(4, 6, 6, 3)).astype("float32")
    result = synthesis.DiffAugment(["color"], seed=1)(images).numpy()
    centered = lambda x: (x - x.mean((1, 2, 3), keepdims=True)).mean(-1).ravel()
    for k in range(4):
        first, second = centered(images[k : k + 1]), centered(result[k : k + 1])
        assert np.corrcoef(first, second)[0, 1] > 0.999  # the gray picture keeps its shape


def test_gradients_of_both_orders_inside_xla(rng):
    images = tf.constant(rng.normal(size=(2, 8, 8, 1)), tf.float32)

    layer = synthesis.DiffAugment(seed=1)

    def second_order(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(layer({"images": x, "sample_ids": [0, 1]}, training=True)["images"] ** 3)
            norm = tf.reduce_sum(inner.gradient(total, x) ** 2)
        return outer.gradient(norm, x)

    plain = second_order(images)
    assert np.abs(plain).max() > 0
    np.testing.assert_allclose(tf.function(second_order, jit_compile=True)(images), plain, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: synthesis.DiffAugment("color"), TypeError, "DiffAugment: `policy` must be a list"),
        (lambda: synthesis.DiffAugment(["flip"]), ValueError, "DiffAugment: `policy` must be one of"),
        (lambda: synthesis.DiffAugment(cutout=2.0), ValueError, "DiffAugment: `cutout` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
