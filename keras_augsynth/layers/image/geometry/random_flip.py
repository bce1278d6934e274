from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices
from keras_augsynth.ops.rows import per_sample

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(Geometric):
    """Mirrors images at random: left to right, top to bottom, or both, each with its own coin.

    Pixels are moved, not interpolated, so integer images keep their exact values.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an unknown mode.

    Example:

    >>> RandomFlip("horizontal", seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = check_choice(self, mode, "mode", MODES)

    sampling = None
    whole_pixels = upright = True

    def draw(self, rng, view) -> Params:
        never = ops.zeros(view.shape[:1], "bool")
        horizontal, vertical = rng.bernoulli(0.5), rng.bernoulli(0.5)
        return {
            "horizontal": never if self.mode == "vertical" else horizontal,
            "vertical": never if self.mode == "horizontal" else vertical,
        }

    def matrix(self, params, size) -> Tensor:
        sign = lambda flip: 1.0 - 2.0 * ops.cast(flip, "float64")
        return matrices.scaling(sign(params["horizontal"]), sign(params["vertical"]))

    def move(self, x, params) -> Tensor:
        for axis, name in ((-2, "horizontal"), (-3, "vertical")):
            if name in self.mode:
                x = ops.where(per_sample(params[name], x), ops.flip(x, axis), x)
        return x

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"mode": "horizontal"}
