"""What XLA makes of every layer: nothing that is slow on a GPU."""

import re

import numpy as np
import pytest
import tensorflow as tf
from properties import IDS, Case

from keras_augsynth import layers
from keras_augsynth.core import registry
from keras_augsynth.ops.kernels import one_by_one

pytestmark = [pytest.mark.full, pytest.mark.xla]

# Numbers that float32 cannot hold, or that have to be the same in every batch and with every compiler.
IN_FLOAT64 = {
    layers.RandomElasticTransform: "sums of a matrix product that are exact in any order",
    layers.RandomElasticTransform3D: "the same",
    layers.RandomFog: "the same",
    layers.RandomErasing: "noise: a product and a sum, rounded once",
    layers.RandomMissing: "columns are compared in their own digits",
    layers.RandomSwapNoise: "the same",
    layers.Imputation: "the same",
    layers.RandomPitchShift: "places in a long wave",
    layers.RandomSpeed: "the same",
    layers.RandomTimeStretch: "the same",
    layers.RandomReverb: "powers by products",
    layers.RandomGainTransition: "decibels, alike in all rows",
    layers.RandomEQ: "the same",
    layers.RandomCompression: "the same",
    layers.RandomMuLaw: "the same",
}
# AugMix repeats a chain, and a perspective solves eight equations: for all samples at once.
LOOPS = {layers.AugMix, layers.RandomPerspective}
# The phases of a vocoder follow each other, frame by frame, for all recordings at once.
LOOPS |= {layers.RandomPitchShift, layers.RandomTimeStretch}
CASES = [case for case in map(Case, registry.layers()) if case.is_numeric or case.modality.name == "tokens"]


def sizes(hlo: str, dtypes: str) -> list[int]:
    """The numbers of elements of all tensors of these dtypes."""
    return [
        int(np.prod([int(n) for n in shape.split(",")])) for shape in re.findall(rf"\b(?:{dtypes})\[([\d,]+)\]", hlo)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.layer.__name__)
def test_nothing_is_slow_on_a_gpu(case, monkeypatch):
    monkeypatch.setattr(one_by_one, "has_gpu", lambda: True)  # what goes another way on a CPU goes that of a GPU
    layer = case.make()
    x = tf.constant(case.inputs if case.is_numeric else case.inputs.astype("int32"))

    @tf.function(jit_compile=True, autograph=False)
    def augmented(x, ids):
        return layer({case.key: x, "sample_ids": ids, "epoch": 0}, training=True)[case.key]

    hlo = augmented.experimental_get_compiler_ir(x, tf.constant(IDS))(stage="optimized_hlo")
    assert "ENTRY" in hlo
    pixels = int(np.prod(x.shape[: 1 + case.modality.has_frames + max(case.modality.moves, 1)]))
    wide = [n for n in sizes(hlo, "f64|c128") if n >= pixels]
    assert bool(wide) == (case.layer in IN_FLOAT64), wide
    assert not [n for n in sizes(hlo, "s64|u64") if n >= pixels]
    assert "custom_call_target" not in hlo
    assert ("while(" in hlo) == (case.layer in LOOPS)
