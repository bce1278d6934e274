"""Every registered layer, held to every property."""

import pytest
from properties import (
    BASE_PROPERTIES,
    COMPILED,
    INPUTS,
    PROPERTIES,
    READING_AND_STAGES,
    RESULTS,
    Case,
    applies,
    compiled_result,
    file_round_trip,
    fits_in_a_sequential,
    parallel_map_changes_nothing,
    serves_its_other_kinds_of_data,
    traced_result,
    uncompiled_result,
)

from keras_augsynth import layers
from keras_augsynth.core import registry
from keras_augsynth.core.modalities import VOLUME

CASES = [Case(layer) for layer in registry.layers()]
# Every kind of data that a layer serves besides its first.
FURTHER = [Case(layer, kind) for layer in registry.layers() for kind in layer.modalities[1:] if kind.name in INPUTS]
# One for each way through a plan and each kind of data.
REPRESENTATIVES = {
    layers.RandomRotation,  # by a matrix
    layers.RandomFlip,  # of whole pixels
    layers.RandomElasticTransform,  # a bend
    layers.RandomCrop,  # another size, in inference, too
    layers.RandomBrightness,  # a color matrix
    layers.Rescaling,  # a value map, for any kind of data
    layers.RandomGaussianBlur,  # of its own kind
    layers.CoarseDropout,  # holes
    layers.MixUp,  # of several samples
    layers.HistogramMatching,  # with references
    layers.RandomGain,
    layers.SpecAugment,
    layers.RandomWordDeletion,
    layers.RandomSynonymReplacement,  # with a table
    layers.RandomTokenDeletion,
    layers.RandomFeatureNoise,
    layers.RandomFlip3D,
}


# They draw otherwise than RandAugment, and what they draw is carried out by the same code, which is long to trace.
LIKE_ANOTHER = {layers.AugMix, layers.AutoAugment, layers.TrivialAugmentWide}
# They cut texts, or find padding, as their representatives do.
FAMILIES = (layers.WordAugmentation, layers.TokenAugmentation)
LIKE_ANOTHER |= {layer for layer in registry.layers() if issubclass(layer, FAMILIES)} - REPRESENTATIVES
# Volumes take long to trace and to compile: by default one layer of each way is, a map, a bend, a crop, waves.
OF_VOLUMES = {layers.RandomAffine3D, layers.RandomElasticTransform3D, layers.RandomCrop3D}
OF_VOLUMES |= {layers.RandomFlip3D, layers.RandomGibbs3D, layers.RandomLowResolution3D}
LIKE_ANOTHER |= {case.layer for case in CASES if case.modality is VOLUME} - OF_VOLUMES
# Without those that ask for a model, a data set or XLA.
FOR_ALL_KINDS = [*PROPERTIES, *READING_AND_STAGES]


def param(case, holds, full=False):
    """In one process for each layer, since properties share its results."""
    name = case.layer.__name__ if case.kind is None else f"{case.layer.__name__}-{case.kind.name}"
    marks = [pytest.mark.xdist_group(name)] + [pytest.mark.full] * full + [pytest.mark.xla] * (holds in COMPILED)
    return pytest.param(case, holds, id=f"{holds.__name__}-{name}", marks=marks)


# A graph of unknown sizes, and data that pass the same code in another form: by default of representatives.
BY_REPRESENTATIVES = (traced_result, uncompiled_result, serves_its_other_kinds_of_data)

# They draw a matrix, uncompiled in any case, and share the kernel that carries it out.
BY_A_MATRIX = (layers.Geometric, layers.Color)


def in_full(case, holds):
    if holds in BY_REPRESENTATIVES and case.layer not in REPRESENTATIVES:
        return True
    if holds is compiled_result and issubclass(case.layer, BY_A_MATRIX):
        return case.layer not in REPRESENTATIVES
    return holds in RESULTS and case.layer in LIKE_ANOTHER


OF_LAYERS = [
    param(case, holds, full=in_full(case, holds))
    for case in CASES
    for holds in (*PROPERTIES, *RESULTS)
    if applies(holds, case)
] + [param(case, holds, full=True) for case in FURTHER for holds in FOR_ALL_KINDS if applies(holds, case)]
# Several threads at once: by default one layer of each kind of data, and of images one that moves pixels.
IN_PARALLEL = REPRESENTATIVES - {layers.RandomFlip, layers.RandomElasticTransform, layers.RandomCrop}
IN_PARALLEL -= {layers.RandomGaussianBlur, layers.CoarseDropout, layers.HistogramMatching}
# Nothing of a layer's own takes part in it, as `tests/test_structure.py` holds: in both tiers of representatives.
OF_REPRESENTATIVES = (parallel_map_changes_nothing, fits_in_a_sequential)
OF_THE_BASE = [
    param(
        case, holds, full=case.layer not in (IN_PARALLEL if holds is parallel_map_changes_nothing else REPRESENTATIVES)
    )
    for case in CASES
    for holds in BASE_PROPERTIES
    if applies(holds, case) and (case.layer in REPRESENTATIVES or holds not in OF_REPRESENTATIVES)
]
FILES = [param(case, file_round_trip, full=case.layer not in REPRESENTATIVES) for case in CASES]


@pytest.mark.parametrize(("case", "holds"), OF_LAYERS)
def test_property(case, holds):
    holds(case)


@pytest.mark.parametrize(("case", "holds"), OF_THE_BASE)
def test_work_of_the_base(case, holds):
    holds(Case(case.layer) if holds in COMPILED else case)


@pytest.mark.parametrize(("case", "holds"), FILES)
def test_file_round_trip(case, holds, tmp_path):
    holds(case, tmp_path)


def test_registry_knows_every_file():
    """A layer without an entry in the registry would escape all of this."""
    own = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    families = {"Augmentation", "Geometric", "Color", "Mixing", "Pipeline", "OneOf", "SomeOf"}
    families |= {"WordAugmentation", "TokenAugmentation"}
    families |= {"CarveMix", "CopyPaste", "LabelsToVolume", "RandomCropByLabel3D"}  # they take nothing without masks
    families |= {"RandomLabelNoise"}  # it leaves the data as they are
    families |= {"MultiModal", "RandomModalityDrop"}  # of several kinds of data at once
    families |= {"SynonymTable"}  # what layers read
    families |= {"Choice", "Normal", "PerClass"}  # what an argument can be
    assert {case.layer.__name__ for case in CASES} == own - families
