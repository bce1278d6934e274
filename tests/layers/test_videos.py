"""Videos: one draw for a clip, carried out alike in all frames; noise differs from frame to frame.

The reference is the layer for images, with the same ids and so the same draw, on every frame.
"""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import registry

IDS, FRAMES = np.arange(4), 3
SERVING = [cls for cls in registry.layers("video") if not cls.mixes]
# Their noise is drawn for every frame; erasing is filled with noise where nothing else is said.
NOISE = {
    layers.RandomErasing,
    layers.RandomGaussianNoise,
    layers.RandomISONoise,
    layers.RandomRain,
    layers.RandomSaltAndPepper,
    layers.RandomShotNoise,
    layers.RandomSpeckleNoise,
}
# One change for the whole clip, which depends on what is in all frames.
BY_THE_CLIP = {
    layers.AutoContrast,
    layers.Equalization,
    layers.HistogramMatching,
    layers.RandomColorJitter,
    layers.RandomContrast,
}
POLICIES = {layers.AugMix, layers.AutoAugment, layers.RandAugment, layers.TrivialAugmentWide}
GEOMETRIC = [cls for cls in SERVING if issubclass(cls, layers.Geometric)]

# One layer of each way is looked at by default, the others in the full tier.
BY_DEFAULT = {layers.RandomRotation, layers.RandomElasticTransform, layers.RandomCrop, layers.RandomBrightness}
BY_DEFAULT |= {layers.RandomGaussianNoise, layers.RandomGaussianBlur, layers.CoarseDropout, layers.RandAugment}
BY_DEFAULT |= {layers.AutoContrast, layers.HistogramMatching}


def of(classes):
    return pytest.mark.parametrize(
        "cls",
        [pytest.param(cls, id=cls.__name__, marks=[pytest.mark.full] * (cls not in BY_DEFAULT)) for cls in classes],
    )


@pytest.fixture(scope="module")
def clips():
    """Frames that differ from each other, uint8 `(4, 3, 20, 18, 3)`."""
    noise = np.random.default_rng(0).normal(size=(len(IDS) * FRAMES, 20, 18, 3))
    smooth = np.stack([cv2.GaussianBlur(n, (0, 0), 1.5) for n in noise]) * 200 + 128
    return smooth.clip(0, 255).astype("uint8").reshape(len(IDS), FRAMES, 20, 18, 3)


def changed(layer, key, data, **more):
    return layer({key: data, "sample_ids": IDS, "epoch": 0, **more}, training=True)


def make(cls, **arguments):
    return cls(seed=3, **cls.at_strength(0.5), **arguments)


@of(SERVING)
def test_every_frame_is_changed_alike(cls, clips):
    """A picture that stands still goes on standing still, as the layer for images changes it; noise moves."""
    layer, still = make(cls), np.repeat(clips[:, :1], FRAMES, axis=1)
    result = changed(layer, "videos", still)["videos"].numpy()
    assert np.array_equal(result[:, 1], result[:, 0]) == (cls not in NOISE)
    if cls not in NOISE:
        image = changed(layer, "images", still[:, 0])["images"]
        np.testing.assert_allclose(result[:, 0], image, atol=1e-3)


@of([cls for cls in SERVING if cls not in NOISE | BY_THE_CLIP | POLICIES])
def test_frames_are_images(cls, clips):
    layer = make(cls)
    result = changed(layer, "videos", clips)["videos"].numpy()
    for frame in range(FRAMES):
        expected = changed(layer, "images", clips[:, frame])["images"]
        np.testing.assert_allclose(result[:, frame], expected, atol=1e-3)


def companions(frames):
    """Masks, boxes and points of every frame, each another one; the last box is padding."""
    rng = np.random.default_rng(1)
    low = rng.uniform(2, 8, (len(IDS), frames, 2, 2))
    labels = np.broadcast_to([5, -1], (len(IDS), frames, 2))
    return {
        "segmentation_masks": rng.integers(0, 4, (len(IDS), frames, 20, 18)).astype("int32"),
        "bounding_boxes": {
            "boxes": np.concatenate([low, low + rng.uniform(2, 8, low.shape)], -1).astype("float32"),
            "labels": labels.copy(),
        },
        "keypoints": rng.uniform(4, 14, (len(IDS), frames, 3, 2)).astype("float32"),
    }


