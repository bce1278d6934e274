from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import (
    check_choice,
    check_factor,
    check_flag,
    check_integer,
    check_number,
    check_value_range,
)
from keras_augsynth.layers.image.policy import OPERATIONS, Policy, drawn
from keras_augsynth.ops import color
from keras_augsynth.ops.color import expand
from keras_augsynth.ops.lookup import look_up
from keras_augsynth.ops.resample import INTERPOLATIONS, resample

_COLORS = ("color", "contrast", "brightness", "sharpness")


class AugMix(Augmentation):
    """Blends each image with a mixture of differently augmented copies of itself.

    Each chain changes a copy by up to `chain_depth` operations of those of `RandAugment`. Masks, boxes and
    points stay: the image itself is still there.

    Args:
        value_range: lowest and highest value of a pixel.
        num_chains: copies, at least 1.
        chain_depth: operations of a chain at most, at least 1; how many is drawn for each chain and image.
        factor: magnitude of an operation, from 0 to 1, drawn from the pair; a number f means (0, f).
        alpha: above 0; shares of the chains come from Dirichlet(alpha), that of the image from
            Beta(alpha, alpha).
        all_ops: whether color, contrast, brightness and sharpness are among the operations. The paper leaves
            them out, since its test set of corrupted images has them.
        interpolation: "bilinear" or "nearest".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 1 or 3 channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an argument outside its range.

    Example:

    >>> AugMix(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Hendrycks et al.: AugMix: a simple data processing method to improve robustness and uncertainty. ICLR 2020.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: float | tuple[float, float] = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.value_range = check_value_range(self, value_range)
        self.num_chains = check_integer(self, num_chains, "num_chains", 1)
        self.chain_depth = check_integer(self, chain_depth, "chain_depth", 1)
        self.factor = check_factor(self, factor, low=0.0)
        self.alpha = check_number(self, alpha, "alpha", 1e-3)
        self.all_ops = check_flag(self, all_ops, "all_ops")
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        names = [name for name in OPERATIONS[1:-1] if self.all_ops or name not in _COLORS]
        self._names = [OPERATIONS.index(name) for name in names]
        self._chain = _Chain(value_range=self.value_range, interpolation=interpolation)

    reach = 64  # every level of an image may move with one pixel

    def draw(self, rng, shape) -> Params:
        own, shares = rng.beta(self.alpha, self.alpha), rng.dirichlet(self.alpha, self.num_chains)
        every = (self.num_chains, self.chain_depth)
        names = look_up(ops.convert_to_tensor(self._names, "int32"), rng.integers(0, len(self._names), every))
        length = rng.integers(1, self.chain_depth + 1, (self.num_chains, 1))
        used = ops.arange(self.chain_depth, dtype="int32") < length
        magnitudes = rng.uniform(*self.factor, shape=every)
        return {"own": own, "shares": shares, **drawn(rng, ops.where(used, names, 0), magnitudes)}

    def apply(self, x, params) -> Tensor:
        chains = {name: ops.swapaxes(params[name], 0, 1) for name in ("name", "magnitude", "sign", "shares")}

        def add(chain: Tensor, mixture: Tensor) -> Tensor:
            operations = {name: ops.take(values, chain, axis=0) for name, values in chains.items()}
            return mixture + expand(operations["shares"], 3) * self._chain.carry_out(x, operations)

        # A loop, so that one chain is compiled, not all of them.
        mixture = ops.fori_loop(0, self.num_chains, add, ops.zeros_like(x))
        own = expand(params["own"], 3)
        return color.clip(x, own * x + (1.0 - own) * mixture, self.value_range)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": strength, "num_chains": 2, "chain_depth": 2}


class _Chain(Policy, listed=False):
    """A policy whose operations are handed in."""

    def operations(self, rng):
        raise NotImplementedError("A chain of AugMix is told what to do.")

    def carry_out(self, x: Tensor, operations: Params) -> Tensor:
        geometry, colors, levels, sharpness = self.layers
        x = resample(x, geometry.matrix(operations, ops.shape(x)[1:3]), None, *geometry.sampling[:3])
        x = color.transform(x, colors.matrix(operations, color.channel_mean(x)), self.value_range)
        return sharpness.apply(levels.apply(x, operations), operations)
