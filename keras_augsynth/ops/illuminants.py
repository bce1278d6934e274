"""The color of light by its temperature.

References:
    Kim, Kim, Jung, Kim, Lee: Design of advanced color temperature control system for HDTV applications.
    J. Korean Phys. Soc. 41 (2002): the black body's chromaticity as cubic polynomials.
    CIE 15:2004, Colorimetry: the chromaticity of daylight (illuminants D).
    IEC 61966-2-1:1999: sRGB.
"""

from typing import Any

from keras import ops

Tensor = Any

# Legal temperatures in kelvin: below the first, light has no blue left in sRGB or the polynomials end.
LIMITS = {"blackbody": (2000.0, 25000.0), "cied": (4000.0, 25000.0)}

# From CIE XYZ to linear sRGB.
_TO_RGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))


def rgb_ratios(kelvin: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Linear red and blue of the light, each as a multiple of its green; float64.

    Args:
        kelvin: temperatures within `LIMITS[mode]`.
        mode: "blackbody", or "cied" for daylight.
    """
    x, y = _CHROMATICITIES[mode](ops.cast(kelvin, "float64"))
    xyz = (x / y, 1.0, (1.0 - x - y) / y)
    red, green, blue = (sum(weight * part for weight, part in zip(row, xyz, strict=True)) for row in _TO_RGB)
    return red / green, blue / green


def _black_body(kelvin: Tensor) -> tuple[Tensor, Tensor]:
    t = 1000.0 / kelvin
    x = ops.where(
        kelvin <= 4000.0,
        ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910,
        ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390,
    )
    middle = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    low = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    high = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    return x, ops.where(kelvin <= 2222.0, low, ops.where(kelvin <= 4000.0, middle, high))


def _daylight(kelvin: Tensor) -> tuple[Tensor, Tensor]:
    t = 1000.0 / kelvin
    x = ops.where(
        kelvin <= 7000.0,
        ((-4.6070 * t + 2.9678) * t + 0.09911) * t + 0.244063,
        ((-2.0064 * t + 1.9018) * t + 0.24748) * t + 0.237040,
    )
    return x, (-3.000 * x + 2.870) * x - 0.275


_CHROMATICITIES = {"blackbody": _black_body, "cied": _daylight}
