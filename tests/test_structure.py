"""Layers override what is their author's to write, and nothing else.

So what the base class does is the same for all of them, and `test_every_layer.py` need hold it for one layer of each
way through a plan only.
"""

import pytest

from keras_augsynth.core import registry
from keras_augsynth.core.augmentation import Augmentation

# What an author writes: arguments, draws, and what is done with them.
AUTHORS = {"__init__", "draw", "apply", "apply_masks", "apply_boxes", "apply_points", "apply_labels", "apply_lengths"}
AUTHORS |= {"inference_params", "output_size", "at_strength", "matrix", "bend", "unbend", "moves", "move", "sampling"}
AUTHORS |= {"value_map", "mix", "mix_boxes", "identity_params", "holes", "summarize", "operations", "build", "adapt"}
# Facts about the class, and what the base class writes into it.
AUTHORS |= {"modalities", "apply_dtype", "receptive_field", "bends", "whole_pixels", "needs_range", "fixed_arguments"}
AUTHORS |= {
    "active_in_inference",
    "changes_labels",
    "planar",
    "draws_pixels",
    "is_value_map",
    "uses_mean",
    "modality_matters",
    "mixes",
}
# Its arguments `mean` and `variance` are attributes of what was learned, as in Keras.
EXCEPTIONS = {"Normalization": {"get_config"}}


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
