"""MixUp and CutMix of every kind of data, by hand from the parameters drawn; masks and boxes of volumes."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

IDS = np.arange(6)
SHAPES = {
    "images": (10, 12, 3),
    "videos": (3, 10, 12, 3),
    "volumes": (8, 10, 12, 2),
    "audio": (50,),
    "spectrograms": (20, 16),
    "features": (30,),
}
KINDS = pytest.mark.parametrize("key", SHAPES)
# Sounds and spectrograms may have channels behind their axes.
STEREO = {"audio": (50, 2), "spectrograms": (20, 16, 2)}


def mixed(layer, key, shape, **more):
    x = np.random.default_rng(0).normal(size=(6, *shape)).astype("float32")
    data = {key: x, "sample_ids": IDS, "epoch": 0, **more}
    result = layer(data, training=True)
    params = next(iter(layer.draw_params(IDS, shape=shape).values()))["params"]
    return x, result, {name: np.asarray(value) for name, value in params.items()}


@KINDS
@pytest.mark.parametrize("targets", ["classes", "numbers", "column"])
def test_mix_up(key, targets):
    modality = {"modality": {"features": "tabular"}.get(key, key.rstrip("s"))}
    layer = layers.MixUp(1.0, num_classes=3 if targets == "classes" else None, seed=2, **modality)
    labels = {
        "classes": np.array([0, 1, 2, 1, 0, 2]),
        "numbers": np.linspace(0, 1, 6, dtype="float32"),
        "column": np.linspace(-3, 9, 6, dtype="float32")[:, None],
    }[targets]
    x, result, params = mixed(layer, key, SHAPES[key], labels=labels)
    share, other = params["weights"][:, 0], params["sources"][:, 1]
    blend = lambda t: (share * t.T + (1 - share) * t[other].T).T
    np.testing.assert_allclose(result[key], blend(x), atol=1e-5)
    numbers = np.eye(3)[labels] if targets == "classes" else labels
    assert result["labels"].shape == numbers.shape
    np.testing.assert_allclose(result["labels"], blend(numbers), atol=1e-5)


@pytest.mark.parametrize(("key", "shape"), [*SHAPES.items(), *STEREO.items()])
def test_cut_mix(key, shape):
    """What comes from the other sample is a rectangle, a cuboid, a stretch of time, or columns; labels say how much."""
    kind = {"features": "tabular"}.get(key, key.rstrip("s"))
    x, result, params = mixed(layers.CutMix(seed=5, modality=kind), key, shape, labels=np.eye(6, dtype="float32"))
    axes = {"images": "yx", "videos": "yx", "volumes": "zyx", "audio": "x", "spectrograms": "yx", "features": ""}[key]
    for row in range(6):
        other, expected = params["sources"][row, 1], x[row].copy()
        window = tuple(slice(params[f"{axis}0"][row], params[f"{axis}1"][row]) for axis in axes)
        window = (slice(None), *window) if key == "videos" else window
        window = params["taken"][row] if key == "features" else window
        expected[window] = x[other][window]
        np.testing.assert_array_equal(result[key][row], expected)
        share = np.mean(expected != x[row])
        np.testing.assert_allclose(result["labels"].numpy()[row, [row, other]], [1 - share, share], atol=1e-6)


def test_masks_and_boxes_of_volumes():
    """Both kinds of mixing cut or keep them as the definitions say."""
    rng = np.random.default_rng(1)
    low = rng.integers(0, 5, (6, 2, 3))
    boxes = np.concatenate([low, low + rng.integers(2, 4, low.shape)], -1).astype("float32")
    masks = rng.integers(0, 3, (6, 8, 10, 12, 1))
    more = {
        "segmentation_masks": masks,
        "bounding_boxes": {"boxes": boxes, "labels": np.arange(12).reshape(6, 2)},
    }
    volume = lambda box: np.prod(np.maximum(box[3:] - box[:3], 0))
    _, result, params = mixed(layers.CutMix(seed=5, modality="volume"), "volumes", SHAPES["volumes"], **more)
    found, labels = (np.asarray(result["bounding_boxes"][name]) for name in ("boxes", "labels"))
    assert found.shape == (6, 4, 6) and set(np.unique(labels)) > {-1}
    for row in range(6):
        other, mask = params["sources"][row, 1], masks[row].copy()
        ends = {axis: (params[f"{axis}0"][row], params[f"{axis}1"][row]) for axis in "zyx"}
        window = tuple(slice(*ends[axis]) for axis in "zyx")
        mask[window] = masks[other][window]
        np.testing.assert_array_equal(result["segmentation_masks"][row], mask)
        start, end = (np.array([ends[axis][k] for axis in "xyz"]) for k in (0, 1))
        for k in range(2):
            own, theirs = boxes[row, k], boxes[other, k]
            inner = np.concatenate([np.maximum(theirs[:3], start), np.minimum(theirs[3:], end)])
            hidden = np.concatenate([np.maximum(own[:3], start), np.minimum(own[3:], end)])
            assert (labels[row, k] != -1) == (volume(hidden) < volume(own))
            assert (labels[row, 2 + k] != -1) == (volume(inner) > 0)
            if volume(inner) > 0:
                np.testing.assert_array_equal(found[row, 2 + k], inner)
    _, result, params = mixed(layers.MixUp(1.0, seed=5, modality="volume"), "volumes", SHAPES["volumes"], **more)
    np.testing.assert_array_equal(result["bounding_boxes"]["boxes"][:, 2:], boxes[params["sources"][:, 1]])
    stronger = np.where(params["weights"][:, 0] >= 0.5, IDS, params["sources"][:, 1])
    np.testing.assert_array_equal(result["segmentation_masks"], masks[stronger])


@pytest.mark.parametrize("layer", [layers.RandomGain, layers.MixUp, layers.CutMix])
def test_one_stereo_recording_is_refused(layer):
    """It is no batch of sounds of two steps, also where the number of steps is not known."""
    layer, advice = layer(modality="audio"), r"`audio` must be \(batch, time\).* single one as \(1, time, channels\)"
    with pytest.raises(ValueError, match=advice):
        layer(np.zeros((16000, 2), "float32"))
    recordings = tf.data.Dataset.from_generator(list, output_signature=tf.TensorSpec((None, 2), tf.float32))
    with pytest.raises(ValueError, match=advice):
        recordings.map(layer)
    assert layer(np.zeros((1, 40, 2), "float32")).shape == (1, 40, 2)
    assert layer(np.zeros((3, 5), "float32")).shape == (3, 5)


def test_one_spectrogram_of_two_channels_is_refused():
    with pytest.raises(ValueError, match=r"write a single one as \(1, time, frequency, channels\)"):
        layers.MixUp()({"spectrograms": np.zeros((100, 40, 2))}, training=True)
