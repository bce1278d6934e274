"""Every registered layer, held to every property."""

import pytest
from properties import COMPILED, PROPERTIES, Case, file_round_trip

from keras_augsynth.core import registry

CASES = [Case(layer) for layer in registry.layers()]
every_layer = pytest.mark.parametrize("case", CASES, ids=lambda case: case.layer.__name__)


@every_layer
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda holds: holds.__name__)
def test_property(case, holds):
    holds(Case(case.layer, jit=None) if holds in COMPILED else case)


@every_layer
def test_file_round_trip(case, tmp_path):
    file_round_trip(case, tmp_path)


def test_registry_knows_every_file():
    """A layer without an entry in the registry would escape all of this."""
    import keras_augsynth.layers as layers

    own = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    families = {"Augmentation", "Geometric", "Color", "Mixing", "Pipeline", "OneOf", "SomeOf"}
    families |= {"CopyPaste"}  # it takes nothing without masks
    assert {case.layer.__name__ for case in CASES} == own - families
