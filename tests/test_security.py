"""What SECURITY.md promises about files from others."""

import json

import keras
import numpy as np
import pytest

from keras_augsynth import layers, synthesis


@pytest.mark.parametrize(
    "entry",
    [
        keras.saving.serialize_keras_object(keras.layers.Lambda(lambda x: x + 1)),
        {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None},
        {"class_name": "os.system", "config": {"command": "true"}},
    ],
    ids=["a lambda", "a function of a module", "a dotted name"],
)
def test_a_policy_runs_no_code(entry):
    text = json.dumps({"class_name": "Pipeline", "config": {"layers": [entry]}})
    with pytest.raises(ValueError, match="`class_name` must"):
        layers.Pipeline.from_json(text)


def test_a_synthesizer_is_read_without_pickle(tmp_path):
    with open(tmp_path / "file.npz", "wb") as file:
        np.savez(file, head=np.array([{"class": "keras_augsynth>SMOTE"}], dtype=object))
    with pytest.raises(ValueError, match=r"SMOTE: `path` must be a whole file that SMOTE\.save has written"):
        synthesis.SMOTE.load(tmp_path / "file.npz")
