"""Does a GAN of volumes learn? Blobs at 32³: python -m benchmarks.gan_volumes

Volumes of two classes, with one ellipsoid and with two, whose gray values, noise and bias field are those of
`LabelsToVolume`. A `dcgan` of 3-D convolutions is trained on 400 of them, in CPU-minutes of this process. After each
part of the time 200 samples are compared with 200 volumes that it was not trained on, in the 16 first principal
components of the trained ones. Beside that stands how many samples show what their class says, read from the volumes
themselves: is the middle brighter than the two places beside it, or darker? 50 % is chance. The last line is what other
real volumes get, in place of samples.
"""

import argparse
import pathlib
import time
import warnings

from benchmarks.harness import heading, provenance, publish

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np

from keras_augsynth import layers, metrics, synthesis

TRAIN, HELD_OUT, COMPONENTS = 400, 200, 16


def blobs(count, side, seed):
    """Volumes (N, side, side, side, 1) in 0..255 and their classes."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.mgrid[:side, :side, :side], axis=-1) / side
    classes = np.arange(count) % 2
    labels = np.zeros((count, side, side, side), "int32")
    for volume, two in zip(labels, classes, strict=True):
        for middle in (0.3, 0.7) if two else (0.5,):
            center, radii = rng.normal((middle, 0.5, 0.5), 0.04), rng.uniform(0.12, 0.22, 3)
            volume[np.square((grid - center) / radii).sum(axis=-1) < 1.0] = 1
    # The blob is always the brighter one: otherwise half of the volumes are negatives of the others.
    layer = layers.LabelsToVolume(deviation=(0.02, 0.05), gamma=0.0, seed=seed, jit=False)
    volumes = np.concatenate(
        [layer({"segmentation_masks": labels[i : i + 20]}, training=True)["volumes"] for i in range(0, count, 20)]
    )
    inside = labels[..., None] > 0
    mean = lambda where: np.sum(volumes * where, axis=(1, 2, 3, 4)) / np.sum(where, axis=(1, 2, 3, 4))
    dark = (mean(inside) < mean(~inside))[:, None, None, None, None]
    return np.where(dark, 255.0 - volumes, volumes).clip(0.0, 255.0).astype("float32"), classes


def shows_its_class(volumes, classes):
    """Share of the volumes that are brighter in the middle (one ellipsoid) or beside it (two), as their class says."""
    side = volumes.shape[1]
    grid = np.stack(np.mgrid[:side, :side, :side], axis=-1) / side
    level = lambda place: volumes[..., 0][:, np.square((grid - (place, 0.5, 0.5)) / 0.1).sum(axis=-1) < 1].mean(axis=1)
    return float(np.mean((level(0.5) < (level(0.3) + level(0.7)) / 2) == classes))


def compared(features, real, other, classes):
    """Of two sets of volumes: Fréchet and kernel distance, density and coverage; of the other, `shows_its_class`."""
    first, second, name = features(real), features(other), features.name
    results = {
        "FD": metrics.frechet_distance(first, second, features=name),
        "KID": metrics.kernel_distance(first, second, subset_size=len(first), features=name),
        **{key: metrics.prdc(first, second, features=name)[key] for key in ("density", "coverage")},
    }
    return {**{key: float(result) for key, result in results.items()}, "class": shows_its_class(other, classes)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=6.0, help="of this process's CPU time, in training")
    parser.add_argument("--parts", type=int, default=4, help="measurements in that time")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="a step or two at 16³, to see that it runs")
    chosen = parser.parse_args()
    side = 16 if chosen.smoke else 32
    if chosen.smoke:
        chosen.minutes, chosen.parts, chosen.width = 0.01, 1, 2
    keras.utils.set_random_seed(0)
    x, y = blobs(TRAIN, side, seed=1)
    held, classes = blobs(HELD_OUT, side, seed=2)
    others, _ = blobs(HELD_OUT, side, seed=3)  # the same classes
    features = metrics.FeatureExtractor.pca(COMPONENTS).fit(x)

    networks = synthesis.dcgan((side, side, side, 1), 2, width=chosen.width)
    gan = synthesis.GAN(*networks, num_classes=2, value_range=(0, 255), ema=0.99, seed=0)
    gan.compile()
    warnings.filterwarnings("ignore", "GAN: sampled before any training")  # meant to be
    sampled = lambda: compared(features, held, np.asarray(gan.sample(classes, seed=0)), classes)
    lines, used, steps = [{"what": "before training", "minutes": 0.0, "steps": 0, **sampled()}], 0.0, 0
    print(lines[0], flush=True)
    for part in range(1, chosen.parts + 1):
        while used < part * chosen.minutes * 60 / chosen.parts:
            begun = time.process_time()
            gan.fit(x, y, batch_size=16, steps_per_epoch=5, verbose=0)
            used, steps = used + time.process_time() - begun, steps + 5
        lines.append({"what": "samples", "minutes": used / 60, "steps": steps, **sampled()})
        print(lines[-1], flush=True)
    real = compared(features, held, others, classes)
    lines.append({"what": "other real volumes", "minutes": None, "steps": None, **real})

    origin = provenance()
    head = ["| | CPU-minutes | steps | FD | KID | density | coverage | show their class |", "| --- " * 8 + "|"]
    number = lambda value, form: "–" if value is None else format(value, form)
    rows = [
        f"| {line['what']} | {number(line['minutes'], '.1f')} | {number(line['steps'], 'd')} | {line['FD']:.2f} | "
        f"{line['KID']:.2f} | {line['density']:.2f} | {line['coverage']:.2f} | {100 * line['class']:.0f} % |"
        for line in lines
    ]
    title = f"### Blobs of {side}³ by `dcgan` of width {chosen.width}, against {HELD_OUT} held-out volumes\n"
    text = "\n".join([heading(origin), title, *head, *rows])
    publish("gan_volumes", chosen.out, text, {**origin, "lines": lines})


if __name__ == "__main__":
    main()
