"""Layers override what is their author's to write, and nothing else.

So what the base class does is the same for all of them, and `test_every_layer.py` need hold it for one layer of each
way through a plan only.
"""

import pytest

from keras_augsynth.core import registry
from keras_augsynth.core.augmentation import Augmentation

# What an author writes: arguments, draws, and what is done with them.
AUTHORS = {"__init__", "draw", "apply", "apply_masks", "apply_boxes", "apply_points", "apply_labels", "rest"}
AUTHORS |= {"output_size", "at_strength", "matrix", "bend", "unbend", "moves", "move", "value_map", "sampling"}
AUTHORS |= {"mix", "mix_boxes", "alone", "holes", "summarize", "operations", "build", "adapt"}
# Facts about the class, and what the base class writes into it.
AUTHORS |= {"modality", "reads", "reach", "bends", "whole_pixels", "needs_range", "implied", "magnitudes"}
AUTHORS |= {"always", "changes_labels"}


def overridden(cls):
    """Names of the base class that a layer defines anew; its family may, and has a representative."""
    names = {name for name in vars(cls) if hasattr(Augmentation, name)}
    return {name for name in names if not (name.startswith("__") and name != "__init__" and name != "__call__")}


@pytest.mark.parametrize("cls", registry.layers(), ids=lambda cls: cls.__name__)
def test_overrides_the_authors_methods_only(cls):
    assert overridden(cls) <= AUTHORS, overridden(cls) - AUTHORS


def test_it_is_noticed():
    class Meddles(Augmentation, listed=False):
        def call(self, inputs, labels=None, sample_weight=None, training=None):
            return inputs

    assert overridden(Meddles) - AUTHORS == {"call"}
