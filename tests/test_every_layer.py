"""Every registered layer, held to every property."""

import pytest
from properties import COMPILED, PROPERTIES, Case, file_round_trip

from keras_augsynth import layers
from keras_augsynth.core import registry

# They draw otherwise than RandAugment and are carried out by the same code, which XLA takes longest to compile.
ALIKE = (layers.AutoAugment, layers.TrivialAugmentWide)
CASES = [Case(layer) for layer in registry.layers()]
PAIRS = [(case, holds) for case in CASES for holds in PROPERTIES if holds not in COMPILED or case.layer not in ALIKE]


def param(*values):
    """In one process per layer, since some properties share what was compiled."""
    name = values[0].layer.__name__
    mark = pytest.mark.xdist_group(name)
    return pytest.param(*values, id="-".join([*(holds.__name__ for holds in values[1:]), name]), marks=mark)


@pytest.mark.parametrize(("case", "holds"), [param(*pair) for pair in PAIRS])
def test_property(case, holds):
    holds(Case(case.layer, jit=None) if holds in COMPILED else case)


@pytest.mark.parametrize("case", [param(case) for case in CASES])
def test_file_round_trip(case, tmp_path):
    file_round_trip(case, tmp_path)


def test_registry_knows_every_file():
    """A layer without an entry in the registry would escape all of this."""
    own = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    families = {"Augmentation", "Geometric", "Color", "Mixing", "Pipeline", "OneOf", "SomeOf"}
    families |= {"CopyPaste"}  # it takes nothing without masks
    assert {case.layer.__name__ for case in CASES} == own - families
