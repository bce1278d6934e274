"""The pixels of a batch, looked up by their place: packed into words, and fetched before they are needed."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.ops.compiled import fetched
from keras_augsynth.ops.lookup import look_up

Tensor = Any


class Pixels:
    """How images or volumes lie in memory that are going to be read in no particular order.

    Bytes of 2 to 4 channels are packed into one 32-bit word per pixel: one look-up instead of one per channel. While
    an image is read in any order, the next one is read in its own: it then lies in the processor's cache, which
    halves the time of turned images.

    Args:
        x: `(N, *size, C)`, any numeric dtype.
        grid: the size of the output, `(*output_size)`.

    Attributes:
        strides: how far one step goes in places: from image to image, and along each axis.
        steps: the same along each axis, from a pixel to its neighbor; 0 along an axis of one pixel, which has none.
        padded: whether a step beyond the last pixel does no harm.
    """

    def __init__(self, x: Tensor, grid: Sequence[int]):
        _, *size, self._channels = ops.shape(x)
        self._packed = ops.dtype(x) == "uint8" and 2 <= self._channels <= 4
        self._ahead = len(grid) == len(size) and (ops.dtype(x) == "float32" or "int" in ops.dtype(x))
        self.padded = self._ahead or self._packed
        self._wider = [0] * len(size)
        if self._ahead:  # every place of the output's grid is one of the next image, too
            self._wider = [_at_least_0(out - length) for out, length in zip(grid, size, strict=True)]
        self.strides = [1]
        for length, more in zip(reversed(size), reversed(self._wider), strict=True):
            self.strides.insert(0, self.strides[0] * (length + more))
        self.steps = [_if_several(stride, length) for stride, length in zip(self.strides[1:], size, strict=True)]

    def lay(self, x: Tensor) -> Tensor:
        """The images as they are read: what `x` is below. To be fenced, so that each pixel is laid down once."""
        filler = 4 - self._channels if self._packed else 0
        if self.padded:  # one image of zeros more: `first` needs zeros that XLA does not know to be constants
            x = ops.pad(x, [(0, 1), *((0, more) for more in self._wider), (0, filler)])
        return ops.expand_dims(tf.bitcast(x, "int32"), -1) if self._packed else x

    def places(self, places: Tensor) -> Tensor:
        """Int32 places `(N, *output_size)` in the flattened batch as `read` and `first` take them.

        Packed pixels are looked up once for each channel. XLA recognizes that these look-ups are the same and does one.
        Written as a single look-up, its results would be written to memory first.
        """
        if not self._packed:
            return places
        return ops.broadcast_to(ops.expand_dims(places, -1), (*ops.shape(places), self._channels))

    def read(self, x: Tensor, places: Tensor) -> Tensor:
        """The pixels there, `(N, *output_size, C)`."""
        return self._channel_values(self._look_up(x, places))

    def first(self, x: Tensor, places: Tensor) -> Tensor:
        """The same, and reads ahead."""
        values = self._look_up(x, places)
        if self._ahead:
            axes = len(self._wider)
            following = x[(slice(1, None), *(slice(0, length) for length in ops.shape(places)[1 : axes + 1]))]
            values = fetched(values, following, x[(slice(-1, None), *(slice(0, 1),) * axes)])
        return self._channel_values(values)

    def _look_up(self, x: Tensor, places: Tensor) -> Tensor:
        return look_up(ops.reshape(x, (-1,) if self._packed else (-1, self._channels)), places)

    def _channel_values(self, values: Tensor) -> Tensor:
        if not self._packed:
            return values
        shifts = 8 * ops.arange(self._channels, dtype="int32")
        return ops.cast(ops.bitwise_and(ops.right_shift(values, shifts), 255), "uint8")


def _if_several(stride: int | Tensor, length: int | Tensor) -> int | Tensor:
    if isinstance(length, int):
        return stride if length > 1 else 0
    return stride * ops.cast(length > 1, "int32")


def _at_least_0(length: int | Tensor) -> int | Tensor:
    return max(length, 0) if isinstance(length, int) else ops.maximum(length, 0)
