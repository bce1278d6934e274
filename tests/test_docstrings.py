"""Every public name has a docstring, and its examples run and print what they say."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_augsynth as kas
from keras_augsynth import callbacks, layers, losses, metrics, synthesis
from keras_augsynth.core import stages

ROOMS = {"layers": layers, "losses": losses, "synthesis": synthesis, "metrics": metrics, "callbacks": callbacks}
PUBLIC = {f"{room}.{name}": getattr(module, name) for room, module in ROOMS.items() for name in module.__all__}
PUBLIC |= {"fuse": kas.fuse, "export_savedmodel": kas.export_savedmodel}


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name, tmp_path, monkeypatch, capsys):
    thing = PUBLIC[name]
    assert thing.__doc__, name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stages, "compiled", lambda function, jit=None: function)  # XLA would take most of the time
    monkeypatch.setattr(stages, "shared", lambda function, jit=None: function)
    x, y = np.zeros((12, 8, 8, 3), "float32"), np.array([0] * 6 + [1] * 4 + [2] * 2)
    known = {"np": np, "tf": tf, "keras": keras, "images": np.zeros((4, 8, 8, 3), "uint8"), "x": x, "y": y}
    known["model"] = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.RandomFlip(), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    known["model"].compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    known["gan"] = synthesis.GAN(*synthesis.dcgan((8, 8, 3), num_classes=3, width=4), num_classes=3)
    known["gan"].compile()
    known["gan"]._steps.assign(1)  # as if trained
    known |= {public.rpartition(".")[2]: value for public, value in PUBLIC.items()}
    example = doctest.DocTestParser().get_doctest(thing.__doc__, known, name, None, None)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
