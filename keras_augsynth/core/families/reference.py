"""`ReferenceAugmentation`: layers that make a sample look like one of a bank of reference images."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.draws import current_key
from keras_augsynth.core.families.bank import Bank
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE

Tensor = Any


class ReferenceAugmentation(Bank, Intensity, listed=False):
    """An augmentation that makes each image look like one of a bank of reference images.

    A subclass says in `summarize` what it keeps of a reference; the images themselves are not needed after that.

    Args:
        references: images `(references, height, width, channels)` (whatever `data_format` is), or a list of
            images of any sizes; they are kept in the layer's configuration, so give a few. None: `adapt`
            learns them.
        value_range: lowest and highest value of a pixel, in the references, too.
        **kwargs: as in `Augmentation`.
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(self, references: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.references = references
        if references is not None:
            self._learn(references, False)

    def summarize(self, image: np.ndarray) -> np.ndarray:
        """What is kept of a reference image `(height, width, channels)`: an array of one shape for all images."""
        raise NotImplementedError(f"{type(self).__name__} must define `summarize`.")

    def adapt(self, images: Any) -> None:
        """Learns the references: an array or list of images, or a dataset of images or batches, in `data_format`.

        What is learned is saved with the layer's weights.
        """
        if self.references is not None:
            raise wrong(self, "references", "be None for `adapt`", f"{len(self.references)} images")
        self._learn(images, self.data_format == "channels_first")

    def _learn(self, images: Any, channels_first: bool) -> None:
        bank = [
            self.summarize(np.moveaxis(image, 0, -1) if channels_first else image) for image in self._images(images)
        ]
        if not bank:
            raise wrong(self, "references", "have at least one image", images)
        if len({entry.shape for entry in bank}) > 1:
            raise wrong(self, "references", "have the same number of channels", [entry.shape for entry in bank])
        self.fill(np.stack(bank))

    def _images(self, images: Any) -> Iterator[np.ndarray]:
        low, high = self.value_range
        if not isinstance(images, Iterable) or getattr(images, "ndim", 1) == 0:
            raise wrong(self, "references", "be an array or a list of images", images, TypeError)
        for part in images:
            part = np.asarray(part[0] if isinstance(part, tuple) else part)
            if part.dtype.kind in "OSUc":
                raise wrong(self, "references", "be images of real numbers", part.dtype, TypeError)
            if part.ndim not in (3, 4) or 0 in part.shape[-3:]:
                raise wrong(self, "references", "be images (height, width, channels)", part.shape)
            for image in part if part.ndim == 4 else part[None]:
                if not (np.isfinite(image).all() and low <= image.min() and image.max() <= high):
                    values = (float(image.min()), float(image.max()))
                    raise wrong(self, "references", f"have values from {low} to {high}", values)
                yield image

    def reference(self, choice: Tensor, x: Tensor, channels: int) -> Tensor:
        """`(N, ...)`: what is kept of each sample's reference, which has to have as many channels as the images."""
        if x.shape[-1] != channels:
            raise wrong(self, current_key(), f"have {channels} channel(s), as the references do", x.shape[-1])
        return self.entries(choice)


def example_references() -> np.ndarray:
    """Two small pictures, one like a sunset, one like a wood, uint8 `(2, 16, 16, 3)`."""
    down, right = np.mgrid[0:16, 0:16] / 15.0
    sunset = [90 + 160 * down, 40 + 90 * down**2, 110 - 80 * down + 10 * np.sin(9 * right)]
    trunks = 0.5 + 0.5 * np.sin(25 * right + 3 * down)
    wood = [20 + 50 * trunks, 40 + 70 * trunks * (1.2 - down), 25 + 30 * trunks]
    return np.round(np.stack([np.stack(sunset, -1), np.stack(wood, -1)])).clip(0, 255).astype("uint8")
