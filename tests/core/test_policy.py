import json

import keras
import numpy as np
import pytest
from properties import Case

from keras_augsynth import __version__, layers
from keras_augsynth.core import registry


@keras.saving.register_keras_serializable(package="elsewhere")
class Foreign(keras.layers.Layer):
    def call(self, x):
        return x + 1.0

    def compute_output_shape(self, shape):
        return shape


class Mine(layers.Augmentation):
    def __init__(self, offset=1.0, **kwargs):
        super().__init__(**kwargs)
        self.offset = offset

    def apply(self, x, params):
        return x + self.offset


def nested(case):
    kind = layers.Pipeline if case.make().active_in_inference else layers.OneOf
    return layers.Pipeline([kind([case.make(seed=None)], name="inner")], seed=11)


@pytest.mark.parametrize("layer", registry.layers(), ids=lambda layer: layer.__name__)
def test_every_layer_survives(layer):
    text = nested(Case(layer)).to_json()
    assert layers.Pipeline.from_json(text).to_json() == text


@pytest.mark.full
@pytest.mark.parametrize("layer", registry.layers(), ids=lambda layer: layer.__name__)
def test_every_layer_draws_as_before(layer):
    pipeline = nested(case := Case(layer))
    again = layers.Pipeline.from_json(pipeline.to_json())
    np.testing.assert_array_equal(pipeline(case.inputs), again(case.inputs))


def test_text_is_readable_and_says_what_wrote_it():
    pipeline = layers.Pipeline(
        [
            layers.RandomRotation(0.1),
            layers.SomeOf([layers.RandomBrightness(0.2), layers.RandomHue(0.1)], n=1),
            keras.layers.AveragePooling2D(2),
            layers.Normalization(mean=[1.0], variance=np.array([2.0])),
        ],
        seed=5,
        dtype="mixed_float16",
    )
    text = pipeline.to_json()
    content = json.loads(text)
    assert content["keras_augsynth"] == __version__
    assert content["config"]["seed"] == 5
    assert content["config"]["dtype"] == "mixed_float16"
    rotation, chosen, pooling, _ = content["config"]["layers"]
    assert rotation["class_name"] == "RandomRotation"
    assert rotation["config"]["factor"] == [-0.1, 0.1]
    assert [part["class_name"] for part in chosen["config"]["layers"]] == ["RandomBrightness", "RandomHue"]
    assert pooling["module"] == "keras.layers"
    assert text.startswith('{\n  "keras_augsynth": "')
    again = layers.Pipeline.from_json(text)
    assert again.compute_dtype == "float16"
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
    np.testing.assert_array_equal(pipeline(images), again(images))


def test_layers_from_elsewhere():
    pipeline = layers.Pipeline([Mine(2.0), Foreign()])
    again = layers.Pipeline.from_json(pipeline.to_json())
    np.testing.assert_array_equal(again(np.zeros((1, 2, 2, 1), "float32")), np.full((1, 2, 2, 1), 3.0))


def test_what_was_learned_is_not_forgotten_silently():
    learned = layers.Normalization()
    learned.adapt(np.ones((4, 2, 2, 1)))
    with pytest.raises(ValueError, match=r"Pipeline: `layers` must have learned nothing .* Received: layers=\["):
        layers.Pipeline([learned]).to_json()
    banks = layers.HistogramMatching(np.arange(24.0).reshape(2, 2, 2, 3))  # known from the arguments
    assert layers.Pipeline.from_json(layers.Pipeline([banks]).to_json()).layers[0].weights


def changed(change):
    content = json.loads(layers.Pipeline([layers.RandomRotation(0.1)]).to_json())
    change(content, content["config"]["layers"][0])
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (None, TypeError, "Pipeline: `text` must be a string. Received: text='NoneType'"),
        ("{", ValueError, r"Pipeline: `text` must be JSON as `to_json` writes it \(Expecting .* Received: text='{'"),
        ("[1]", ValueError, "with a `class_name`"),
        (changed(lambda _, part: part.update(class_name="RandomRotatoin")), ValueError, 'mean "RandomRotation"'),
        (
            changed(lambda top, part: (top.update(keras_augsynth="9.0"), part.update(class_name="Warp"))),
            ValueError,
            "`class_name` must be a layer that version .* knows; the text was written by version 9.0.* Received",
        ),
        (changed(lambda _, part: part["config"].update(facotr=1)), ValueError, 'RandomRotation: .* mean "factor"'),
        (changed(lambda _, part: part["config"].pop("factor")), ValueError, "RandomRotation: `factor` must be given"),
        (
            changed(lambda _, part: part["config"].update(factor=3)),
            ValueError,
            "RandomRotation: `factor` must be a fin",
        ),
        (changed(lambda _, part: part.update(config=[])), TypeError, "`config` must be a dictionary"),
        (changed(lambda _, part: part.update(module="keras.layers", class_name="Dens")), ValueError, "Keras can make"),
        (
            changed(
                lambda top, _: (top.update(class_name="OneOf"), [top["config"].pop(n) for n in ("fuse", "shuffle")])
            ),
            ValueError,
            "Pipeline: `text` must describe a Pipeline. Received: text='OneOf'",
        ),
    ],
)
def test_wrong_text(text, kind, message):
    with pytest.raises(kind, match=message):
        layers.Pipeline.from_json(text)
