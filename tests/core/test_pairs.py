"""Pairs (image, mask): a mask is seen by its dtype and its size, and moves; floats of that size are refused."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

# The mask is what is bright in the image, so both show after any move whether they went together.
BRIGHT = np.random.default_rng(0).random((6, 12, 10)) < 0.4
IMAGES = np.where(BRIGHT[..., None], 200, 10).repeat(3, -1).astype("uint8")
KINDS = pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "uint16"])
CHANNELS = pytest.mark.parametrize("channel", [False, True], ids=["", "channel"])


def moving():
    return layers.Pipeline([layers.RandomFlip(), layers.RandomRot90(), layers.RandomCrop(8, 6)], seed=1)


def masks(dtype, channel):
    return (BRIGHT[..., None] if channel else BRIGHT).astype(dtype)


def assert_together(x, y, dtype, channel):
    """Of a batch."""
    assert y.dtype == dtype
    assert tuple(y.shape) == tuple(x.shape[:-1]) + (1,) * channel
    np.testing.assert_array_equal(np.reshape(y, x.shape[:-1]).astype(bool), np.asarray(x)[..., 0] > 100)


@KINDS
@CHANNELS
def test_eager(dtype, channel):
    x, y = moving()(IMAGES, masks(dtype, channel))
    assert x.shape == (6, 8, 6, 3)
    assert_together(x, y, dtype, channel)
    one, mask = moving()(IMAGES[0], masks(dtype, channel)[0])
    assert_together(one[None], mask[None], dtype, channel)


@CHANNELS
@pytest.mark.parametrize("unknown", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize("batched", [False, True], ids=["single", "batch"])
def test_in_a_dataset(channel, unknown, batched):
    """With sizes that are known and sizes that are not, as of decoded files."""
    dtype = "bool" if batched else "int32"
    data = tf.data.Dataset.from_tensor_slices((IMAGES, masks(dtype, channel)))
    if unknown:
        free = lambda t: tf.TensorSpec([None, None, *t.shape[2:]], t.dtype)
        spec = tuple(map(free, data.element_spec))
        files = data
        data = tf.data.Dataset.from_generator(lambda: iter(files), output_signature=spec)
    layer = layers.RandomFlip(seed=1)
    data = data.batch(6).map(layer) if batched else data.map(layer).batch(6)
    (x, y), *_ = data
    assert_together(x, y, dtype, channel)


def test_triples_and_channels_first():
    weight = np.linspace(0, 1, 6)
    x, y, w = moving()(IMAGES, masks("int32", False), weight)
    assert_together(x, y, "int32", False)
    np.testing.assert_array_equal(w, weight)
    layer = layers.RandomFlip(seed=1, data_format="channels_first")
    for channel in (False, True):
        given = BRIGHT[:, None] if channel else BRIGHT
        x, y = layer(np.moveaxis(IMAGES, -1, 1), given)
        assert y.shape == given.shape
        np.testing.assert_array_equal(np.reshape(y, BRIGHT.shape), x[:, 0] > 100)


def test_of_videos():
    """The mask of every frame."""
    clips, mask = (t.reshape(2, 3, *t.shape[1:]) for t in (IMAGES, BRIGHT))
    x, y = layers.RandomFlip(modality="video", seed=1)(clips, mask)
    np.testing.assert_array_equal(y, np.asarray(x)[..., 0] > 100)


ADVICE = (
    r'RandomFlip: `labels` must not be floats of the images\' size: write \{"images": x, "segmentation_masks": y\} for '
    r'a mask that moves along, or \{"images": x, "target": y\} for something that stays'
)


@CHANNELS
def test_floats_are_refused_with_the_dictionary_to_write(channel):
    floats = masks("float32", channel)
    with pytest.raises(ValueError, match=ADVICE):
        layers.RandomFlip()(IMAGES, floats)
    with pytest.raises(ValueError, match=ADVICE):
        tf.data.Dataset.from_tensor_slices((IMAGES, floats)).batch(3).map(layers.RandomFlip())
    # What the advice says works.
    moved = layers.RandomFlip(seed=1)({"images": IMAGES, "segmentation_masks": floats})
    assert_together(moved["images"], moved["segmentation_masks"], "float32", channel)
    kept = layers.RandomFlip(seed=1)({"images": IMAGES, "target": floats})
    np.testing.assert_array_equal(kept["target"], floats)
    # A layer that moves nothing has nothing to ask.
    np.testing.assert_array_equal(layers.RandomBrightness(0.2)(IMAGES, floats)[1], floats)


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(6),
        np.eye(6, dtype="int32"),
        np.arange(6 * 12 * 4).reshape(6, 12, 4),
        np.linspace(0, 1, 6 * 5 * 4, dtype="float32").reshape(6, 5, 4),
    ],
    ids=["classes", "one-hot", "other size", "floats of another size"],
)
def test_what_is_no_mask_stays(labels):
    np.testing.assert_array_equal(layers.RandomFlip(seed=1)(IMAGES, labels)[1], labels)
