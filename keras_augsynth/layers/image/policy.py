"""`Policy`: operations drawn by name and magnitude for each image, all of them in one resample and one color pass."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Color, Geometric, Params, Tensor
from keras_augsynth.core.checks import check_choice, check_value_range
from keras_augsynth.core.pipeline import Composite
from keras_augsynth.layers.image.auto_contrast import AutoContrast
from keras_augsynth.layers.image.equalization import Equalization
from keras_augsynth.layers.image.random_posterization import RandomPosterization
from keras_augsynth.layers.image.random_sharpness import RandomSharpness
from keras_augsynth.layers.image.solarization import Solarization
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.color import expand
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.resample import FILL_MODES, INTERPOLATIONS

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

    implied = ("layers",)
    magnitudes = USUAL
    reach = 64  # one pixel may move all levels of its image

    def __init__(
        self,
        *,
        value_range: Sequence[float] = (0, 255),
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        self.value_range = check_value_range(self, value_range)
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        self.fill_mode = check_choice(self, fill_mode, "fill_mode", FILL_MODES)
        self.fill_value = fill_value
        sampling = {"interpolation": interpolation, "fill_mode": fill_mode, "fill_value": fill_value}
        colors = {"value_range": self.value_range}
        parts = [
            _Geometry(self.operations, self.magnitudes, **sampling),
            _Colors(self.operations, self.magnitudes, **colors),
            _Levels(self.operations, self.magnitudes, **colors),
            _Sharpness(self.operations, self.magnitudes, **colors),
        ]
        super().__init__(parts, **kwargs)

    def operations(self, rng: Random) -> Drawn:
        """What to do with each image."""
        raise NotImplementedError(f"{type(self).__name__} must define `operations`.")

    def adopt(self, seed: int) -> None:
        Augmentation.adopt(self, seed)
        for part in self.layers:  # the same seed, so that all parts draw the same operations
            part.seed = self.seed

    def choose(self, rng: Random) -> Tensor:
        chosen = ops.expand_dims(rng.gate(self.p), 1)
        return ops.broadcast_to(chosen, (ops.shape(chosen)[0], len(self.layers)))

    def steps(self) -> list:
        return super().steps() if self.p < 1.0 else [step for part in self._parts() for step in part]


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
    """What the parts of a policy have in common: the operations that the policy draws."""

    def __init__(self, operations: Callable[[Random], Drawn], reach: dict[str, float], **kwargs: Any):
        super().__init__(**kwargs)
        self._operations, self._reach = operations, reach

    def draw(self, rng, shape) -> Params:
        return self._operations(rng)

    def _amounts(self, params: Params, name: str, unit: str | None = None) -> Tensor:
        """The magnitude of an operation where it was drawn and 0 elsewhere, `(N, operations)`."""
        amount = params["magnitude"] * (params["sign"] if name in _SIGNED else 1.0)
        amount = amount * (self._reach[unit] if unit else 1.0)
        return ops.where(self._is(params, name), amount, 0.0)

    def _is(self, params: Params, name: str) -> Tensor:
        return ops.equal(params["name"], OPERATIONS.index(name))

    def _any(self, params: Params, name: str) -> Tensor:
        """bool `(N, 1, 1, 1)`: whether an operation was drawn at all."""
        return expand(ops.any(self._is(params, name), axis=1), 3)


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
            step = matrices.affine_color([light[:, k]] * channels, [(1.0 - light[:, k]) * low] * channels)
            product = ops.matmul(step, product)
            product = ops.matmul(matrices.contrast(contrast[:, k], color.apply(product, mean)), product)
            if channels == 3:
                product = ops.matmul(matrices.saturation(saturation[:, k]), product)
        inverted = ops.sum(ops.cast(self._is(params, "invert"), "float32"), axis=1) % 2.0
        turned = matrices.affine_color([1.0 - 2.0 * inverted] * channels, [(low + high) * inverted] * channels)
        return ops.matmul(turned, product)


def _product(each: Tensor) -> Tensor:
    """Of matrices `(N, count, 3, 3)`, in order."""
    product = each[:, 0]
    for k in range(1, each.shape[1]):
        product = ops.matmul(product, each[:, k])
    return product


class _Levels(_Part, Augmentation, listed=False):
    def __init__(self, operations, reach, value_range, **kwargs: Any):
        super().__init__(operations, reach, **kwargs)
        self._range = value_range
        self._posterize = RandomPosterization(8, value_range)
        self._solarize, self._stretch = Solarization(value_range=value_range), AutoContrast(value_range)
        self._equalize = Equalization(value_range)

    def apply(self, x, params) -> Tensor:
        low, high = self._range
        where = lambda name, changed: ops.where(self._any(params, name), changed, x)
        lost = ops.sum(self._amounts(params, "posterize", "bits"), axis=1)
        bits = ops.clip(8 - ops.cast(ops.round(lost), "int32"), 1, 8)
        x = where("posterize", self._posterize.apply(x, {"bits": bits}))
        threshold = high - (high - low) * ops.minimum(ops.sum(self._amounts(params, "solarize"), axis=1), 1.0)
        lighter = {"addition": ops.zeros_like(threshold), "threshold": threshold}
        x = where("solarize", self._solarize.apply(x, lighter))
        x = where("auto_contrast", self._stretch.apply(x, {}))
        return where("equalize", self._equalize.apply(x, {}))


class _Sharpness(_Part, Augmentation, listed=False):
    def __init__(self, operations, reach, value_range, **kwargs: Any):
        super().__init__(operations, reach, **kwargs)
        self._sharpen = RandomSharpness(0.5, value_range)

    def apply(self, x, params) -> Tensor:
        softness = -ops.sum(self._amounts(params, "sharpness", "factor"), axis=1)
        changed = self._sharpen.apply(x, {"softness": softness})
        return ops.where(self._any(params, "sharpness"), changed, x)
