"""`DiffAugment`: augmentation inside the discriminator, through which gradients flow."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_choice, check_number, wrong
from keras_augsynth.ops.rows import per_sample

POLICIES = ("color", "translation", "cutout")


class DiffAugment(Augmentation, listed=False):
    """Differentiable augmentation of real and generated images alike, so that few images last longer.

    No mirroring and no rotation, which would turn up in the samples: a mirrored digit is another digit.
    It can be differentiated twice and compiled.

    Args:
        policy: any of "color", "translation", "cutout".
        translation: furthest shift as a fraction of a side, from 0 to 1; zeros move in.
        cutout: side of the square that is blanked as a fraction of a side, from 0 to 1.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(batch, height, width, channels)`, values in [-1, 1].

    Output shape:
        As the input's.

    Raises:
        ValueError: for an unknown policy, or a fraction outside [0, 1].

    Example:

    >>> DiffAugment(seed=1)(np.zeros((4, 28, 28, 1), "float32")).shape
    TensorShape([4, 28, 28, 1])

    Reference:
        Zhao et al.: Differentiable augmentation for data-efficient GAN training. NeurIPS 2020.
    """

    def __init__(
        self,
        policy: Sequence[str] = POLICIES,
        translation: float = 1 / 8,
        cutout: float = 1 / 2,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(policy, str) or not isinstance(policy, Sequence):
            raise wrong(self, "policy", 'be a list such as ["color", "cutout"]', policy, TypeError)
        self.policy = tuple(check_choice(self, name, "policy", POLICIES) for name in policy)
        self.translation = check_number(self, translation, "translation", 0.0, 1.0)
        self.cutout = check_number(self, cutout, "cutout", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        reach = lambda length: ops.cast(ops.cast(length, "float32") * self.translation + 0.5, "int32")
        return {
            "brightness": rng.uniform(-0.5, 0.5),
            "saturation": rng.uniform(0.0, 2.0),
            "contrast": rng.uniform(0.5, 1.5),
            "shift": ops.stack([rng.integers(-reach(side), reach(side) + 1) for side in view.size], axis=1),
            "center": rng.uniform(0.0, 1.0, (2,)),
        }

    def apply(self, x, params) -> Tensor:
        if "color" in self.policy:
            x = x + per_sample(params["brightness"], x)
            gray = ops.mean(x, axis=3, keepdims=True)
            x = gray + (x - gray) * per_sample(params["saturation"], x)
            mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
            x = mean + (x - mean) * per_sample(params["contrast"], x)
        for axis in (1, 2):
            if "translation" in self.policy:
                x = _shifted(x, params["shift"][:, axis - 1], axis)
        if "cutout" in self.policy:
            blank = [self._inside(ops.shape(x)[axis], params["center"][:, axis - 1]) for axis in (1, 2)]
            hole = ops.expand_dims(blank[0], 2) * ops.expand_dims(blank[1], 1)
            x = x * (1.0 - ops.expand_dims(hole, 3))
        return x

    def _inside(self, length: int, center: Tensor) -> Tensor:
        """1 where a position is inside the blanked stretch, `(N, length)`."""
        length = ops.cast(length, "float32")
        position = ops.arange(length, dtype="float32")
        distance = ops.abs(position - ops.floor(ops.expand_dims(center * length, 1)))
        return ops.cast(distance < self.cutout * length / 2.0, "float32")


def _shifted(x: Tensor, shift: Tensor, axis: int) -> Tensor:
    """Moves each image by whole pixels, zeros coming in: a product with a shifted identity, so differentiable."""
    position = ops.arange(ops.shape(x)[axis], dtype="int32")
    source = position[None, :, None] - shift[:, None, None]
    selector = ops.cast(ops.equal(source, position[None, None, :]), x.dtype)
    return ops.einsum("nij,njwc->niwc" if axis == 1 else "nij,nhjc->nhic", selector, x)
