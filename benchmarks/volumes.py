"""Augmented volumes per second, against TorchIO, MONAI and SciPy: python -m benchmarks.volumes

Every candidate turns, zooms and bends each volume, lays a bias field of order 3 over it, adds normal noise and bends
its tones, with linear interpolation between voxels. Ours does so for a batch; the others take one volume after the
other. SciPy's candidate is written here, with one coordinate map and one resample as ours. What ours gives is first
held to SciPy's interpolation, at the same parameters.
"""

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import tensorflow as tf
from scipy import ndimage

from keras_augsynth import layers

OURS = "keras_augsynth"
BATCH = 4
DEGREES, ZOOM, CELLS = 10, 0.1, 6


def ours(volumes):
    augment = layers.Pipeline(
        [
            layers.RandomAffine3D(DEGREES / 360, ZOOM),
            layers.RandomElasticTransform3D(cells=CELLS),
            layers.RandomBiasField3D(0.5, order=3),
            layers.RandomGaussianNoise3D((0.1, 0.1)),
            layers.RandomGamma3D((0.74, 1.35)),
        ],
        seed=1,
        jit=True,
    )
    batch = tf.constant(volumes)
    return lambda: augment(batch, training=True)


def torchio(volumes):
    import torch
    import torchio as tio

    augment = tio.Compose(
        [
            tio.RandomAffine(scales=ZOOM, degrees=DEGREES),
            tio.RandomElasticDeformation(num_control_points=7, max_displacement=7.5 * volumes.shape[1] / 128),
            tio.RandomBiasField(0.5, order=3),
            tio.RandomNoise(std=(0.1, 0.1)),
            tio.RandomGamma((-0.3, 0.3)),
        ]
    )
    batch = [torch.as_tensor(volume[None, ..., 0]) for volume in volumes]
    return lambda: torch.stack([augment(volume) for volume in batch])


def monai(volumes):
    import torch
    from monai import transforms

    turn = np.deg2rad(DEGREES)
    augment = transforms.Compose(
        [
            transforms.Rand3DElastic(
                prob=1.0,
                sigma_range=(4, 6),
                magnitude_range=(50, 100),
                rotate_range=(turn,) * 3,
                scale_range=(ZOOM,) * 3,
                padding_mode="border",
            ),
            transforms.RandBiasField(prob=1.0, degree=3, coeff_range=(-0.5, 0.5)),
            transforms.RandGaussianNoise(prob=1.0, std=0.1, sample_std=False),
            transforms.RandAdjustContrast(prob=1.0, gamma=(0.74, 1.35)),
        ]
    )
    batch = [torch.as_tensor(volume[None, ..., 0]) for volume in volumes]
    return lambda: torch.stack([augment(volume) for volume in batch])


def scipy(volumes):
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(1)
    size = np.array(volumes.shape[1:4])
    place = np.stack(np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in size], indexing="ij"))
    z, y, x = (2 * place[axis] / (size[axis] - 1) for axis in range(3))

    def augment(volume):
        turn = Rotation.from_euler("xyz", rng.uniform(-DEGREES, DEGREES, 3), degrees=True).as_matrix()
        moved = np.tensordot(turn * (1 + rng.uniform(-ZOOM, ZOOM)), place, 1)
        grid = rng.uniform(-1, 1, (3, CELLS + 3, CELLS + 3, CELLS + 3)) * 0.4 * size[0] / CELLS
        bent = [ndimage.zoom(g, size / g.shape, order=3, grid_mode=True, mode="nearest") for g in grid]
        where = moved + bent + ((size - 1) / 2)[:, None, None, None]
        read = ndimage.map_coordinates(volume, where, order=1, mode="nearest")
        powers = [(i, j, k) for i in range(4) for j in range(4) for k in range(4) if i + j + k <= 3]
        field = sum(rng.uniform(-0.5, 0.5) * z**i * y**j * x**k for i, j, k in powers)
        noisy = read * np.exp(field).astype("float32") + rng.normal(0, 0.1, size).astype("float32")
        low, span = noisy.min(), np.ptp(noisy)
        return low + span * ((noisy - low) / span) ** np.exp(rng.uniform(-0.3, 0.3))

    return lambda: np.stack([augment(volume[..., 0]) for volume in volumes])


def error(volumes):
    """The largest distance from SciPy's interpolation at the places of the affine layer, as a part of the range."""
    layer = layers.RandomAffine3D(DEGREES / 360, ZOOM, seed=1, jit=True)
    result = layer({"volumes": volumes, "sample_ids": np.arange(BATCH)}, training=True)["volumes"].numpy()
    drawn = next(iter(layer.draw_params(np.arange(BATCH), shape=volumes.shape[1:]).values()))["params"]
    size, worst = volumes.shape[1:4], 0.0
    for volume, matrix, ours in zip(volumes, layer.matrix(drawn, size).numpy(), result, strict=True):
        linear, shift, center = matrix[2::-1, 2::-1], matrix[2::-1, 3], (np.array(size) - 1) / 2
        offset = center + shift - linear @ center
        expected = ndimage.affine_transform(volume[..., 0].astype("float64"), linear, offset, order=1, mode="nearest")
        worst = max(worst, np.abs(expected - ours[..., 0]).max() / np.ptp(volume))
    return float(worst)


def main():
    chosen = options(__doc__.splitlines()[0])
    rounds = 1 if chosen.smoke else min(chosen.rounds, 5)
    tables, errors = {}, {}
    for side in (12,) if chosen.smoke else (64, 96):
        volumes = np.random.default_rng(0).random((BATCH, side, side, side, 1)).astype("float32")
        volumes = ndimage.gaussian_filter(volumes, (0, 1, 1, 1, 0))  # a scan is smooth
        errors[side] = error(volumes)
        assert errors[side] <= 1e-5, errors
        candidates = {OURS: ours, "TorchIO": torchio, "MONAI": monai, "SciPy": scipy}
        rows = measure({name: make(volumes) for name, make in candidates.items()}, rounds)
        tables[f"Affine, elastic, bias field, noise, gamma: {BATCH} volumes of {side}³"] = (rows, OURS)
    worst = ", ".join(f"{value:.1e} at {side}³" for side, value in errors.items())
    paces = [f"{BATCH / rows[OURS].median:.1f} per second of {title[-3:]}" for title, (rows, _) in tables.items()]
    note = f"Volumes by ours: {', '.join(paces)}. Largest distance from SciPy's interpolation, in ranges: {worst}."
    write("volumes", chosen.out, tables, note, errors=errors)


if __name__ == "__main__":
    main()
