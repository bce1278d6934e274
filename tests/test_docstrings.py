"""Every public name has a docstring, and its examples run and print what they say."""

import doctest
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

import keras_augsynth as kas
from keras_augsynth import callbacks, layers, losses, metrics, presets, synthesis

ROOMS = {
    "layers": layers,
    "losses": losses,
    "synthesis": synthesis,
    "metrics": metrics,
    "callbacks": callbacks,
    "presets": presets,
}
PUBLIC = {f"{room}.{name}": getattr(module, name) for room, module in ROOMS.items() for name in module.__all__}
PUBLIC |= {"fuse": kas.fuse, "export_savedmodel": kas.export_savedmodel}


def classifier():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.RandomFlip(), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, run_eagerly=True)  # one step of a training is quicker than its graph
    return model


def gan():
    model = synthesis.GAN(*tiny.gan_networks(3, (8, 8, 3)), num_classes=3)
    model.compile(run_eagerly=True)
    model._steps.assign(1)  # as if trained
    return model


# What examples take for granted; a model only where an example names it.
X, Y = np.zeros((12, 8, 8, 3), "float32"), np.array([0] * 6 + [1] * 4 + [2] * 2)
KNOWN = {
    "np": np,
    "tf": tf,
    "keras": keras,
    "presets": presets,
    "images": np.zeros((4, 8, 8, 3), "uint8"),
    "x": X,
    "y": Y,
}
KNOWN |= {public.rpartition(".")[2]: value for public, value in PUBLIC.items()}
MODELS = {"model": classifier, "gan": gan}


EXAMPLES = {
    name: doctest.DocTestParser().get_doctest(thing.__doc__, KNOWN, name, None, None) for name, thing in PUBLIC.items()
}
TO_BE_SUBCLASSED = {"layers.Augmentation", "layers.Color", "layers.Geometric", "layers.Mixing", "synthesis.Synthesizer"}
TO_BE_SUBCLASSED |= {"layers.WordAugmentation", "layers.TokenAugmentation"}


def test_everything_has_an_example():
    assert {name for name, example in EXAMPLES.items() if not example.examples} == TO_BE_SUBCLASSED


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - TO_BE_SUBCLASSED))
def test_examples_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = EXAMPLES[name]
    source = "".join(part.source for part in example.examples)
    example.globs |= {name: make() for name, make in MODELS.items() if re.search(rf"\b{name}\b", source)}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
