import difflib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import (
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_pair,
    check_value_range,
    wrong,
)
from keras_augsynth.core.composites import Pipeline
from keras_augsynth.layers.any_kind.rescaling import Rescaling
from keras_augsynth.layers.image.color.random_brightness import RandomBrightness
from keras_augsynth.layers.image.compat.generator_brightness import GeneratorBrightness
from keras_augsynth.layers.image.compat.generator_shear import GeneratorShear
from keras_augsynth.layers.image.compat.generator_shift import GeneratorShift, check_shift
from keras_augsynth.layers.image.compat.generator_zoom import GeneratorZoom
from keras_augsynth.layers.image.geometry.random_flip import RandomFlip
from keras_augsynth.layers.image.geometry.random_rotation import RandomRotation
from keras_augsynth.layers.image.geometry.random_translation import RandomTranslation
from keras_augsynth.layers.image.geometry.random_zoom import RandomZoom
from keras_augsynth.ops.resample import FILL_MODES

_OWNER = "from_image_data_generator"
_PUT = "put at the end of the Pipeline"
# SciPy's other names, which the generator takes, too.
_SAME_FILL_MODE = {"grid-wrap": "wrap", "grid-mirror": "reflect", "grid-constant": "constant"}
_Shift = float | int | Sequence[float]


def from_image_data_generator(
    featurewise_center: bool = False,
    samplewise_center: bool = False,
    featurewise_std_normalization: bool = False,
    samplewise_std_normalization: bool = False,
    zca_whitening: bool = False,
    zca_epsilon: float = 1e-6,
    rotation_range: float = 0,
    width_shift_range: _Shift = 0.0,
    height_shift_range: _Shift = 0.0,
    brightness_range: Sequence[float] | None = None,
    shear_range: float = 0.0,
    zoom_range: float | Sequence[float] = 0.0,
    channel_shift_range: float = 0.0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    horizontal_flip: bool = False,
    vertical_flip: bool = False,
    rescale: float | None = None,
    preprocessing_function: Callable | None = None,
    data_format: str | None = None,
    validation_split: float = 0.0,
    interpolation_order: int = 1,
    dtype: str | None = None,
    *,
    seed: int | None = None,
    value_range: Sequence[float] = (0, 255),
    **unknown: Any,
) -> Pipeline:
    """The augmentation of an old `ImageDataGenerator`, as a Pipeline: the same arguments, with the same meaning.

    All that moves pixels is one resample, in the generator's order: rotation, shift, shear, zoom, flips. Then come
    channel shift, brightness and, at the end and in inference, too, `rescale`.

    Where the generator does not do what its arguments say, this does: `height_shift_range` moves up and down
    (Keras 3 moves sideways), images that are not square turn about their own center, and brightness works for
    images of any `value_range`. A channel shift is clipped to that range, not to each image's own extremes.
    Beyond the border, "wrap" goes on with the first pixel (SciPy leaves one out), and in "constant" the last pixel
    blends into `cval`.

    Args:
        featurewise_center: False; see Raises.
        samplewise_center: False; see Raises.
        featurewise_std_normalization: False; see Raises.
        samplewise_std_normalization: False; see Raises.
        zca_whitening: False; see Raises.
        zca_epsilon: without meaning here.
        rotation_range: largest angle, in degrees from 0 to 360, to either side. Here and below, None and False mean
            nothing to do, and where both sides are meant, the sign is left out of account.
        width_shift_range: a float below 1 is a fraction of the width, from 1 on pixels, to either side; an
            integer n means whole pixels in (-n, n); a list means one of its numbers, to either side: pixels,
            unless all lie between -1 and 1.
        height_shift_range: the same of the height.
        brightness_range: pair of factors; 1 changes nothing, 0 and below is black.
        shear_range: largest angle, in degrees (not radians) from 0 to 180, to either side.
        zoom_range: pair of factors, one drawn for each axis; above 1 everything gets smaller, below 0 it is
            mirrored. A number f means (1 - f, 1 + f).
        channel_shift_range: largest shift, in units of the pixel values, the same for all channels.
        fill_mode: "nearest", "constant", "reflect" or "wrap"; SciPy's "grid-wrap" and its like mean the same.
        cval: the value beyond the border in mode "constant".
        horizontal_flip: whether half of the images are mirrored left to right; 1 and 0 are True and False.
        vertical_flip: whether half of the images are mirrored top to bottom.
        rescale: factor for all values, at the end; None or 0: no rescaling.
        preprocessing_function: None; see Raises.
        data_format: "channels_last", "channels_first", or None for Keras's own setting.
        validation_split: 0; see Raises.
        interpolation_order: 0 (nearest pixel) or 1 (bilinear).
        dtype: of the result; None for Keras's floatx.
        seed: as in `Pipeline`; the generator had it in `flow`.
        value_range: lowest and highest value of a pixel, before `rescale`.
        **unknown: refused, with the name that was probably meant.

    Returns:
        A Pipeline. Without any augmentation it changes nothing.

    Raises:
        TypeError: for an argument that `ImageDataGenerator` does not have.
        ValueError: for a value outside its range, and for what cannot be done sample by sample in a graph; the
            message says what takes its place.

    Example:

    >>> augment = from_image_data_generator(
    ...     rotation_range=20, width_shift_range=0.2, height_shift_range=0.2, zoom_range=0.2, horizontal_flip=True
    ... )
    >>> [type(layer).__name__ for layer in augment.layers]
    ['RandomRotation', 'RandomTranslation', 'RandomZoom', 'RandomFlip']
    """
    if unknown:
        _refuse_unknown(*next(iter(unknown.items())))
    for name, value, instead in (
        ("zca_whitening", zca_whitening, "whiten the data beforehand"),
        ("featurewise_std_normalization", featurewise_std_normalization, f"{_PUT} `layers.Normalization()`, adapted"),
        (
            "featurewise_center",
            featurewise_center,
            f"{_PUT} `layers.Normalization(mean=mean, variance=np.ones_like(mean))` with the `mean` of each channel",
        ),
        (
            "samplewise_std_normalization",
            samplewise_std_normalization,
            f"{_PUT} `keras.layers.GroupNormalization(1, epsilon=1e-12, center=False, scale=False)`",
        ),
        (
            "samplewise_center",
            samplewise_center,
            f"{_PUT} `keras.layers.Lambda(lambda x: x - keras.ops.mean(x, axis=(1, 2, 3), keepdims=True))`",
        ),
        (
            "preprocessing_function",
            preprocessing_function,
            "put `keras.layers.Lambda(preprocessing_function)`, or a layer of your own with the same effect, behind "
            "the Pipeline's layers and in front of `rescale`; it is given the whole batch, as a tensor",
        ),
        ("validation_split", validation_split, "use keras.utils.split_dataset, or `validation_split` of `fit`"),
    ):
        if value:
            raise wrong(_OWNER, name, f"be left out: {instead}", value)
    interpolation = ("nearest", "bilinear")[check_integer(_OWNER, interpolation_order, "interpolation_order", 0, 1)]
    reading = {
        "fill_mode": check_choice(_OWNER, _SAME_FILL_MODE.get(fill_mode, fill_mode), "fill_mode", FILL_MODES),
        "fill_value": check_number(_OWNER, cval, "cval"),
        "interpolation": interpolation,
    }
    value_range = check_value_range(_OWNER, value_range)

    layers: list[Augmentation] = []
    if turn := _to_either_side(rotation_range, "rotation_range", 360.0):
        layers.append(RandomRotation(turn / 360.0, **reading))
    layers += _shift(height_shift_range, width_shift_range, reading)
    if shear := _to_either_side(shear_range, "shear_range", 180.0):
        layers.append(GeneratorShear(shear, **reading))
    layers += _zoom(zoom_range, reading)
    # The generator flips after the channel shift. Where a pixel is makes no difference to that, and here the
    # flip shares the resample.
    modes = [
        name
        for name, flip in (("horizontal", horizontal_flip), ("vertical", vertical_flip))
        if _flag(flip, f"{name}_flip")
    ]
    if modes:
        layers.append(RandomFlip("_and_".join(modes)))
    if shift := _to_either_side(channel_shift_range, "channel_shift_range", value_range[1] - value_range[0]):
        layers.append(RandomBrightness(shift / (value_range[1] - value_range[0]), value_range=value_range))
    if brightness_range is not None:
        pair = check_pair(_OWNER, brightness_range, "brightness_range")
        layers.append(GeneratorBrightness(pair, value_range=value_range))
    if rescale or not layers:
        layers.append(Rescaling(check_number(_OWNER, rescale, "rescale") if rescale else 1.0))
    return Pipeline(layers, seed=seed, data_format=data_format, dtype=dtype)


