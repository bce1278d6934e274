from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.mixing import Mixing, fields_side_by_side, side_by_side, take_source
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import boxes as box_ops


class Mosaic(Mixing):
    """Lays four images of the batch about a random point, as detectors are trained; labels are mixed by area.

    The image itself lies to the upper left of the point with its lower right corner on it, three others of the
    batch fill the rest. Put a `RandomZoom` before it for objects of other sizes.

    Args:
        center: range of the point, as fractions of the sides, from 0 to 1.
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, height, width, channels)`; a single image is laid four times. Of videos all frames are laid alike.

    Output shape:
        As the input's. Masks and boxes are moved with their images; there are four times as many boxes.

    Raises:
        ValueError: for a center outside [0, 1], or integer labels without `num_classes`.

    Example:

    >>> Mosaic(seed=1)(np.zeros((4, 8, 8, 3)), training=True).shape
    TensorShape([4, 8, 8, 3])

    Reference:
        Bochkovskiy, Wang, Liao: YOLOv4. 2020.
    """

    modalities = IMAGE_LIKE

    def __init__(self, center: tuple[float, float] = (0.25, 0.75), *, num_classes: int | None = None, **kwargs: Any):
        super().__init__(num_classes=num_classes, **kwargs)
        self.center = check_range(self, center, "center", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        height, width = (ops.cast(length, "float32") for length in view.size[-2:])
        y, x = (ops.round(rng.uniform(*self.center) * length) for length in (height, width))
        upper, left = y / height, x / width
        areas = [upper * left, upper * (1.0 - left), (1.0 - upper) * left, (1.0 - upper) * (1.0 - left)]
        point = {"y": ops.cast(y, "int32"), "x": ops.cast(x, "int32")}
        return {"sources": self.partners(rng, view, 3), "weights": ops.stack(areas, axis=1), **point}

    def identity_params(self, view) -> Params:
        whole = lambda length: ops.broadcast_to(ops.cast(length, "int32"), (view.shape[0],))
        return {**self.identity_sources(view, 3), "y": whole(view.size[-2]), "x": whole(view.size[-1])}

    def mix(self, x, params, masks) -> Tensor:
        _, *frames, height, width, channels = shape = ops.shape(x)
        count = frames[0] if frames else 1
        point_y, point_x = (ops.reshape(params[name], (-1, 1, 1)) for name in ("y", "x"))
        row = ops.reshape(ops.arange(height, dtype="int32"), (1, -1, 1))
        column = ops.reshape(ops.arange(width, dtype="int32"), (1, 1, -1))
        above, before = row < point_y, column < point_x
        source = lambda k: ops.reshape(params["sources"][:, k], (-1, 1, 1))
        image = ops.where(above, ops.where(before, source(0), source(1)), ops.where(before, source(2), source(3)))
        row = ops.where(above, row + height - point_y, row - point_y)
        column = ops.where(before, column + width - point_x, column - point_x)
        frame = ops.reshape(ops.arange(count, dtype="int32"), (1, -1, 1, 1))
        image, row, column = (ops.expand_dims(t, 1) for t in (image, row, column))
        index = ((image * count + frame) * height + row) * width + column
        pixels = ops.take(ops.reshape(x, (-1, channels)), ops.reshape(index, (-1,)), axis=0)
        return ops.reshape(pixels, shape)

    def apply_masks(self, masks, params) -> Tensor:
        return self.mix(masks, params, None)

    def mix_boxes(self, boxes, fields, params, size, masks) -> tuple[Tensor, dict[str, Tensor]]:
        height, width = (ops.cast(length, "float32") for length in size)
        y, x = (ops.cast(ops.expand_dims(params[name], 1), "float32") for name in ("y", "x"))
        zero, moved, moved_fields = ops.zeros_like(x), [], []
        for k in range(4):
            top, bottom, down = (zero, y, y - height) if k < 2 else (y, zero + height, y)
            left, right, across = (zero, x, x - width) if k % 2 == 0 else (x, zero + width, x)
            source, own = take_source(boxes, params, k), take_source(fields, params, k)
            whole = source + ops.stack([across, down, across, down], axis=-1)
            low, high = ops.stack([left, top], axis=-1), ops.stack([right, bottom], axis=-1)
            cut = ops.concatenate([ops.clip(whole[..., :2], low, high), ops.clip(whole[..., 2:], low, high)], axis=-1)
            part = box_ops.area(cut) / ops.maximum(box_ops.area(whole), 1e-6)
            moved.append(cut)
            moved_fields.append(self.seen(whole, own, part))
        return side_by_side(moved), fields_side_by_side(moved_fields)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"center": (0.5 - 0.25 * strength, 0.5 + 0.25 * strength), "num_classes": 10}
