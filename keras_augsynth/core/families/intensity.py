"""`Intensity`: layers that change values and know in which range these lie."""

from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_value_range, wrong
from keras_augsynth.core.draws import Params
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.core.modalities import SPATIAL, Modality
from keras_augsynth.core.ranges import effective_range
from keras_augsynth.ops import color

Tensor = Any


class Intensity(Augmentation, listed=False):
    """An augmentation that changes values; the result is clipped to the value range, once, at the end.

    Args:
        value_range: lowest and highest value of the data. A Pipeline with a `value_range` of its own gives it to all
            layers that have the usual one.
        **kwargs: as in `Augmentation`.
    """

    modalities: tuple[Modality, ...] = SPATIAL
    needs_range = True  # whether the layer cannot do without a value range
    clips = True
    uses_range: Any = True  # whether the result depends on the value range

    def __init__(self, *, value_range: Sequence[float] | None = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        if value_range is None and self.needs_range:
            raise wrong(self, "value_range", "be given: the change is a part of it", value_range)
        self._value_range = None if value_range is None else check_value_range(self, value_range)

    @property
    def value_range(self) -> Any:
        """Lowest and highest value: the layer's own, or what the composite says in which it is carried out."""
        view = current_view()
        return effective_range(self._value_range, None if view is None else view.value_range)

    @property
    def span(self) -> float:
        """The length of the value range."""
        low, high = self.value_range
        return high - low

    @property
    def result_dtype(self) -> str | None:
        low, high = self.value_range or (0.0, 255.0)
        return super().result_dtype if low <= 0.0 and high >= 255.0 else None

    def applied(self, x: Tensor, params: Params) -> Tensor:
        changed = self.apply(x, params)
        return color.clip(x, changed, self.value_range) if self.clips and self.value_range else changed