def _off(value: Any) -> bool:
    """Whether an argument is one of the old ways to write that there is nothing to do."""
    return value is None or value is False


def _flag(value: Any, name: str) -> bool:
    """True or False; old scripts write 1 and 0, too."""
    if value is None or (isinstance(value, (int, np.integer)) and value in (0, 1)):
        return bool(value)
    return check_flag(_OWNER, value, name)


def _to_either_side(value: Any, name: str, most: float) -> float:
    """How far at most; the generator draws from (-value, value), so the sign has no meaning."""
    return 0.0 if _off(value) else abs(check_number(_OWNER, value, name, -most, most))


def _shift(height: Any, width: Any, reading: dict[str, Any]) -> list[Augmentation]:
    height, width = _length(height, "height_shift_range"), _length(width, "width_shift_range")
    if not height and not width:
        return []
    if all(isinstance(limit, (int, float)) and limit < 1 for limit in (height, width)):
        return [RandomTranslation(height, width, **reading)]
    return [GeneratorShift(height, width, **reading)]


def _length(value: Any, name: str) -> float | int | list[float]:
    """As `check_shift`; of a fraction the sign has no meaning."""
    if _off(value):
        return 0.0
    is_fraction = isinstance(value, (float, np.floating)) and -1.0 < value < 0.0
    return check_shift(_OWNER, -value if is_fraction else value, name)


def _zoom(zoom: Any, reading: dict[str, Any]) -> list[Augmentation]:
    if _off(zoom):
        return []
    if np.ndim(zoom):
        low, high = check_pair(_OWNER, zoom, "zoom_range")
    else:
        number = abs(check_number(_OWNER, zoom, "zoom_range"))
        low, high = 1.0 - number, 1.0 + number
    if (low, high) == (1.0, 1.0):
        return []
    if low > 0.0 and high <= 2.0:
        return [RandomZoom((low - 1.0, high - 1.0), (low - 1.0, high - 1.0), **reading)]
    return [GeneratorZoom((low, high), **reading)]


def _refuse_unknown(name: str, value: Any) -> None:
    known = list(from_image_data_generator.__annotations__)
    near = difflib.get_close_matches(name, [argument for argument in known if argument not in ("unknown", "return")], 1)
    hint = f" (did you mean `{near[0]}`?)" if near else ""
    raise wrong(_OWNER, name, f"be an argument of ImageDataGenerator{hint}", value, TypeError)
