"""`Augmentation`, the base of every layer, with its two families `Geometric` and `Color`.

An author writes arguments, `draw`, and one of `apply` or `matrix`. The chance `p`, dictionaries, single
samples, dtypes, keys, configuration, saving, static shapes and error messages are here, once.
"""

import random as python_random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core import activity, registry
from keras_augsynth.core.checks import (
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_seed,
    check_value_range,
    wrong,
)
from keras_augsynth.core.config import arguments, plain, restored
from keras_augsynth.core.form import Form, check_inputs, primary_key, to_tensors
from keras_augsynth.core.modality import IMAGE, TEXT, Modality
from keras_augsynth.core.motion import Points
from keras_augsynth.core.stages import ColorStage, GeometricStage, Plan, Stage, Step
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.resample import FILL_MODES, INTERPOLATIONS, resample

Tensor = Any
Params = dict[str, Tensor]


class Augmentation(keras.layers.Layer):
    """A layer that changes its inputs at random, each sample for itself.

    It changes nothing unless it is active: `training=True` or `False` decides; if nobody said, the layer is
    active when it is the outermost call (`layer(images)`, `dataset.map(layer)`) and inactive inside a model,
    so predictions and exported models are clean.

    Args:
        p: chance that a sample is changed, from 0 to 1.
        seed: integer; a layer with a seed gives the same sequence of results in every run. Where it is
            None, one is drawn from the source that `keras.utils.set_random_seed` fixes.
        jit: None compiles the layer with XLA where that is possible; False never does, for targets without it.
        data_format: "channels_last", "channels_first", or None for Keras's own setting.
        bounding_box_format: one of Keras's, for instance "xyxy", "xywh", "rel_xyxy".
        **kwargs: `name` and `dtype`, as in every Keras layer. The result has the layer's compute dtype.

    Call arguments:
        inputs: a batch or a single sample, or a dictionary with the modality's key ("images", "volumes",
            "audio", "texts", "features") and any of "segmentation_masks", "bounding_boxes", "keypoints",
            "labels", "sample_ids", "epoch". Other keys pass through.
        labels: given by `dataset.map(layer)` over pairs; then a pair comes back.
        sample_weight: given over triples; then a triple comes back.
        training: bool or None.

    With "sample_ids" (and "epoch") a sample's draws depend on them and on the seed alone. Otherwise they
    depend on the seed, a counter of calls (saved with the model) and the row.
    """

    modality: Modality | None = IMAGE
    stage: type[Stage] = Stage
    changes_labels = False
    always = False  # whether the layer does something even when it is inactive
    implied: tuple[str, ...] = ()  # constructor arguments of a base that the class provides itself
    reads: str | None = "float32"  # the dtype in which `apply` is given the data; None: that in which they come
    reach = 4  # side in pixels of the window that one pixel can change; a NaN spreads no further

    def __init_subclass__(cls, listed: bool = True, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls.changes_labels = cls.apply_labels is not Augmentation.apply_labels
        cls.always = cls.rest is not Augmentation.rest
        registry.add(cls, listed)

    def __init__(
        self,
        *,
        p: float = 1.0,
        seed: int | None = None,
        jit: bool | None = None,
        data_format: str | None = None,
        bounding_box_format: str = "xyxy",
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.p = check_number(self, p, "p", 0.0, 1.0)
        seed = check_seed(self, seed)
        self._seeded = seed is not None
        self.seed = python_random.randint(1, 10**9) if seed is None else seed  # Keras's own source
        self.jit = jit if jit is None else check_flag(self, jit, "jit")
        data_format = keras.config.image_data_format() if data_format is None else data_format
        self.data_format = check_choice(self, data_format, "data_format", ("channels_last", "channels_first"))
        self.bounding_box_format = check_choice(self, bounding_box_format, "bounding_box_format", box_ops.FORMATS)
        self._calls = keras.random.SeedGenerator(0)  # state 1 counts the calls
        self._plan: Plan | None = None
        self.supports_masking = True
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        if self.modality is TEXT:
            self.jit = self.supports_jit = False  # XLA over strings aborts the process
        if type(self).build is Augmentation.build:
            self.built = True

    # What a layer's author writes.

    def draw(self, rng: Random, shape: Sequence[int]) -> Params:
        """All randomness of a call: a dictionary of tensors, row i for sample i.

        Args:
            rng: N streams; `rng.uniform(low, high, shape=())` and its siblings return `(N, *shape)`.
            shape: of the batch, channels last; entries may be tensors where a size is unknown.
        """
        return {}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        """The changed batch: a pure function of `x`, float32 (or what `reads` says, or strings), and `params`."""
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

    def rest(self, shape: Sequence[int]) -> Params | None:
        """What stands in place of a draw when the layer is inactive. None: the sample stays as it is.

        A crop returns its central window, so that the output has the same shape in training and in inference.
        """
        return None

    def output_size(self, size: Sequence[Any]) -> Sequence[Any]:
        """The output's spatial size for an input of `size`."""
        return size

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        """Constructor arguments from hardly visible (0) to as strong as is ever useful (1).

        Tests, gallery, benchmarks and the tuning space build layers with it.
        """
        return {}

    # What Keras calls.

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = to_tensors(inputs)
        check_inputs(self, inputs)
        return super().__call__(inputs, *map(to_tensors, args), **kwargs)

    def call(self, inputs: Any, labels: Any = None, sample_weight: Any = None, training: bool | None = None) -> Any:
        form = Form(self, inputs, labels)
        keys = None
        if activity.is_active(self, training):
            keys = activity.keys(self._calls, form.count, form.ids, form.epoch)
        return form.restore(self.plan(form.batch, keys), sample_weight)

    def draw_params(self, sample_ids: Any, epoch: int = 0, *, shape: Sequence[int] | None = None) -> dict[str, Any]:
        """What the layer draws for samples with these ids: the same as in a call with "sample_ids" and "epoch".

        Args:
            sample_ids: integers `(N,)`.
            epoch: integer.
            shape: of one sample, channels last. Only for layers whose draws depend on it, such as crops.

        Returns:
            For each layer that is carried out, in order, {"params": …, "gate": bool `(N,)` where some samples are
            left out}. To look at, or to be handed to `replay`.

        Example:

        >>> layer = RandomRotation(0.1, seed=1)
        >>> params = layer.draw_params([17, 4])
        >>> turned = layer.replay(images[:2], params)
        """
        ids = ops.reshape(ops.convert_to_tensor(sample_ids), (-1,))
        if "int" not in ops.dtype(ids):
            raise wrong(self, "sample_ids", "be integers", ops.dtype(ids), TypeError)
        keys = activity.keys(self._calls, None, ids, ops.convert_to_tensor(epoch))
        axes = len(self.modality.axes) if self.modality else 3
        sample = (None,) * axes if shape is None else tuple(shape)
        try:
            return self.plan.record(keys, (ops.shape(ids)[0], *sample))
        except (TypeError, ValueError) as error:
            if shape is not None:
                raise
            raise wrong(self, "shape", "be given: what is drawn depends on the size of a sample", shape) from error

    def replay(self, inputs: Any, params: dict[str, Any]) -> Any:
        """Changes samples by what `draw_params` returned, in the order of its ids.

        Args:
            inputs: as in a call.
            params: of `draw_params`, for as many samples.

        Raises:
            ValueError: for parameters of another layer or of another number of samples.
        """
        inputs = to_tensors(inputs)
        check_inputs(self, inputs)
        form = Form(self, inputs)
        names = [step.name for stage in self.plan.stages for step in stage.steps]
        if not isinstance(params, dict) or list(params) != names:
            raise wrong(self, "params", f"be what `draw_params` of this layer returns, for {names}", params)
        params = keras.tree.map_structure(ops.convert_to_tensor, params)
        for row in keras.tree.flatten(params):
            if row.shape[0] != form.batch["x"].shape[0]:
                needed = f"be drawn for {form.batch['x'].shape[0]} samples"
                raise wrong(self, "params", needed, f"parameters for {row.shape[0]}")
        return form.restore(self.plan.replay(form.batch, params))

    @property
    def plan(self) -> Plan:
        """How the layer is carried out."""
        if self._plan is None:
            self._plan = Plan(self.steps(), self.jit, self.compute_dtype)
        return self._plan

    def steps(self) -> list[Step]:
        """The layers that this one stands for, in order: itself, or in a composite its parts."""
        return [Step(self)]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        shape = tuple(input_shape)
        if self.modality is None or not self.modality.spatial:
            return shape
        axes, first = self.modality.spatial, self.data_format == "channels_first"
        start = len(shape) - axes - (0 if first else 1)
        return (*shape[:start], *self.output_size(shape[start : start + axes]), *shape[start + axes :])

    def compute_output_spec(
        self, inputs: Any, labels: Any = None, sample_weight: Any = None, training: bool | None = None
    ) -> Any:
        key = primary_key(self, inputs) if isinstance(inputs, dict) else None
        x = inputs[key] if key else inputs
        shape = self.compute_output_shape(x.shape)
        x = keras.KerasTensor(shape, "string" if x.dtype == "string" else self.compute_dtype)
        result = {**inputs, key: x} if key else x
        if key and "segmentation_masks" in inputs:
            mask = inputs["segmentation_masks"]
            result["segmentation_masks"] = keras.KerasTensor(self._mask_shape(mask.shape, shape), mask.dtype)
        if labels is None:
            return result
        return (result, labels) if sample_weight is None else (result, labels, sample_weight)

    def _mask_shape(self, mask: Sequence[int | None], x: Sequence[int | None]) -> tuple[int | None, ...]:
        if len(mask) < len(x):
            return (*x[:1], *x[2:]) if self.data_format == "channels_first" else tuple(x[:-1])
        spatial = self.modality.spatial if self.modality else 2
        channel = -1 - spatial if self.data_format == "channels_first" else -1
        shape = list(x)
        shape[channel] = mask[channel]
        return tuple(shape)

    # Configuration and state.

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: plain(getattr(self, name)) for name in arguments(type(self))}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "Augmentation":
        names = arguments(cls)
        return cls(**{k: restored(v, custom_objects) if k in names else v for k, v in config.items()})

    def adopt(self, seed: int) -> None:
        """Takes a seed from a Pipeline, unless the layer was given one of its own."""
        if not self._seeded:
            self.seed, self._plan = seed, None

    def save_own_variables(self, store: dict) -> None:
        super().save_own_variables(store)
        store["calls"] = np.asarray(ops.convert_to_tensor(self._calls.state))

    def load_own_variables(self, store: dict) -> None:
        self._calls.state.assign(store["calls"])
        names = set(store.keys()) - {"calls"}
        super().load_own_variables({name: store[name] for name in names})


class Geometric(Augmentation, listed=False):
    """An augmentation that moves pixels; neighbours in a Pipeline share one resample.

    Args:
        fill_mode: what lies beyond the border: "reflect" `(b a | a b c d | d c)`, "constant", "nearest"
            or "wrap".
        interpolation: "bilinear" or "nearest". Masks always move by nearest neighbour.
        fill_value: the value beyond the border in mode "constant"; masks get 0.
        mask_fill_value: integer that masks get beyond the border whatever the mode, for instance the class to
            ignore. None: masks are filled as images are.
        min_visibility: from 0 to 1, the part of a moved box's area that must lie in the image; the labels of
            other boxes become -1.
        **kwargs: as in `Augmentation`.
    """

    stage = GeometricStage

    def __init__(
        self,
        *,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        mask_fill_value: int | None = None,
        min_visibility: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fill_mode = check_choice(self, fill_mode, "fill_mode", FILL_MODES)
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        self.fill_value = check_number(self, fill_value, "fill_value")
        self.mask_fill_value = mask_fill_value
        if mask_fill_value is not None:
            self.mask_fill_value = check_integer(self, mask_fill_value, "mask_fill_value")
        self.min_visibility = check_number(self, min_visibility, "min_visibility", 0.0, 1.0)

    def matrix(self, params: Params, size: Sequence[int]) -> Tensor:
        """`(N, d+1, d+1)`: from output to input, in pixels from the center, on (x, y[, z], 1)."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`, or `bend` and `bends = True`.")

    bends = False  # whether the layer has a `bend` instead of a matrix

    def bend(self, params: Params, size: Sequence[int], points: Points) -> list[Tensor]:
        """Where points of the output lie in the input: x, y[, z], each `(N, K)`, in pixels from the center."""
        raise NotImplementedError(f"{type(self).__name__} says `bends` and must define `bend`.")

    def unbend(self, params: Params, size: Sequence[int], xy: list[Tensor]) -> list[Tensor]:
        """The way back of `bend`, for boxes and points: by iteration, for bends that fold nothing over."""
        places = xy
        for _ in range(16):
            reached = self.bend(params, size, Points([ops.cast(t, "float32") for t in places]))
            places = [place + (to - at) for place, to, at in zip(places, xy, map(_float64, reached), strict=True)]
        return places

    @property
    def sampling(self) -> tuple[str, str, float, int | None] | None:
        """(interpolation, fill_mode, fill_value, mask_fill_value): layers that agree share a resample. None: any."""
        return self.interpolation, self.fill_mode, self.fill_value, self.mask_fill_value

    whole_pixels = False  # whether the layer only moves whole pixels

    def moves(self, size: Sequence[int]) -> bool:
        """Whether `move` does all that the layer does to images of this size; entries may be tensors."""
        return self.whole_pixels

    def move(self, x: Tensor, params: Params) -> Tensor:
        """What a layer does that only moves whole pixels: images or masks, any dtype; by index where that is faster."""
        size = ops.shape(x)[1:-1]
        return resample(x, ops.cast(self.matrix(params, size), "float32"), None, "nearest", "nearest")


class Color(Augmentation, listed=False):
    """An augmentation that changes colors by one matrix per sample; neighbours in a Pipeline share one pass.

    Args:
        value_range: lowest and highest value of a pixel; results are clipped to it, once, at the end.
        **kwargs: as in `Augmentation`.
    """

    stage = ColorStage

    def __init__(self, *, value_range: Sequence[float] | None = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        if value_range is None and self.needs_range:
            raise wrong(self, "value_range", "be given: the change is a part of it", value_range)
        self.value_range = None if value_range is None else check_value_range(self, value_range)

    needs_range = False  # whether the layer cannot do without a value range

    def matrix(self, params: Params, mean: Tensor) -> Tensor:
        """`(N, C+1, C+1)` on (channel 1, …, channel C, 1).

        Args:
            params: of `draw`.
            mean: `(N, C)`, the mean color of each sample at this point of the chain.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`.")

    @property
    def value_map(self) -> tuple[Any, Any] | None:
        """(scale, offset) of a layer that is the same for all samples and never clips."""
        return None

    def apply(self, x: Tensor, params: Params) -> Tensor:
        return color.transform(x, self.matrix(params, color.channel_mean(x)), self.value_range)

    def rgb(self, matrix: Tensor, channels: int) -> Tensor:
        """`matrix` for RGB; no change for gray images; an error for anything else."""
        if channels == 1:
            return matrices.identity(2)
        if channels != 3:
            raise wrong(self, "images", "have 1 or 3 channels", channels)
        return matrix


def _float64(t: Tensor) -> Tensor:
    return ops.cast(t, "float64")
