"""Every property fails for a layer that breaks it: a check that cannot fail is no check."""

import keras
import numpy as np
import properties
import pytest
import tensorflow as tf
from keras import ops
from properties import BASE_PROPERTIES, COMPILED, PROPERTIES, RESULTS, Case

from keras_augsynth import layers
from keras_augsynth.core.modalities import IMAGE, VIDEO
from keras_augsynth.ops import matrices
from keras_augsynth.ops.compiled import uncompiled
from keras_augsynth.ops.rows import per_sample

pytestmark = pytest.mark.full  # tests of the tests


class Sound(layers.Augmentation, listed=False):
    """Adds a number; nothing is wrong with it."""

    def __init__(self, amount=1.0, **kwargs):
        super().__init__(**kwargs)
        self.amount = amount

    def draw(self, rng, view):
        return {"shift": rng.uniform(-self.amount, self.amount)}

    def apply(self, x, params):
        return x + params["shift"][:, None, None, None]


class AlwaysActive(Sound, listed=False):
    def __call__(self, inputs, *args, training=None, **kwargs):
        return super().__call__(inputs, *args, training=True, **kwargs)


class ActiveInModels(Sound, listed=False):
    def __call__(self, inputs, *args, training=None, **kwargs):
        return super().__call__(inputs, *args, training=True if training is None else training, **kwargs)


class IgnoresChance(Sound, listed=False):
    def __init__(self, p=1.0, **kwargs):
        super().__init__(p=1.0, **kwargs)


class HiddenRandomness(Sound, listed=False):
    def draw(self, rng, view):
        return {"shift": tf.random.uniform((view.shape[0],))}


class FrozenInGraphs(Sound, listed=False):
    def draw(self, rng, view):
        return {"shift": np.random.uniform(size=6).astype("float32")}


class OneForTheBatch(Sound, listed=False):
    def draw(self, rng, view):
        return {"shift": ops.zeros((view.shape[0],)) + rng.uniform()[0]}


class LooksAtNeighbours(Sound, listed=False):
    def apply(self, x, params):
        return x - ops.mean(x)


class CountsRows(Sound, listed=False):
    def draw(self, rng, view):
        return {"shift": ops.cast(ops.arange(view.shape[0]), "float32")}


class SinglesDiffer(Sound, listed=False):
    def call(self, inputs, labels=None, sample_weight=None, training=None):
        result = super().call(inputs, labels, sample_weight, training)
        if isinstance(inputs, dict) and len(inputs["images"].shape) == 3:
            result["images"] = result["images"] + 1.0
        return result


class NeedsARow(Sound, listed=False):
    def apply(self, x, params):
        return x + x[0]


class LiesAboutItsShape(Sound, listed=False):
    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)

    def apply(self, x, params):
        return x[..., :1]

    def compute_output_spec(self, inputs, **kwargs):
        return keras.KerasTensor(inputs.shape, "float32")


class ForgetsItsArgument(Sound, listed=False):
    def get_config(self):
        config = super().get_config()
        config["amount"] = 2.0
        return config


class ForgetsItsCalls(Sound, listed=False):
    def load_own_variables(self, store):
        super().load_own_variables(store)
        self._calls.state.assign(np.zeros(2, "uint32"))


class CallsPython(Sound, listed=False):
    def apply(self, x, params):
        return ops.reshape(tf.numpy_function(lambda a: a + 1.0, [x], tf.float32), ops.shape(x))


class NeedsKnownSizes(Sound, listed=False):
    def apply(self, x, params):
        return super().apply(x, params) + np.zeros(x.shape[1:], "float32")


class SameInEveryCall(Sound, listed=False):
    def call(self, inputs, labels=None, sample_weight=None, training=None):
        self._calls.state.assign([0, 0])
        return super().call(inputs, labels, sample_weight, training)


class SeldomChanges(Sound, listed=False):
    """Takes the chance for its square."""

    def __init__(self, p=1.0, **kwargs):
        super().__init__(p=p**4, **kwargs)


class RandomInPredict(Sound, listed=False):
    def inference_params(self, view):
        return {"shift": tf.random.uniform((view.shape[0],))}


class ChangesTheDictionary(Sound, listed=False):
    def __call__(self, inputs, *args, **kwargs):
        if isinstance(inputs, dict):
            inputs["images"] = tf.constant(inputs["images"])
        return super().__call__(inputs, *args, **kwargs)


class Overflows(Sound, listed=False):
    def apply(self, x, params):
        return (x + 1.0) * 1e6


class DrawsOtherwiseInXla(Sound, listed=False):
    def apply(self, x, params):
        return x + 255 * tf.random.stateless_uniform(tf.shape(x)[:1], (1, 2))[:, None, None, None]


class DiffersUncompiled(Sound, listed=False):
    def apply(self, x, params):
        return super().apply(x, params) + 50.0 * uncompiled()


class Divides(Sound, listed=False):
    def apply(self, x, params):
        return 1.0 / x


class SpreadsNan(Sound, listed=False):
    def apply(self, x, params):
        return x - ops.mean(x, axis=(1, 2), keepdims=True)


class LeavesTheMask(layers.Geometric, listed=False):
    sampling = None
    whole_pixels = True

    def draw(self, rng, view):
        return {"shift": ops.ones(view.shape[:1])}

    def matrix(self, params, size):
        return matrices.translation(5.0 * params["shift"], 0.0)

    def move(self, x, params):
        return ops.roll(x, -5, axis=2) if x.dtype == tf.float32 else x


