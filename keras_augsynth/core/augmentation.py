"""`Augmentation`, the base of every layer.

An author writes arguments, `draw`, and one of `apply` or (in the families) `matrix`. The chance `p`, dictionaries,
single samples, dtypes, keys, configuration, saving, static shapes and error messages are here, once.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.core import activity, arrivals, coordinates, ranges, registry
from keras_augsynth.core.checks import Rule, check_by_rule, check_choice, check_flag, check_number, wrong
from keras_augsynth.core.config import arguments, plain, restored
from keras_augsynth.core.distributions import PerClass
from keras_augsynth.core.draws import Params, Place, Step, View
from keras_augsynth.core.families.stage import Stage
from keras_augsynth.core.inputs import Inputs
from keras_augsynth.core.magnitudes import HasMagnitudes, current_view
from keras_augsynth.core.modalities import IMAGE, Modality, names
from keras_augsynth.core.plan import Plan
from keras_augsynth.core.primary import dense, modality_of
from keras_augsynth.core.random_layer import RandomLayer
from keras_augsynth.core.recorded import Recorded
from keras_augsynth.core.worth import new_state
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.compiled import undecided
from keras_augsynth.ops.random import Random

Tensor = Any
LOOKS = (coordinates.LOOK, arrivals.LOOK)


class Augmentation(Recorded, HasMagnitudes, RandomLayer):
    """A layer that changes its inputs at random, each sample for itself.

    It changes nothing unless it is active: `training=True` or `False`, given by the caller of the outermost layer or
    model, decides. If nobody said, the layer is active when it is the outermost call (`layer(images)`,
    `dataset.map(layer)`) or when that is a model of nothing but layers that prepare data. It is inactive inside any
    other model, so predictions and exported models are clean.

    Args:
        p: chance that a sample is changed, from 0 to 1.
        seed: integer; a layer with a seed gives the same sequence of results in every run. Where it is
            None, one is drawn from the source that `keras.utils.set_random_seed` fixes.
        jit: whether XLA compiles the layer. None: where it can and where it pays: a size of batch runs uncompiled
            until it has come so often, or is so large, that compiling costs less than going on without. True: at
            once; False: never, for targets without XLA. Compiled and uncompiled results can differ in their last
            digits (bytes by 1, at few pixels), masks never do: where two runs must agree in every bit although
            sizes come in another order, say True or False.
        data_format: "channels_last", "channels_first", or None for Keras's own setting.
        bounding_box_format: one of Keras's, for instance "xyxy", "xywh", "rel_xyxy".
        modality: "image", "video", "volume" …: what a tensor is that could be several. None: the layer's first kind
            of data that fits the tensor's rank. A dictionary's key says it better.
        sample_rate: of sounds, in Hz; None where a Pipeline says it, or where it does not matter.
        **kwargs: `name` and `dtype`, as in every Keras layer. The result has the layer's compute dtype.

    Call arguments:
        inputs: a batch or a single sample, or a dictionary with the modality's key ("images", "videos", "volumes",
            "audio", "spectrograms", "texts", "tokens", "features") and any of "segmentation_masks",
            "bounding_boxes", "keypoints", "labels", "lengths", "spacing" (of voxels, mm along depth, height and width),
            "sample_ids", "epoch". Other keys pass through.
        labels: given by `dataset.map(layer)` over pairs; then a pair comes back. Integers or booleans of the
            images' height and width are taken for masks.
        sample_weight: given over triples; then a triple comes back.
        training: bool or None.
        mask: a Keras mask of the steps of `inputs`, for layers of Keras that stand in a composite and take one.

    With "sample_ids" (and "epoch") a sample's draws depend on them and on the seed alone. Otherwise they
    depend on the seed, a counter of calls (saved with the model) and the row.
    """

    modalities: tuple[Modality, ...] = (IMAGE,)
    stage: type[Stage] = Stage
    active_in_inference = False  # whether the layer does something even when it is inactive
    changes_labels = False
    draws_pixels: Any = False  # whether `draw` makes as many numbers as there are pixels
    planar = False  # whether `apply` wants images (N, height, width, C): the frames of a video one by one
    modality_matters: Any = False  # whether it makes a difference if a tensor is a video or a volume
    mixes: Any = False
    moves_contents: Any = False  # whether what is in a sample comes to another place in it, each time to another
    bends = whole_pixels = False
    is_planned = False  # whether the layer, or a composite around it, has been called: its fixed arguments stay
    is_value_map = False
    sampling: Any = None
    fixed_arguments: tuple[str, ...] = ()  # constructor arguments of a base that the class provides itself
    apply_dtype: str | None = "float32"  # in which `apply` is given the data; None: in which they come
    by_table = False  # whether bytes are looked up in a table of `apply` of all 256, which is alike in all of a sample
    receptive_field: Any = 4  # side in pixels of the window that one pixel can change; a NaN spreads no further

    def __init_subclass__(cls, listed: bool = True, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if cls.apply_labels is not Augmentation.apply_labels:
            cls.changes_labels = True
        if cls.inference_params is not Augmentation.inference_params:
            cls.active_in_inference = True
        registry.add(cls, listed)

    def __init__(
        self,
        *,
        p: float = 1.0,
        seed: int | None = None,
        jit: bool | None = None,
        data_format: str | None = None,
        bounding_box_format: str = "xyxy",
        modality: str | None = None,
        sample_rate: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        self.p = check_by_rule(self, p, "p", Rule(self._chance, 0.0, 1.0))
        self.jit = jit if jit is None else check_flag(self, jit, "jit")
        data_format = keras.config.image_data_format() if data_format is None else data_format
        self.data_format = check_choice(self, data_format, "data_format", ("channels_last", "channels_first"))
        self.bounding_box_format = check_choice(self, bounding_box_format, "bounding_box_format", box_ops.FORMATS)
        self.modality = modality
        if modality is not None:
            check_choice(self, modality, "modality", names(self.modalities))
        self.sample_rate = None if sample_rate is None else check_number(self, sample_rate, "sample_rate", 1.0)
        self._plan: Plan | None = None
        self.looks_at_values = True  # until they have been seen to lie in the value range, or not
        self.looks_left = frozenset((arrivals.ORDER, *(look.name for look in LOOKS)))
        # A mask of steps means nothing for images, and is wrong behind what mixes samples.
        self.supports_masking = not self.mixes and not all(each.is_spatial for each in self.modalities)
        if all(each.dtype == "string" for each in self.modalities):
            self.jit = self.supports_jit = False  # XLA over strings aborts the process
        if type(self).build is Augmentation.build:
            self.built = True

    # What a layer's author writes.

    def draw(self, rng: Random, view: View) -> Params:
        """All randomness of a call: a dictionary of tensors, row i for sample i.

        Args:
            rng: N streams; `rng.uniform(low, high, shape=())` and its siblings return `(N, *shape)`.
            view: what the layer sees of the batch: `view.shape`, `.size`, `.labels`, `.modality`, `.sample_rate`.
        """
        return {}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        """The changed batch: a pure function of `x`, float32 (or what `apply_dtype` says), and `params`."""
        raise NotImplementedError(f"{type(self).__name__} must define `apply` or `matrix`.")

    def apply_masks(self, masks: Tensor, params: Params) -> Tensor:
        """Segmentation masks `(N, *size, channels)`, any dtype."""
        return masks

    def apply_boxes(self, boxes: Tensor, params: Params) -> Tensor:
        """Boxes `(N, B, 4)`: left, top, right, bottom in pixels."""
        return boxes

    def apply_points(self, points: Tensor, params: Params) -> Tensor:
        """Points `(N, K, 2 or more)`: x and y in pixels from the upper left corner, then columns of your own."""
        return points

    def apply_labels(self, labels: Tensor, params: Params) -> Tensor:
        """Labels, in the form that the caller gave them."""
        return labels

    def apply_lengths(self, lengths: Tensor, params: Params) -> Tensor:
        """Valid steps `(N,)` of sounds, spectrograms or tokens."""
        return lengths

    def inference_params(self, view: View) -> Params | None:
        """What stands in place of a draw when the layer is inactive. None: the sample stays as it is.

        A crop returns its central window, so that the output has the same shape in training and in inference.
        """
        return None

    def output_size(self, size: Sequence[Any]) -> Sequence[Any]:
        """The size of the axes along which the layer acts, for an input of `size`."""
        return size

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        """Constructor arguments from hardly visible (0) to as strong as is ever useful (1).

        Tests, gallery, benchmarks and the tuning space build layers with it.
        """
        return {}

    def completed(self, inputs: Any) -> Any:
        """A call's inputs with what the layer can add to them."""
        return inputs

    # What a family writes.

    @property
    def result_dtype(self) -> str | None:
        """What `apply` may round its result to, "uint8", since nothing else happens to it; None: float32."""
        return "uint8" if current_view().dtype == "uint8" else None

    def applied(self, x: Tensor, params: Params) -> Tensor:
        """`apply`, and what the family does to its result."""
        return self.apply(x, params)

    def moved_size(self, size: Sequence[Any]) -> Sequence[Any]:
        """`output_size` of all axes that move."""
        return self.output_size(size)

    def changed_shape(self, shape: tuple[int | None, ...], modality: Modality) -> tuple[int | None, ...]:
        """The shape of what comes out for a tensor of `shape`, a sample or a batch in the layer's `data_format`."""
        if not modality.moves:
            return shape
        first = self.data_format == "channels_first" and modality.has_channels
        start = int(len(shape) > modality.rank) + int(first) + int(modality.has_frames)
        end = start + modality.moves
        return (*shape[:start], *self.moved_size(shape[start:end]), *shape[end:])

    def check_labels(self, labels: Any) -> None:
        """Refuses labels that the layer cannot take."""
        for value in self.magnitudes().values():
            if isinstance(value, PerClass):
                value.check_labels(self, labels)

    def check_masks(self, dtype: str) -> None:
        """Refuses masks of a dtype that cannot hold what the layer writes into them."""

    @property
    def changes_masks(self) -> bool:
        """Whether masks come out otherwise than they went in."""
        return type(self).apply_masks is not Augmentation.apply_masks

    @property
    def has_chance(self) -> bool:
        """Whether `p` has a say."""
        return not self.active_in_inference or type(self).draw is not Augmentation.draw

    # What Keras calls.

    # Keras converts no layer by AutoGraph, which inside of a user's `map(lambda …)` would convert all of this package.
    @tf.autograph.experimental.do_not_convert
    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = self.completed(dense(self, inputs))
        args = tuple(dense(self, arg, "labels") for arg in args)
        Inputs.check(self, inputs, *args)
        ranges.look(self, inputs, stacklevel=4)  # the decorator is a frame, too
        arrivals.look_in_front(self, inputs, stacklevel=4)
        if tf.executing_eagerly():
            for look in LOOKS:
                look.at(self, inputs, stacklevel=4)
        else:
            self.plan.make_variables()
            self.remember_sizes()
        return super().__call__(inputs, *args, **kwargs)

    def call(
        self,
        inputs: Any,
        labels: Any = None,
        sample_weight: Any = None,
        training: bool | None = None,
        mask: Any = None,
    ) -> Any:
        read = Inputs(self, inputs, labels)
        batch = read.batch.with_changes(steps_mask=mask)
        keys = None
        if self.has_chance and activity.is_active(self):
            keys = activity.keys(self._calls, read.ids, read.epoch)
            if not tf.executing_eagerly() and keys.number is not None:
                if batch.modality.dtype == "number":
                    ranges.look_when_it_runs(self, batch.x, keys.number)
                for look in LOOKS:
                    look.when_it_runs(self, inputs, keys.number)
        return read.restore(self.plan.carry_out(batch, keys), sample_weight)

    def augmentations(self) -> list[Any]:
        return [self]

    @property
    def plan(self) -> Plan:
        """How the layer is carried out."""
        if self._plan is None:
            self._plan = Plan(self.steps(Place(self.seed)), self.jit, self.compute_dtype)
        return self._plan

    def remember_sizes(self) -> None:
        """Lets traced functions find out which sizes pay to be compiled; with one replica, since each would count."""
        if self.plan.seen is None and undecided() and self.jit is None and not tf.distribute.has_strategy():
            self._sizes_seen = self.plan.seen = new_state()

    def steps(self, place: Place) -> list[Step]:
        """The layers that this one stands for, in order: itself, or in a composite its parts."""
        return [Step(self, place)]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return self.changed_shape(tuple(input_shape), modality_of(self, input_shape))

    def compute_output_spec(
        self,
        inputs: Any,
        labels: Any = None,
        sample_weight: Any = None,
        training: bool | None = None,
        mask: Any = None,
    ) -> Any:
        return Inputs.spec(self, inputs, labels, sample_weight)

    def _chance(self, p: Any) -> float:
        p = check_number(self, p, "p", 0.0, 1.0)
        if p != 1.0 and not self.has_chance:
            raise wrong(self, "p", "be 1: the layer is the same for all samples", p)
        return p

    # Configuration and state.

    def __setattr__(self, name: str, value: Any) -> None:
        if self.is_planned and name in arguments(type(self)) and name not in self.magnitudes():
            needed = "be given when the layer is made; only magnitudes and `p` can be changed after the first call"
            raise wrong(self, name, needed, value)
        super().__setattr__(name, value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: plain(getattr(self, name)) for name in arguments(type(self))}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "Augmentation":
        known = arguments(cls)
        return cls(**{k: restored(v, custom_objects) if k in known else v for k, v in config.items()})

    def save_own_variables(self, store: dict) -> None:
        super().save_own_variables(store)
        store["magnitudes"] = self.magnitude_numbers()

    def load_own_variables(self, store: dict) -> None:
        self.set_magnitude_numbers(np.asarray(store["magnitudes"]))
        super().load_own_variables({name: store[name] for name in set(store.keys()) - {"magnitudes"}})
