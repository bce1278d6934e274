"""Huge numbers, texts and sizes, from a user or from a policy file, are refused before anything is computed."""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda n: layers.RandAugment(num_ops=n), "RandAugment: `num_ops` must be an integer from 0 to 100"),
        (lambda n: layers.AugMix(num_chains=n), "AugMix: `num_chains` must be an integer from 1 to 100"),
        (lambda n: layers.AugMix(chain_depth=n), "AugMix: `chain_depth` must be an integer from 1 to 100"),
        (lambda n: layers.RandomGaussianBlur(kernel_size=n + 1), "RandomGaussianBlur: `kernel_size` must be an int"),
        (lambda n: layers.RandomMotionBlur(kernel_size=n), "RandomMotionBlur: `kernel_size` must be a finite number"),
        (lambda n: layers.RandomMedianBlur(kernel_size=n), "RandomMedianBlur: `kernel_size` must be"),
        (lambda n: layers.RandomDefocus(radius=n), "RandomDefocus: `radius` must be a finite number from 0.0 to 15.0"),
        (lambda n: layers.RandomGridDistortion(num_steps=n), "RandomGridDistortion: `num_steps` must be an integer"),
        (lambda n: layers.RandomThinPlateSpline(num_control_points=n), "`num_control_points` must be an integer from"),
        (lambda n: layers.RandomElasticTransform(scale=n), "RandomElasticTransform: `scale` must be"),
        (lambda n: layers.RandomCrop(n, 8), "RandomCrop: `height` must be an integer from 1 to 32768"),
        (lambda n: layers.CenterCrop(8, n), "CenterCrop: `width` must be an integer from 1 to 32768"),
        (lambda n: layers.RandomResizedCrop(n, n), "RandomResizedCrop: `height` must be an integer from 1 to 32768"),
        (lambda n: layers.Equalization(bins=n), "Equalization: `bins` must be an integer from 2 to 65536"),
        (lambda n: layers.CoarseDropout(num_holes=n), "CoarseDropout: `num_holes` must be an integer from 1 to 1000"),
        (lambda n: layers.RandomShadow(num_shadows=n), "RandomShadow: `num_shadows` must be an integer from 1 to 100"),
        (lambda n: layers.RandomRain(density=n), "RandomRain: `density` must be a finite number from"),
        (lambda n: layers.TrivialAugmentWide(num_magnitude_bins=n), "`num_magnitude_bins` must be an integer from"),
    ],
)
@pytest.mark.parametrize("number", [10**9, 10**400], ids=["large", "beyond float"])
def test_what_costs_memory_or_time_has_a_bound(build, message, number):
    with pytest.raises(ValueError, match=message) as refused:
        build(number)
    assert len(str(refused.value)) < 700


def text_of(config, name="Pipeline", **top):
    return json.dumps({"class_name": name, "config": config, **top})


def nested(depth):
    text = text_of({}, "RandomFlip")
    for _ in range(depth):
        text = '{"class_name": "Pipeline", "config": {"layers": [' + text + "]}}"
    return text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 10_000 + "]" * 10_000, "`text` must be nested less deeply"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "`text` must be nested less deeply"),
        (nested(300), "`text` must be nested less deeply"),
        (text_of({"layers": [], "p": 10**400}), "Pipeline: `p` must be a finite number from 0.0 to 1.0"),
        ('{"class_name": "Pipeline", "config": {"layers": [], "seed": 1' + "0" * 5000 + "}}", "Exceeds the limit"),
        (text_of({"layers": [], "dtype": "zzz"}), "Pipeline: `config` must be what the layer takes"),
        (text_of({"layers": [], "name": [1]}), "Pipeline: `config` must be what the layer takes"),
        (text_of({"layers": [], "trainable": "yes"}), "Pipeline: `config` must be what the layer takes"),
        ('{"class_name": "Pipeline", "config": {"layers": [], "p": 1, "p": 0}}', 'the key "p" stands there twice'),
        (text_of({}, "R" * 5_000_000), "Pipeline: `class_name` must be a layer that version"),
        (text_of({"layers": [], "data_format": "R" * 5_000_000}), "Pipeline: `data_format` must be one of"),
        (text_of({"layers": [], "R" * 5_000_000: 1}), "must be one of its arguments"),
        ("{" + ('"' + "R" * 5_000_000 + '": 1, ') * 2 + '"a": 1}', "stands there twice"),
        ("{" + ", ".join(f'"{k}": 1' for k in range(100_000)) + "}", "with a `class_name`"),
        ("x" * 5_000_000, "Pipeline: `text` must be JSON"),
    ],
    ids=[
        *("lists", "dictionaries", "pipelines", "p", "digits", "dtype", "name", "trainable", "twice"),
        *("class name", "choice", "argument", "long key", "keys", "no JSON"),
    ],
)
def test_policy_files(text, message):
    with pytest.raises((TypeError, ValueError), match=message) as refused:
        layers.Pipeline.from_json(text)
    assert len(str(refused.value)) < 1200


def test_a_deep_policy_is_still_read():
    assert isinstance(layers.Pipeline.from_json(nested(50)).layers[0], layers.Pipeline)


CHANNELS = [
    layers.RandomBrightness(0.1),
    layers.RandomContrast(0.1),
    layers.RandomInvert(),
    layers.RandomChannelDropout(),
    layers.RandomGaussianBlur(),
    layers.RandomCrop(6, 6),
    layers.RandomElasticTransform(),
    layers.CutMix(),
    layers.Pipeline([layers.RandomRotation(0.1), layers.RandomBrightness(0.1), layers.Rescaling(2.0)]),
]


@pytest.mark.parametrize("layer", CHANNELS, ids=lambda layer: type(layer).__name__)
def test_graphs_do_not_grow_with_the_channels(layer):
    """What is traced is what is compiled: hundreds of bands cost no more than a few."""

    def operations(channels):
        traced = tf.function(lambda x: layer(x, training=True), autograph=False)
        return len(traced.get_concrete_function(tf.TensorSpec([2, 10, 12, channels])).graph.get_operations())

    assert operations(120) <= 1.1 * operations(3)


def test_hundreds_of_channels_are_changed_like_a_few():
    x = np.random.default_rng(0).random((2, 5, 6, 120)).astype("float32")
    data = {"images": x, "sample_ids": np.arange(2)}
    layer = layers.RandomContrast(0.5, value_range=(0, 1), seed=1)
    few = layer({**data, "images": x[..., 40:43]}, training=True)["images"]
    np.testing.assert_allclose(layer(data, training=True)["images"][..., 40:43], few, atol=1e-5)