class ForgetsVideos(Sound, listed=False):
    """Says that it serves videos, and leaves them as they are."""

    modalities = (IMAGE, VIDEO)

    def apply(self, x, params):
        return x + per_sample(params["shift"], x) if len(x.shape) == 4 else x


class TakesAnything(Sound, listed=False):
    def __call__(self, inputs, *args, **kwargs):
        return tf.constant(0.0)


class ChecksNothing(Sound, listed=False):
    def __init__(self, p=1.0, jit=None, data_format=None, bounding_box_format=None, seed=None, **kwargs):
        super().__init__(**kwargs)


class IgnoresTheFormat(Sound, listed=False):
    def __init__(self, data_format=None, **kwargs):
        super().__init__(data_format="channels_last", **kwargs)

    def apply(self, x, params):
        return x + ops.cast(ops.arange(ops.shape(x)[-1]), "float32") + params["shift"][:, None, None, None]


class Rounds(Sound, listed=False):
    """Computes in half precision, not only its result."""

    def apply(self, x, params):
        return ops.cast(ops.cast(x, self.compute_dtype) / 3.0, "float32") * 3.0 + params["shift"][:, None, None, None]


class HalfAPixelOff(layers.Geometric, listed=False):
    """Turns about the corner between pixels where it should turn about the center, as a classical mistake does."""

    sampling = None

    def draw(self, rng, view):
        return {"sign": ops.where(rng.bernoulli(0.5), 1.0, -1.0)}

    def matrix(self, params, size):
        sign = params["sign"]
        return matrices.matrix([[sign, 0.0, 0.5 * (1.0 - sign)], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    def move(self, x, params):
        return ops.where(ops.reshape(params["sign"] > 0, (-1, 1, 1, 1)), x, ops.flip(x, 2))

    whole_pixels = True


FAULTS = {
    properties.inactive_is_identity: AlwaysActive,
    properties.inactive_inside_a_model: ActiveInModels,
    properties.never_is_bit_identical: IgnoresChance,
    properties.half_of_the_samples: IgnoresChance,
    properties.same_seed_same_result: HiddenRandomness,
    properties.rows_differ: OneForTheBatch,
    properties.row_alone_is_row_of_batch: LooksAtNeighbours,
    properties.ids_decide: CountsRows,
    properties.parallel_map_changes_nothing: HiddenRandomness,
    properties.one_sample_or_a_batch: SinglesDiffer,
    properties.empty_batch: NeedsARow,
    properties.declared_shape_and_dtype: LiesAboutItsShape,
    properties.config_round_trip: ForgetsItsArgument,
    properties.fits_in_a_sequential: RandomInPredict,
    properties.traced_result: NeedsKnownSizes,
    properties.tf_data_with_unknown_sizes: FrozenInGraphs,
    properties.compiled_result: DrawsOtherwiseInXla,
    properties.uncompiled_result: DiffersUncompiled,
    properties.dictionary_is_not_changed: ChangesTheDictionary,
    properties.mixed_precision: Rounds,
    properties.with_and_without_xla: DrawsOtherwiseInXla,
    properties.finite_stays_finite: Divides,
    properties.not_a_number_stays_where_it_is: SpreadsNan,
    properties.masks_boxes_and_points_move_along: LeavesTheMask,
    properties.wrong_inputs_are_refused: TakesAnything,
    properties.wrong_arguments_are_refused: ChecksNothing,
    properties.channels_first: IgnoresTheFormat,
    properties.serves_its_other_kinds_of_data: ForgetsVideos,
}
# Faults that no check sees because the layer does not get as far; the property fails by the layer's own error.
CRASHES = {
    NeedsARow: (ValueError,),
    LiesAboutItsShape: (ValueError,),
    CallsPython: (tf.errors.InvalidArgumentError,),
    NeedsKnownSizes: (ValueError, TypeError),
}
FURTHER = [
    (properties.same_seed_same_result, SameInEveryCall),
    (properties.half_of_the_samples, SeldomChanges),
    (properties.compiled_result, CallsPython),
    (properties.mixed_precision, Overflows),
    (properties.masks_boxes_and_points_move_along, HalfAPixelOff),
]
EVERY = [*PROPERTIES, *RESULTS, *BASE_PROPERTIES]


def param(*values):
    return pytest.param(
        *values, id="-".join(v.__name__ for v in values), marks=[pytest.mark.xla] * (values[0] in COMPILED)
    )


def test_there_is_a_fault_for_every_property():
    assert set(FAULTS) == set(EVERY)


@pytest.mark.parametrize(("holds", "fault"), [param(*pair) for pair in (*FAULTS.items(), *FURTHER)])
def test_fault_is_noticed(holds, fault):
    with pytest.raises((AssertionError, pytest.fail.Exception, *CRASHES.get(fault, ()))):
        holds(Case(fault))


@pytest.mark.parametrize("holds", [param(holds) for holds in EVERY if properties.applies(holds, Case(Sound))])
def test_sound_layer_passes(holds):
    holds(Case(Sound))


def test_fault_in_the_file_is_noticed(tmp_path):
    with pytest.raises(AssertionError):
        properties.file_round_trip(Case(ForgetsItsCalls), tmp_path)
