"""CONTRIBUTING.md: its layers, one of each family, run as they are printed and have the properties of all layers."""

import pathlib
import re

import pytest
from properties import PROPERTIES, RESULTS, Case, applies

from keras_augsynth import layers
from keras_augsynth.core.families.erasing import Erasing
from keras_augsynth.core.families.reference import ReferenceAugmentation

PAGE = (pathlib.Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FAMILIES = [layers.Augmentation, layers.Geometric, layers.Color, Erasing, layers.Mixing, ReferenceAugmentation]


def layer_in(snippet):
    """The layer that a snippet defines, run on its own."""
    names = {"__name__": "contributed"}
    exec(compile(snippet, "CONTRIBUTING.md", "exec"), names)
    (found,) = (value for value in names.values() if getattr(value, "__module__", "") == "contributed")
    return found


CASES = [Case(layer_in(snippet)) for snippet in SNIPPETS]
# What its author can break most easily; the rest in the full tier.
QUICK = {
    "inactive_is_identity",
    "never_is_bit_identical",
    "half_of_the_samples",
    "row_alone_is_row_of_batch",
    "config_round_trip",
    "finite_stays_finite",
    "not_a_number_stays_where_it_is",
    "masks_boxes_and_points_move_along",
    "serves_its_other_kinds_of_data",
}
HELD = [
    pytest.param(case, holds, id=f"{holds.__name__}-{case.layer.__name__}", marks=[] if quick else pytest.mark.full)
    for case in CASES
    for holds in (*PROPERTIES, *RESULTS)
    if applies(holds, case)
    for quick in [holds.__name__ in QUICK]
]


def test_there_is_one_of_each_family():
    assert [case.layer.__mro__[1] for case in CASES] == FAMILIES


@pytest.mark.parametrize(("case", "holds"), HELD)
def test_property(case, holds):
    holds(case)
