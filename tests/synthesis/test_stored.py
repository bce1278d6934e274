"""Files of synthesizers: their modes, and what is refused of them when they are read."""

import json
import os

import numpy as np
import pytest
import tiny

from keras_augsynth import synthesis
from keras_augsynth.synthesis import fitted

X, Y = tiny.X, tiny.Y
MAKE = {
    "smote": lambda: synthesis.SMOTE(),
    "gaussian": lambda: synthesis.GaussianSynthesizer(),
    "resampler": lambda: synthesis.AugmentedResampler(),
    "templates": lambda: synthesis.TemplateSynthesizer({k: np.ones((1, 2, 2, 2), "float32") for k in range(3)}),
}


@pytest.fixture(scope="module", params=MAKE)
def stored(request, tmp_path_factory):
    """(synthesizer, the arrays of its file with the head)."""
    path = tmp_path_factory.mktemp("stored") / "it.npz"
    synthesizer = MAKE[request.param]().fit(X, Y)
    synthesizer.save(path)
    with np.load(path) as file:
        return synthesizer, dict(file)


def refused(synthesizer, arrays, path):
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"`path` must be a whole file .* damaged, or something else"):
        type(synthesizer).load(path)


def test_each_array_is_held_to_what_it_must_be(stored, tmp_path):
    synthesizer, arrays = stored
    path = tmp_path / "it.npz"
    np.savez(path, **arrays)
    assert type(synthesizer).load(path).num_classes == 3
    for name, stored_as in synthesizer.layout().items():
        array = arrays[name]
        refused(synthesizer, {key: arrays[key] for key in arrays if key != name}, path)
        refused(synthesizer, {**arrays, name: array[None]}, path) if stored_as.shape[-1] != "*" else None
        refused(synthesizer, {**arrays, name: array.astype("U9")}, path)
        if not array.size or array.dtype.kind == "b":
            continue
        points = (-5,) if name == "counts" else (-5, 10**8)  # a class may have had any number of rows
        for value in (np.nan, np.inf) if array.dtype.kind == "f" else points:
            other = array.copy()
            other.flat[0] = value
            refused(synthesizer, {**arrays, name: other}, path)


def test_heads_that_are_not_ours(stored, tmp_path):
    synthesizer, arrays = stored
    good = json.loads(str(arrays[fitted._HEAD]))
    for head in ({}, [], {"class": good["class"], "config": 3}, {**good, "config": {"no such argument": 1}}, "x"):
        refused(synthesizer, {**arrays, fitted._HEAD: np.array(json.dumps(head))}, tmp_path / "it.npz")


def test_a_small_file_cannot_become_large_arrays(stored, tmp_path):
    synthesizer, arrays = stored
    np.savez_compressed(tmp_path / "it.npz", **arrays)
    with pytest.raises(ValueError, match="damaged, or something else") as error:
        type(synthesizer).load(tmp_path / "it.npz")
    assert "not compressed" in str(error.value.__cause__)


def test_modes_are_those_of_any_file(tmp_path):
    smote, path = synthesis.SMOTE().fit(X, Y), tmp_path / "it.npz"
    before = os.umask(0o022)
    try:
        smote.save(path)
        assert path.stat().st_mode & 0o777 == 0o644
        path.chmod(0o640)
        smote.save(path)
        assert path.stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)
