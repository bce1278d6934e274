"""docs/layers_by_data.md is what `python -m keras_augsynth.layers` prints, and says the truth; docs/layers.md runs."""

import pathlib
import re
import runpy

import numpy as np

from keras_augsynth.core import registry
from keras_augsynth.core.modalities import MODALITIES

DOCS = pathlib.Path(__file__).parent.parent / "docs"


def test_the_page_is_what_is_printed(capsys):
    runpy.run_module("keras_augsynth.layers", run_name="__main__")
    printed = capsys.readouterr().out
    page = (DOCS / "layers_by_data.md").read_text()
    assert page == printed, "write it anew: python -m keras_augsynth.layers > docs/layers_by_data.md"


def test_its_cells_are_what_the_layers_say():
    head, _, *rows = [line.strip("| ").split(" | ") for line in registry.table().splitlines()]
    assert head == ["layer", *(modality.key for modality in MODALITIES)]
    found = {name: {key for key, cell in zip(head[1:], cells, strict=True) if cell == "x"} for name, *cells in rows}
    assert found == {
        cls.__name__: {modality.key for modality in cls.modalities} & set(head) for cls in registry.layers()
    }
    everything = {"images", "videos", "volumes", "audio", "spectrograms", "features"}
    assert found["MixUp"] == found["CutMix"] == everything
    assert found["RandomFlip3D"] == {"volumes"}


def test_the_guide_runs_and_knows_every_kind():
    text = (DOCS / "layers.md").read_text()
    names = {}
    for snippet in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(snippet, "layers.md", "exec"), names)
    moved = names["moved"]
    assert moved["videos"].shape == (2, 5, 32, 32, 3)
    assert moved["segmentation_masks"].shape == (2, 5, 32, 32)
    assert moved["bounding_boxes"]["boxes"].shape == (2, 5, 7, 4)
    assert moved["keypoints"].shape == (2, 5, 3, 2)
    np.testing.assert_array_equal(moved["labels"], [4, 1])
    described = {
        key: (name, axes) for key, name, axes in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", text, re.MULTILINE)
    }
    for modality in MODALITIES:
        name, axes = described.pop(modality.key)
        assert name == modality.name
        assert not modality.axes or all(axis in axes for axis in modality.axes)
    assert not described
