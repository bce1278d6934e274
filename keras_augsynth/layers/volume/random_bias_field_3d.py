from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops.polynomials import monomials, polynomial


class RandomBiasField3D(Intensity3D):
    """Makes each volume brighter here and darker there, as an uneven magnetic field does.

    Every value is multiplied by the exponential of a random polynomial of the place. For values of a magnetic
    resonance scan, which begin at 0.

    Args:
        coefficients: of the polynomial, over coordinates from -1 to 1; a number c means (-c, c), from -10 to 10.
        order: highest degree, from 0 to 6.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a coefficient or an order outside its range.

    Example:

    >>> RandomBiasField3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Van Leemput et al.: Automated model-based tissue classification of MR images of the brain. IEEE TMI 1999; the
        usual values are TorchIO's.
    """

    def __init__(self, coefficients: float | tuple[float, float] = 0.5, order: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        self.coefficients = check_factor(self, coefficients, "coefficients", -10.0, 10.0)
        self.order = check_integer(self, order, "order", 0, 6)

    def draw(self, rng, view) -> Params:
        return {"coefficients": rng.uniform(*self.coefficients, (len(monomials(self.order)),))}

    def apply(self, x, params) -> Tensor:
        field = ops.exp(polynomial(params["coefficients"], self.order, ops.shape(x)[1:4]))
        return x * field[..., None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"coefficients": strength}
