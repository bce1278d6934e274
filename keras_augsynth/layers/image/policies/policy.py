"""`Policy`: operations drawn by name and magnitude for each image, all of them in one resample and one color pass."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_choice, check_number
from keras_augsynth.core.composites import Composite
from keras_augsynth.core.draws import Place, Step, View
from keras_augsynth.core.families.color import Color
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.layers.image.blur.random_sharpness import RandomSharpness
from keras_augsynth.layers.image.light.auto_contrast import AutoContrast
from keras_augsynth.layers.image.light.equalization import Equalization
from keras_augsynth.layers.image.light.random_posterization import RandomPosterization
from keras_augsynth.layers.image.light.solarization import Solarization
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.resample import FILL_MODES, INTERPOLATIONS
from keras_augsynth.ops.rows import per_sample

# What a policy can draw, in PIL's names.
OPERATIONS = (
    "identity",
    "auto_contrast",
    "equalize",
    "rotate",
    "solarize",
    "color",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
    "invert",
)
_SIGNED = ("rotate", "color", "contrast", "brightness", "sharpness", "shear_x", "shear_y", "translate_x", "translate_y")

# What magnitude 1 means: radians, slopes, fractions of a side, changes of a factor from 1, bits lost.
USUAL = {"rotate": math.pi / 6, "shear": 0.3, "translate": 150 / 331, "factor": 0.9, "bits": 4}
WIDE = {"rotate": 0.75 * math.pi, "shear": 0.99, "translate": 32 / 224, "factor": 0.99, "bits": 6}

# "name", "magnitude" (0 to 1) and "sign" (1 or -1) of each operation, `(N, operations)` each.
Drawn = dict[str, Tensor]


class Policy(Composite, listed=False):
    """Augmentation by a policy: a few operations with magnitudes, drawn for each image.

    Whatever is drawn is carried out in one order: geometry (one resample, shared with neighbours in a
    Pipeline), colors (one pass), levels, sharpness. So only what is drawn is done where that is linear, and
    masks, boxes and points move along.

    Args:
        value_range: lowest and highest value of a pixel.
        interpolation: "bilinear" or "nearest".
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.
    """

    modalities = IMAGE_LIKE
    fixed_arguments = ("layers",)
    strengths = USUAL
    receptive_field = 64  # one pixel may move all levels of its image

    def __init__(
        self,
        *,
        value_range: Sequence[float] = (0, 255),
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        self.fill_mode = check_choice(self, fill_mode, "fill_mode", FILL_MODES)
        self.fill_value = check_number(self, fill_value, "fill_value")
        parts = [
            _Geometry(self.strengths, interpolation=interpolation, fill_mode=fill_mode, fill_value=fill_value),
            *(part(self.strengths, value_range=value_range) for part in (_Colors, _Levels, _Sharpness)),
        ]
        super().__init__(parts, value_range=value_range, **kwargs)

    def operations(self, rng: Random) -> Drawn:
        """What to do with each image."""
        raise NotImplementedError(f"{type(self).__name__} must define `operations`.")

    def draw(self, rng: Random, view: View) -> Params:
        return self.operations(rng)

    def gates(self, rng: Random) -> Tensor:
        chosen = ops.expand_dims(rng.gate(self.p), 1)
        return ops.broadcast_to(chosen, (ops.shape(chosen)[0], len(self.layers)))

    def parts(self, place: Place) -> list[list[Step]]:
        seed = self.seed if self.is_seeded else place.seed
        # One draw for all parts.
        return [
            [Step(step.layer, replace(step.place, seed=seed), drawer=self) for step in part]
            for part in super().parts(place)
        ]

    def get_config(self) -> dict[str, Any]:
        config = Augmentation.get_config(self)
        config.pop("layers", None)
        return config


def drawn(rng: Random, names: Tensor, magnitudes: Tensor) -> Drawn:
    """Operations with random signs.

    Args:
        rng: for the signs.
        names: int32 `(N, ..., count)`, positions in `OPERATIONS`.
        magnitudes: the same shape, from 0 to 1.
    """
    sign = 1.0 - 2.0 * ops.cast(rng.bernoulli(0.5, names.shape[1:]), "float32")
    return {"name": names, "magnitude": magnitudes, "sign": sign}


class _Part:
    """What the parts of a policy have in common: they carry out the operations that the policy draws."""

    def __init__(self, strengths: dict[str, float], **kwargs: Any):
        super().__init__(**kwargs)
        self._strengths = strengths

    def _amounts(self, params: Params, name: str, unit: str | None = None) -> Tensor:
        """The magnitude of an operation where it was drawn and 0 elsewhere, `(N, operations)`."""
        amount = params["magnitude"] * (params["sign"] if name in _SIGNED else 1.0)
        amount = amount * (self._strengths[unit] if unit else 1.0)
        return ops.where(self._is(params, name), amount, 0.0)

    def _is(self, params: Params, name: str) -> Tensor:
        return ops.equal(params["name"], OPERATIONS.index(name))

    def _any(self, params: Params, name: str, x: Tensor) -> Tensor:
        """Whether an operation was drawn at all, bool, ready to meet `x`."""
        return per_sample(ops.any(self._is(params, name), axis=1), x)


class _Geometry(_Part, Geometric, listed=False):
    def matrix(self, params, size) -> Tensor:
        height, width = (ops.cast(length, "float32") for length in size)
        amounts = lambda name, unit: ops.reshape(self._amounts(params, name, unit), (-1,))
        shear = matrices.shear(amounts("shear_x", "shear"), amounts("shear_y", "shear"))
        x, y = (-amounts(f"translate_{axis}", "translate") for axis in "xy")
        turn = matrices.rotation(amounts("rotate", "rotate"))
        each = ops.matmul(ops.matmul(shear, matrices.translation(x * width, y * height)), turn)
        return _product(ops.reshape(each, (-1, params["name"].shape[1], 3, 3)))


class _Colors(_Part, Color, listed=False):
    def matrix(self, params, mean) -> Tensor:
        channels, (low, high) = mean.shape[-1], self.value_range
        product = matrices.identity(channels + 1)
        light, contrast, saturation = (
            1.0 + self._amounts(params, name, "factor") for name in ("brightness", "contrast", "color")
        )
        for k in range(light.shape[1]):
            product = ops.matmul(matrices.affine_color(light[:, k], (1.0 - light[:, k]) * low, channels), product)
            product = ops.matmul(matrices.contrast(contrast[:, k], color.apply(product, mean)), product)
            if channels == 3:
                product = ops.matmul(matrices.saturation(saturation[:, k]), product)
        inverted = ops.sum(ops.cast(self._is(params, "invert"), "float32"), axis=1) % 2.0
        return ops.matmul(matrices.affine_color(1.0 - 2.0 * inverted, (low + high) * inverted, channels), product)


def _product(each: Tensor) -> Tensor:
    """Of matrices `(N, count, 3, 3)`, in order."""
    product = matrices.identity(3) + 0.0 * ops.sum(each, axis=1)
    for k in range(each.shape[1]):
        product = each[:, k] if k == 0 else ops.matmul(product, each[:, k])
    return product


class _Levels(_Part, Intensity, listed=False):
    clips = False

    def __init__(self, strengths: dict[str, float], *, value_range: Sequence[float], **kwargs: Any):
        super().__init__(strengths, value_range=value_range, **kwargs)
        self._posterize = RandomPosterization(8, value_range)
        self._solarize, self._stretch = Solarization(value_range=value_range), AutoContrast(value_range)
        self._equalize = Equalization(value_range)

    def apply(self, x, params) -> Tensor:
        def where(name: str, changed: Tensor) -> Tensor:
            return ops.where(self._any(params, name, x), changed, x)

        lost = ops.sum(self._amounts(params, "posterize", "bits"), axis=1)
        bits = ops.clip(8 - ops.cast(ops.round(lost), "int32"), 1, 8)
        x = where("posterize", self._posterize.applied(x, {"bits": bits}))
        high = self.value_range[1]
        threshold = high - self.span * ops.minimum(ops.sum(self._amounts(params, "solarize"), axis=1), 1.0)
        lighter = {"addition": ops.zeros_like(threshold), "threshold": threshold}
        x = where("solarize", self._solarize.applied(x, lighter))
        x = where("auto_contrast", self._stretch.applied(x, {}))
        return where("equalize", self._equalize.applied(x, {}))


class _Sharpness(_Part, Intensity, listed=False):
    clips = False
    modalities = IMAGE_LIKE
    planar = True

    def __init__(self, strengths: dict[str, float], *, value_range: Sequence[float], **kwargs: Any):
        super().__init__(strengths, value_range=value_range, **kwargs)
        self._sharpen = RandomSharpness(0.5, value_range)

    def apply(self, x, params) -> Tensor:
        softness = -ops.sum(self._amounts(params, "sharpness", "factor"), axis=1)
        changed = self._sharpen.applied(x, {"softness": softness})
        return ops.where(self._any(params, "sharpness", x), changed, x)