def assert_all_equal(found, expected):
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


@of([*GEOMETRIC, layers.CoarseDropout, layers.RandAugment])
def test_companions_of_every_frame(cls, clips):
    """Masks `(N, T, H, W)`, boxes `(N, T, B, 4)` and points `(N, T, P, 2)` are those of the images, frame by frame."""
    layer, beside = make(cls), companions(FRAMES)
    result = changed(layer, "videos", clips, **beside)
    for frame in range(FRAMES):
        of_frame = tf.nest.map_structure(lambda t, frame=frame: t[:, frame], beside)
        image = changed(layer, "images", clips[:, frame], **of_frame)
        found = {name: tf.nest.map_structure(lambda t, frame=frame: t[:, frame], result[name]) for name in of_frame}
        assert_all_equal(found, {name: image[name] for name in of_frame})


@pytest.mark.parametrize("cls", [layers.MixUp, layers.CutMix, layers.Mosaic], ids=lambda cls: cls.__name__)
def test_mixed_videos(cls, clips):
    """With their labels, and masks and boxes of every frame."""
    layer, beside = cls(num_classes=4, seed=2), companions(FRAMES)
    del beside["keypoints"]
    result = changed(layer, "videos", clips, labels=IDS, **beside)
    for frame in range(FRAMES):
        of_frame = tf.nest.map_structure(lambda t, frame=frame: t[:, frame], beside)
        image = changed(layer, "images", clips[:, frame], labels=IDS, **of_frame)
        np.testing.assert_allclose(result["videos"][:, frame], image["images"], atol=1e-3)
        np.testing.assert_allclose(result["labels"], image["labels"], atol=1e-6)
        found = {name: tf.nest.map_structure(lambda t, frame=frame: t[:, frame], result[name]) for name in of_frame}
        assert_all_equal(found, {name: image[name] for name in of_frame})


def test_one_video_with_its_companions(clips):
    layer, beside = layers.RandomRotation(0.2, seed=1), companions(FRAMES)
    data = {"videos": clips, **beside, "sample_ids": IDS, "epoch": 0}
    one = tf.nest.map_structure(lambda t: t[2], {**data, "epoch": np.zeros(4, int)})
    single, batch = layer(one, training=True), layer(data, training=True)
    for name in ("videos", *beside):
        assert_all_equal(single[name], tf.nest.map_structure(lambda t: t[2], batch[name]))


def test_videos_in_a_dataset(clips):
    """With unknown numbers of frames and sizes; as a bare tensor a video must be named."""
    layer = layers.Pipeline([layers.RandomRotation(0.2), layers.Resizing(9, 9), layers.RandomBrightness(0.2)], seed=1)
    spec = {"videos": tf.TensorSpec((None, None, None, 3), tf.uint8)}
    data = tf.data.Dataset.from_generator(lambda: iter([{"videos": clip} for clip in clips]), output_signature=spec)
    (batch,) = data.map(layer).batch(4)
    assert batch["videos"].shape == (4, FRAMES, 9, 9, 3)
    with pytest.raises(ValueError, match=r'as \{"videos": …\} or \{"volumes": …\}, or by `modality=`'):
        layer(clips)
    named = layers.RandomRotation(0.2, modality="video", seed=1)
    assert named(clips).shape == clips.shape


@pytest.mark.parametrize(
    "cls", [layers.RandomHue, layers.RandomJPEG, layers.RandomISONoise, layers.HistogramMatching], ids=str
)
def test_errors_name_what_was_given(cls, clips):
    two = clips[..., :2]
    for key in ("images", "videos"):
        with pytest.raises(ValueError, match=rf"{cls.__name__}: `{key}` must have (1 or )?3 channel"):
            changed(make(cls), key, two if key == "videos" else two[:, 0])
    with pytest.raises(ValueError, match=r"RandomChannelDropout: `volumes` must have more than"):
        layers.RandomChannelDropout((2, 2))({"volumes": two}, training=True)
    with pytest.raises(ValueError, match=r"one number for each of the 2 channels of the videos"):
        layers.RandomErasing(1.0, fill_value=[1, 2, 3])({"videos": two}, training=True)
