"""Pipelines for volumes."""

from collections.abc import Sequence
from typing import Any

from keras_augsynth import layers

_UNBOUNDED = (-1e30, 1e30)  # a blur leaves no range


def nnunet(
    anisotropic: bool = False, spacing: float | Sequence[float] | None = None, seed: int | None = None, **kwargs: Any
) -> layers.Pipeline:
    """What nnU-Net trains with: turns, zooms, noise, blur, brightness, contrast, low resolution, gamma, mirroring.

    For volumes with a mean of 0 and a standard deviation of 1. All numbers are those of nnU-Net's
    `nnUNetTrainer.get_training_transforms` of July 2026 with batchgeneratorsv2 0.3.6, but for this: turns and zooms are
    in mm where the spacing is known (there in voxels); an exponent or factor is drawn once for all channels; gamma is
    log-uniform over its range (there below and above 1 with equal chance); what lies beyond the border repeats
    the last voxels (there 0, and masks -1); and the noise is a part of each volume's own standard deviation.

    Args:
        anisotropic: True for slices that are more than three times as far apart as their pixels: they are then turned
            and zoomed in their planes only, by any angle.
        spacing: side lengths of a voxel in mm, along depth, height and width; see `RandomAffine3D`.
        seed: of the Pipeline.
        **kwargs: as in `Pipeline`.

    Returns:
        A `Pipeline` for volumes, with their masks, boxes and points.

    Example:

    >>> presets.nnunet(seed=1)(np.zeros((2, 8, 16, 16, 1), "float32")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Isensee, Jaeger, Kohl, Petersen, Maier-Hein: nnU-Net: a self-configuring method for deep learning-based
        biomedical image segmentation. Nature Methods 2021.
    """
    if anisotropic:
        geometry = [
            layers.RandomRotation3D(0.5, axes=0, spacing=spacing, p=0.2),
            layers.RandomZoom((-0.3, 0.4), fill_mode="nearest", p=0.2),
        ]
    else:
        geometry = [
            layers.RandomRotation3D(30 / 360, spacing=spacing, p=0.2),
            layers.RandomAffine3D(0.0, (-0.3, 0.4), spacing=spacing, p=0.2),
        ]
    return layers.Pipeline(
        [
            *geometry,
            layers.RandomGaussianNoise3D((0.0, 0.1**0.5), p=0.1),
            layers.RandomGaussianBlur((1.0, 1.0), 7, (0.5, 1.0), value_range=_UNBOUNDED, p=0.2 * 0.5),
            layers.RandomContrast3D(1.0, (0.75, 1.25), p=0.15),
            layers.RandomContrast3D((0.75, 1.25), p=0.15),
            layers.RandomLowResolution3D((0.5, 1.0), p=0.25 * 0.5),
            layers.RandomGamma3D((0.7, 1.5), invert=True, retain_stats=True, p=0.1),
            layers.RandomGamma3D((0.7, 1.5), retain_stats=True, p=0.3),
            layers.RandomFlip3D(),
        ],
        seed=seed,
        **kwargs,
    )


def brain_mri(
    spacing: float | Sequence[float] | None = None, seed: int | None = None, **kwargs: Any
) -> layers.Pipeline:
    """What a scan of a brain can look like: another pose and shape, thick slices, bias field, ghosts, motion, noise.

    For values of magnetic resonance, which begin at 0. The ranges are the usual ones of TorchIO 1.2's transforms:
    10 degrees and 10 % for the affine map, a bias field of order 3 with coefficients up to 0.5, slices 1.5 to 5 times
    as thick, 4 to 10 ghosts of 50 to 100 %, exponents of exp(-0.3) to exp(0.3). Ours are: the chances, so that about
    two artefacts meet in a volume; the noise, which is Rician; and shifts as a part of the side.

    Args:
        spacing: side lengths of a voxel in mm, along depth, height and width; see `RandomAffine3D`.
        seed: of the Pipeline.
        **kwargs: as in `Pipeline`.

    Returns:
        A `Pipeline` for volumes, with their masks, boxes and points.

    Example:

    >>> presets.brain_mri(seed=1)(np.zeros((2, 8, 16, 16, 1), "float32")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Pérez-García, Sparks, Ourselin: TorchIO: a Python library for efficient loading, preprocessing, augmentation and
        patch-based sampling of medical images in deep learning. Computer Methods and Programs in Biomedicine 2021.
    """
    return layers.Pipeline(
        [
            layers.RandomFlip3D(axes=2),
            layers.RandomAffine3D(10 / 360, 0.1, spacing=spacing, p=0.8),
            layers.RandomElasticTransform3D(spacing=spacing, p=0.2),
            layers.RandomAnisotropy3D((1.5, 5.0), p=0.2),
            layers.RandomMotion3D(10 / 360, 0.05, movements=2, spacing=spacing, p=0.1),
            layers.RandomGhosting3D((4, 10), (0.5, 1.0), p=0.1),
            layers.RandomBiasField3D(0.5, order=3, p=0.2),
            layers.RandomRicianNoise3D((0.0, 0.05), p=0.2),
            layers.RandomGamma3D((0.74, 1.35), p=0.2),
        ],
        seed=seed,
        **kwargs,
    )


def ct(
    window: str | Sequence[float] = "soft_tissue",
    spacing: float | Sequence[float] | None = None,
    seed: int | None = None,
    **kwargs: Any,
) -> layers.Pipeline:
    """What a computed tomography can look like: another pose and shape, a lower dose; then a window of its values.

    For Hounsfield units. The window is laid in training and in inference. Turns, zooms and their chances are nnU-Net's
    (see `nnunet`), a dose of 10 to 50 % is what low-dose trials simulate: the one of the AAPM has 25 %. There is no
    mirroring, since organs have a side; and no change of contrast, since Hounsfield units have a meaning.

    Args:
        window: as in `IntensityWindow`; its values become 0 to 1.
        spacing: side lengths of a voxel in mm, along depth, height and width; see `RandomAffine3D`.
        seed: of the Pipeline.
        **kwargs: as in `Pipeline`.

    Returns:
        A `Pipeline` for volumes, with their masks, boxes and points.

    Example:

    >>> presets.ct("lung", spacing=(2.5, 0.7, 0.7), seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Isensee et al.: nnU-Net. Nature Methods 2021. McCollough et al.: Low-dose CT for the detection and
        classification of metastatic liver lesions: results of the 2016 Low Dose CT Grand Challenge. Medical Physics
        2017.
    """
    return layers.Pipeline(
        [
            layers.RandomRotation3D(30 / 360, spacing=spacing, p=0.2),
            layers.RandomAffine3D(0.0, (-0.3, 0.4), spacing=spacing, p=0.2),
            layers.RandomElasticTransform3D(spacing=spacing, p=0.2),
            layers.RandomDoseNoise((0.1, 0.5), spacing=spacing, p=0.3),
            layers.IntensityWindow(window),
        ],
        seed=seed,
        **kwargs,
    )
