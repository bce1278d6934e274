"""How the package is built: who overrides what, who knows Keras's inside and the kinds of data, how long files are.

Layers override what is their author's to write, and nothing else. So what the base class does is the same for all of
them, and `test_every_layer.py` need hold it for one layer of each way through a plan only.
"""

import ast
import functools
import pathlib

import keras
import numpy as np
import pytest

import keras_augsynth
from keras_augsynth.core import modalities, registry
from keras_augsynth.core.augmentation import Augmentation

# What an author writes: arguments, draws, and what is done with them.
AUTHORS = {"__init__", "draw", "apply", "apply_masks", "apply_boxes", "apply_points", "apply_labels", "apply_lengths"}
AUTHORS |= {"inference_params", "output_size", "at_strength", "matrix", "bend", "unbend", "moves", "move", "sampling"}
AUTHORS |= {
    "output_columns",
    "value_map",
    "mix",
    "mix_boxes",
    "identity_params",
    "holes",
    "summarize",
    "operations",
    "build",
    "adapt",
    "change",
    "mixes",
}
# Facts about the class, and what the base class writes into it.
AUTHORS |= {"modalities", "apply_dtype", "receptive_field", "bends", "whole_pixels", "needs_range", "fixed_arguments"}
AUTHORS |= {"by_table", "keeps_bytes", "moves_contents"}
AUTHORS |= {
    "active_in_inference",
    "changes_labels",
    "planar",
    "draws_pixels",
    "reads_masks",
    "completed",
    "is_value_map",
    "uses_mean",
    "modality_matters",
    "moves_contents",
    "mixes",
}
# Its arguments `mean` and `variance` are attributes of what was learned, as in Keras.
EXCEPTIONS = {"Normalization": {"get_config", "get_build_config"}}


def overridden(cls):
    """Names of the base class that a layer defines anew; its family may, and has a representative."""
    names = {name for name in vars(cls) if hasattr(Augmentation, name)}
    return {name for name in names if not (name.startswith("__") and name != "__init__" and name != "__call__")}


@pytest.mark.parametrize("cls", registry.layers(), ids=lambda cls: cls.__name__)
def test_overrides_the_authors_methods_only(cls):
    assert overridden(cls) <= AUTHORS | EXCEPTIONS.get(cls.__name__, set())


def test_it_is_noticed():
    class Meddles(Augmentation, listed=False):
        def call(self, inputs, labels=None, sample_weight=None, training=None):
            return inputs

    assert overridden(Meddles) - AUTHORS == {"call"}


# Keras's private names.

ROOT = pathlib.Path(keras_augsynth.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


@functools.cache
def tree(file):
    return ast.parse((ROOT / file).read_text())


@functools.cache
def private_names():
    """Of objects as Keras makes them."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    symbolic = keras.Input((2,))
    functional = keras.Model(symbolic, keras.layers.Normalization()(symbolic))
    made = [model, functional, symbolic, *model.layers, *functional.layers, *model.weights, model.optimizer]
    made += [keras.metrics.Mean(), keras.losses.MeanSquaredError(), keras.callbacks.Callback()]
    made += [keras.random.SeedGenerator(0), keras.dtype_policies.DTypePolicy("float32")]
    names = {name for each in made for name in dir(each) if name.startswith("_") and not name.startswith("__")}
    return names | {"_keras_history", "_inbound_nodes"}


def private_uses(module):
    """(line, code) of private names of Keras; an attribute of `self` is the class's own."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in private_names():
            of = node.value.id if isinstance(node.value, ast.Name) else None
            if of not in ("self", "cls"):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in private_names() or node.value.startswith("keras.src"):
                yield node.lineno, node.value
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and "keras.src" in ast.unparse(node):
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("file", FILES)
def test_private_names_of_keras_are_in_one_file(file):
    assert file == "core/keras_internals.py" or not list(private_uses(tree(file)))


def test_private_names_are_noticed():
    for code in ("model._flatten_layers()", "x.layer._convert_input_args = 1", "getattr(x, '_keras_history')"):
        assert list(private_uses(ast.parse(code))), code
    for code in ("from keras.src import backend", "import keras.src.layers", "import_module('keras.src.ops')"):
        assert list(private_uses(ast.parse(code))), code
    assert not list(private_uses(ast.parse("self._layers; self._own; x._replace()")))
    assert {"_flatten_layers", "_get_call_context", "_call_has_training_arg"} <= private_names()
    assert np.size(list(private_uses(tree("core/keras_internals.py")))) > 6


@pytest.mark.parametrize("cls", [Augmentation, *registry.layers()], ids=lambda cls: cls.__name__)
def test_no_layer_overrides_a_private_method_of_keras(cls):
    own = {name for base in cls.__mro__ if base.__module__.startswith("keras_augsynth") for name in vars(base)}
    assert not {name for name in own & set(dir(keras.layers.Layer)) if name.startswith("_") and name[1] != "_"}


# Kinds of data.

KINDS = {name for name in vars(modalities) if name.isupper()} - {"MODALITIES"}
# Where a class says which kinds of data it serves, a name of one is a declaration.
COMPARED = (ast.Compare, ast.Match)


def comparisons(module):
    """(line, code) where a modality decides by being this one or that one, rather than by its attributes."""
    for node in ast.walk(module):
        if isinstance(node, COMPARED):
            parts = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            names = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            names &= {each.name for each in modalities.MODALITIES}
            if parts & KINDS or (names and "modality" in ast.unparse(node)):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and "Modality" in ast.unparse(node):
            yield node.lineno, ast.unparse(node)


READERS = ("/modalities.py", "/inputs.py", "/primary.py")


@pytest.mark.parametrize("file", [file for file in FILES if not file.endswith(READERS)])
def test_nobody_asks_which_modality_it_is(file):
    assert not list(comparisons(tree(file)))


def test_comparisons_are_noticed():
    for code in (
        "if batch.modality is VIDEO: pass",
        "modality.name == 'video'",
        "isinstance(x, Modality)",
        "TEXT in a",
    ):
        assert list(comparisons(ast.parse(code))), code
    for code in ("modality.has_frames == 1", "modalities = (VIDEO,)", "modality is None"):
        assert not list(comparisons(ast.parse(code))), code


# Files.


@pytest.mark.parametrize("file", FILES)
def test_files_are_short(file):
    assert len((ROOT / file).read_text().splitlines()) < 350


# The balancer.

NUMBERS = [file for file in FILES if file.startswith(("balancing/rows/", "balancing/trials/", "balancing/targets"))]


@pytest.mark.parametrize("file", NUMBERS)
def test_parts_of_the_balancer_get_numbers(file):
    """Only `run` and what begins it know all arguments."""
    assert "settings" not in (ROOT / file).read_text().lower()


def test_the_callback_is_keras_hooks_only():
    assert len((ROOT / "balancing/callback.py").read_text().splitlines()) < 180
    assert len(keras_augsynth.callbacks.SyntheticBalancer.__doc__.splitlines()) < 50
