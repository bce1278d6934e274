from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, wrong
from keras_augsynth.core.families.mixing import Mixing, fields_side_by_side, side_by_side, take_source
from keras_augsynth.core.magnitudes import current_view, limits
from keras_augsynth.core.modalities import AUDIO, IMAGE, SPECTROGRAM, TABULAR, VIDEO, VOLUME
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops import regions
from keras_augsynth.ops.rows import beside_axes

_AXES = "zyx"


class CutMix(Mixing):
    """Puts a rectangle of another sample of the batch into each sample; labels are mixed by their areas.

    In a volume it is a cuboid, in a sound a stretch of time; of a row of a table, each column is taken from the other
    row or not.

    Args:
        factor: the parameter a of Beta(a, a), from which the share of the image that stays is drawn; from 0 to
            1, drawn for each image from a pair; a number f means (0, f).
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        A batch of images, videos, volumes, sounds, spectrograms or rows; a single sample stays as it is.

    Output shape:
        As the input's. Masks are cut with their images. Boxes of both images are kept as far as they are seen.

    Raises:
        ValueError: for a factor outside [0, 1], or integer labels without `num_classes`.

    Example:

    >>> images, labels = CutMix(num_classes=3, seed=1)(np.zeros((4, 8, 8, 3)), np.array([0, 1, 2, 1]), training=True)
    >>> labels.shape
    TensorShape([4, 3])

    Reference:
        Yun et al.: CutMix: regularization strategy to train strong classifiers with localizable features. ICCV 2019.
    """

    modalities = (IMAGE, VIDEO, VOLUME, AUDIO, SPECTROGRAM, TABULAR)
    modality_matters = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        *,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(num_classes=num_classes, seed=seed, data_format=data_format, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)
        if limits(self.factor)[1] == 0.0:
            raise wrong(self, "factor", "be above 0; `p=0` turns the layer off", factor)

    def draw(self, rng, view) -> Params:
        alpha = ops.maximum(rng.uniform(*self.factor), 1e-3)
        other = 1.0 - rng.beta(alpha, alpha)
        if not view.size:
            return {**self._columns(rng, view, other), "sources": self.partners(rng, view, 1)}
        side = ops.sqrt(other) if len(view.size) == 2 else other ** (1.0 / len(view.size))
        window, inside, whole = {}, 1, 1
        for name, length in zip(_AXES[-len(view.size) :], view.size, strict=True):
            half = ops.cast(ops.round(side * ops.cast(length, "float32") / 2.0), "int32")
            middle = rng.integers(0, length)
            window[f"{name}0"] = ops.clip(middle - half, 0, length)
            window[f"{name}1"] = ops.clip(middle + half, 0, length)
            inside, whole = inside * (window[f"{name}1"] - window[f"{name}0"]), whole * length
        share = ops.cast(inside, "float32") / ops.cast(whole, "float32")
        return {"sources": self.partners(rng, view, 1), "weights": ops.stack([1.0 - share, share], axis=1), **window}

    def _columns(self, rng, view, other) -> Params:
        """Rows of a table have no neighbours: each column for itself is taken from the other row."""
        taken = rng.uniform(shape=(view.shape[-1],)) < ops.expand_dims(other, 1)
        share = ops.mean(ops.cast(taken, "float32"), axis=1)
        return {"taken": taken, "weights": ops.stack([1.0 - share, share], axis=1)}

    def identity_params(self, view) -> Params:
        if not view.size:
            return {**self.identity_sources(view, 1), "taken": ops.zeros((view.shape[0], view.shape[-1]), "bool")}
        nowhere = ops.zeros(view.shape[:1], "int32")
        ends = {f"{name}{end}": nowhere for name in _AXES[-len(view.size) :] for end in (0, 1)}
        return {**self.identity_sources(view, 1), **ends}

    def mix(self, x, params, masks) -> Tensor:
        view = current_view()
        if not view.size:
            return ops.where(params["taken"], take_source(x, params, 1), x)
        names = _AXES[-len(view.size) :]
        starts = [ops.expand_dims(params[f"{name}0"], 1) for name in names]
        lengths = [ops.expand_dims(params[f"{name}1"], 1) - start for name, start in zip(names, starts, strict=True)]
        inside = regions.cuboids(starts, lengths, view.size)
        return ops.where(beside_axes(inside, x, 1 + view.modality.has_frames), take_source(x, params, 1), x)

    def apply_masks(self, masks, params) -> Tensor:
        return self.mix(masks, params, None)

    def mix_boxes(self, boxes, fields, params, size, masks) -> tuple[Tensor, dict[str, Tensor]]:
        axes, other = len(size), take_source(boxes, params, 1)
        ends = [params[f"{name}{end}"] for end in (0, 1) for name in reversed(_AXES[-axes:])]
        window = ops.expand_dims(ops.cast(ops.stack(ends, axis=-1), "float32"), 1)

        def cut(t: Tensor) -> Tensor:
            low = ops.maximum(t[..., :axes], window[..., :axes])
            return ops.concatenate([low, ops.minimum(t[..., axes:], window[..., axes:])], axis=-1)

        hidden = box_ops.area(cut(boxes)) / ops.maximum(box_ops.area(boxes), 1e-6)
        shown = box_ops.area(cut(other)) / ops.maximum(box_ops.area(other), 1e-6)
        inner = ops.where(ops.expand_dims(shown > 0.0, -1), cut(other), 0.0)
        own = self.seen(boxes, fields, 1.0 - hidden)
        others = self.seen(other, take_source(fields, params, 1), shown)
        return side_by_side([boxes, inner]), fields_side_by_side([own, others])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.05 + 0.95 * strength, "num_classes": 10}
