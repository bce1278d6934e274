import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer, check_pair, check_range, wrong
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.ops import color, filters, resize
from keras_augsynth.ops.polynomials import monomials, polynomial
from keras_augsynth.ops.random import threefry2x32
from keras_augsynth.ops.rows import per_sample

_ORDER = 3  # of the bias field


class LabelsToVolume(Intensity3D, listed=False):
    """Makes a volume of random contrast out of each map of labels: a network then learns shapes, not contrasts.

    For each volume every label gets a gray value and a spread of its own. What they give is blurred, made uneven by a
    bias field and coarse, and its tones are bent. Takes `{"segmentation_masks": labels}` and adds "volumes"; or the
    labels themselves. An inactive layer leaves the labels as they are.

    Args:
        deviation: standard deviation of a label's values, as a fraction of the output range, from 0 to 1; a pair
            (low, high) draws one for each label.
        blur: standard deviation of the blur in voxels, 0 or more; a pair draws one for each volume.
        bias: coefficients of the bias field, as in `RandomBiasField3D`; a number c means (-c, c).
        scale: resolution as a fraction of that of the labels, from 0.05 to 1; a pair draws one for each volume.
        gamma: standard deviation of the logarithm of the exponent of the tones, 0 or more.
        background: a label that is black in half of the volumes; None for no such label.
        output_range: lowest and highest value of the volumes; each reaches from one to the other.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`, one map of labels in each
        channel; masks may lack the channels.

    Output shape:
        As the input's.

    Raises:
        TypeError: for masks that are no integers.
        ValueError: for an argument outside its range, volumes beside the masks, or gray values in their place.

    Example:

    >>> labels = np.zeros((2, 8, 16, 16), "int32")
    >>> labels[:, 2:6, 4:12, 4:12] = 17
    >>> LabelsToVolume(seed=1)({"segmentation_masks": labels}, training=True)["volumes"].shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Billot et al.: SynthSeg: segmentation of brain MRI scans of any contrast and resolution without retraining.
        Medical Image Analysis 2023.
    """

    draws_pixels = True

    def __init__(
        self,
        deviation: float | tuple[float, float] = (0.0, 35 / 255),
        blur: float | tuple[float, float] = (0.0, 1.0),
        bias: float | tuple[float, float] = 0.5,
        scale: float | tuple[float, float] = (0.5, 1.0),
        gamma: float = 0.4,
        background: int | None = 0,
        output_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.deviation = check_range(self, deviation, "deviation", 0.0, 1.0)
        self.blur = check_range(self, blur, "blur", 0.0, 50.0)
        self._size = 2 * math.ceil(3.0 * limits(self.blur)[1]) + 1
        self.blur = check_range(self, self.blur, "blur", 0.0, limits(self.blur)[1])  # the kernels are so long
        self.bias = check_factor(self, bias, "bias", -10.0, 10.0)
        self.scale = check_range(self, scale, "scale", 0.05, 1.0)
        self._limits = limits(self.scale)
        self.scale = check_range(self, self.scale, "scale", *self._limits)
        self.gamma = check_range(self, gamma, "gamma", 0.0, 3.0)
        self.background = None if background is None else check_integer(self, background, "background")
        self.output_range = check_pair(self, output_range, "output_range")

    def completed(self, inputs: Any) -> Any:
        if not isinstance(inputs, dict) or "segmentation_masks" not in inputs:
            self._check_labels(inputs["volumes"] if isinstance(inputs, dict) and "volumes" in inputs else inputs)
            return inputs
        labels = inputs["segmentation_masks"]
        if "volumes" in inputs:
            raise wrong(self, "volumes", "not stand beside the labels that they are made of", tuple(labels.shape))
        dtype = keras.backend.standardize_dtype(labels.dtype)
        if "int" not in dtype and dtype != "bool":
            raise wrong(self, "segmentation_masks", "be integers", dtype, TypeError)
        rank = len(labels.shape)
        with_channels = rank == 5 or (rank == 4 and labels.shape[-1] == 1)
        volumes = labels if with_channels else ops.expand_dims(labels, -1)
        return {**inputs, "volumes": ops.cast(volumes, "float32")}

    def _check_labels(self, labels: Any) -> None:
        """Refuses gray values where labels belong, if they can be seen."""
        if isinstance(labels, (np.ndarray, tf.Tensor)) and tf.executing_eagerly():
            numbers = np.asarray(labels)
            if numbers.dtype.kind == "f" and np.any(np.isfinite(numbers) & (numbers != np.round(numbers))):
                raise wrong(self, "volumes", "be labels, whole numbers", f"{numbers.dtype.name} with fractions")

    def draw(self, rng, view) -> Params:
        return {
            "keys": rng.keys(),
            "black": rng.bernoulli(0.5),
            "deviation": ops.stack(
                [rng.uniform(end, end) for end in self.deviation], axis=1
            ),  # one row for each volume
            "noise": rng.normal(shape=view.shape[1:]),
            "blur": rng.uniform(*self.blur),
            "bias": rng.uniform(*self.bias, (len(monomials(_ORDER)),)),
            "scale": rng.uniform(*self.scale),
            "gamma": rng.normal(0.0, rng.uniform(*self.gamma)),
        }

    def apply(self, x, params) -> Tensor:
        mean, deviation = self._by_label(x, params)
        made = mean + deviation * params["noise"]
        made = filters.separable_3d(made, *[filters.gaussian(params["blur"], self._size)] * 3)
        made = made * ops.exp(polynomial(params["bias"], _ORDER, ops.shape(x)[1:4]))[..., None]
        made = resize.down_and_up(made, params["scale"], self._limits, "area", "bilinear")
        low, high = (per_sample(end, x) for end in color.channel_limits(made))
        part = ops.clip((made - low) / ops.where(high > low, high - low, 1.0), 0.0, 1.0)
        part = ops.exp(per_sample(ops.exp(params["gamma"]), x) * ops.log(part))
        return self.output_range[0] + (self.output_range[1] - self.output_range[0]) * part

    def _by_label(self, labels: Tensor, params: Params) -> tuple[Tensor, Tensor]:
        """Mean and deviation at every voxel, from 0 to 1: functions of the volume's key and the label."""
        labels = ops.cast(labels, "int32")
        key = tuple(per_sample(params["keys"][:, k], labels) for k in (0, 1))
        words = threefry2x32(key, (ops.cast(labels, "uint32"), np.uint32(0)))
        whole = (ops.cast(ops.right_shift(word, np.uint32(8)), "int32") for word in words)
        first, second = (ops.cast(number, "float32") * 2.0**-24 for number in whole)
        low, high = (per_sample(params["deviation"][:, k], labels) for k in (0, 1))
        deviation = low + (high - low) * second
        if self.background is None:
            return first, deviation
        black = ops.logical_and(per_sample(params["black"], labels), ops.equal(labels, self.background))
        return ops.where(black, 0.0, first), ops.where(black, 0.0, deviation)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"deviation": (0.0, 0.2 * strength), "blur": (0.0, strength), "scale": (1.0 - 0.5 * strength, 1.0)}
