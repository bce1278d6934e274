from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import (
    check_choice,
    check_factor,
    check_flag,
    check_integer,
    check_magnitude,
)
from keras_augsynth.core.draws import Place
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE, IMAGE_LIKE
from keras_augsynth.core.plan import Plan
from keras_augsynth.layers.image.policies.policy import OPERATIONS, Policy, drawn
from keras_augsynth.ops.lookup import look_up
from keras_augsynth.ops.resample import INTERPOLATIONS
from keras_augsynth.ops.rows import per_sample

_COLORS = ("color", "contrast", "brightness", "sharpness")


class AugMix(Intensity):
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
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, data_format=data_format, **kwargs)
        self.num_chains = check_integer(self, num_chains, "num_chains", 1, 100)
        self.chain_depth = check_integer(self, chain_depth, "chain_depth", 1, 100)
        self.factor = check_factor(self, factor, low=0.0)
        self.alpha = check_magnitude(self, alpha, "alpha", 1e-3)
        self.all_ops = check_flag(self, all_ops, "all_ops")
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        names = [name for name in OPERATIONS[1:-1] if self.all_ops or name not in _COLORS]
        self._names = [OPERATIONS.index(name) for name in names]
        self._chain = _Chain(value_range=value_range, interpolation=interpolation)
        self._plans: dict[Any, Plan] = {}

    modalities = IMAGE_LIKE
    planar = True
    receptive_field = 64  # every level of an image may move with one pixel

    def draw(self, rng, view) -> Params:
        own, shares = rng.beta(self.alpha, self.alpha), rng.dirichlet(self.alpha, self.num_chains)
        every = (self.num_chains, self.chain_depth)
        names = look_up(ops.convert_to_tensor(self._names, "int32"), rng.integers(0, len(self._names), every))
        length = rng.integers(1, self.chain_depth + 1, (self.num_chains, 1))
        used = ops.arange(self.chain_depth, dtype="int32") < length
        magnitudes = rng.uniform(*self.factor, shape=every)
        return {"own": own, "shares": shares, **drawn(rng, ops.where(used, names, 0), magnitudes)}

    def apply(self, x, params) -> Tensor:
        chains = {name: ops.swapaxes(params[name], 0, 1) for name in ("name", "magnitude", "sign", "shares")}
        plan = self._plan_of_a_chain()

        def add(chain: Tensor, mixture: Tensor) -> Tensor:
            operations = {name: ops.take(values, chain, axis=0) for name, values in chains.items()}
            shares = per_sample(operations.pop("shares"), x)
            record = {step.name: {"params": operations} for step in plan.steps}
            return mixture + shares * plan.carry_out(Batch(IMAGE, x), record=record).x

        # A loop, so that one chain is compiled, not all of them.
        mixture = ops.fori_loop(0, self.num_chains, add, ops.zeros_like(x))
        own = per_sample(params["own"], x)
        return own * x + (1.0 - own) * mixture

    def _plan_of_a_chain(self) -> Plan:
        if self.value_range not in self._plans:
            steps = self._chain.steps(Place(0, value_range=self.value_range))
            self._plans[self.value_range] = Plan(steps, self.jit, "float32")
        return self._plans[self.value_range]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": strength, "num_chains": 2, "chain_depth": 2}


class _Chain(Policy, listed=False):
    """A policy whose operations are handed in."""

    def operations(self, rng):
        raise NotImplementedError("A chain of AugMix is told what to do.")
