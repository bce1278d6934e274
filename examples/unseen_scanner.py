"""A segmenter of brains that has seen one contrast meets another: what do augmentation and LabelsToVolume do?

    python examples/unseen_scanner.py            # three methods, three seeds
    python examples/unseen_scanner.py --smoke    # everything once, to see that it runs

The anatomy is the MNI152 template that comes with nilearn: its T1 image and its maps of gray and white matter, at 4 mm.
Every "patient" is this one anatomy under another smooth deformation, so the question is contrast alone. The scanner of
the training gives T1 images; the unseen one gives their negatives, in which white matter is the darker one as in T2,
and has a bias field of its own. Each run adds a line to unseen_scanner.jsonl in --out, and one whose line is there is
skipped; a table and a picture are written beside it.

Needs: pip install "keras_augsynth[examples]"
"""

import argparse
import itertools
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import keras
    import matplotlib as mpl
    import numpy as np
    import tensorflow as tf
    from keras import ops
    from nilearn import datasets

    from keras_augsynth import layers
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the example needs: pip install ".[examples]"')

mpl.use("Agg")
SIZE = (48, 60, 48)  # of a scan in voxels of 4 mm
CROP = (32, 32, 32)
TISSUES = {1: "gray matter", 2: "white matter"}


# The data.


def template():
    """(T1 image from 0 to 1, labels: 0 air, 1 gray and 2 white matter, 3 to 5 the rest, by its brightness)."""
    maps = {
        "t1": datasets.load_mni152_template(resolution=4),
        "gray": datasets.load_mni152_gm_template(resolution=4),
        "white": datasets.load_mni152_wm_template(resolution=4),
    }
    t1, gray, white = (_to_size(np.asarray(image.get_fdata(), "float32")) for image in maps.values())
    t1 = np.clip(t1 / np.quantile(t1, 0.999), 0.0, 1.0)
    labels = np.where(t1 > 0.05, 3 + np.digitize(t1, (0.35, 0.65)), 0)
    labels = np.where((gray > 0.4) & (gray >= white), 1, labels)
    return t1, np.where((white > 0.4) & (white > gray), 2, labels).astype("int32")


def _to_size(volume):
    """Cut or padded with zeros around its middle."""
    for axis, length in enumerate(SIZE):
        more = max(length - volume.shape[axis], 0)
        volume = np.pad(volume, [(more // 2, more - more // 2) if a == axis else (0, 0) for a in range(3)])
        start = (volume.shape[axis] - length) // 2
        volume = volume.take(np.arange(start, start + length), axis)
    return volume


def patients(count, seed, unseen=False):
    """Scans of as many deformed anatomies, and their labels."""
    t1, labels = template()
    shape = layers.Pipeline(
        [layers.RandomAffine3D(0.03, 0.1, spacing=4.0), layers.RandomElasticTransform3D((0.5, 1.0), spacing=4.0)],
        seed=seed,
    )
    scanner = layers.Pipeline(
        [layers.RandomBiasField3D(0.3 if unseen else 0.1), layers.RandomRicianNoise3D(0.03)], seed=seed + 1
    )
    data = {
        "volumes": np.repeat(t1[None, ..., None], count, 0),
        "segmentation_masks": np.repeat(labels[None], count, 0),
    }
    deformed = shape(data, training=True)
    scans, masks = deformed["volumes"], deformed["segmentation_masks"]
    if unseen:  # air stays dark
        scans = ops.where(ops.expand_dims(masks, -1) > 0, 1.1 - scans, scans)
    return scanner(scans, training=True).numpy(), masks.numpy()


# The methods.


def methods():
    """What is done with a training scan and its labels; all cut a window out of it."""
    crop = lambda: layers.RandomCrop3D(*CROP)
    shape = lambda: [
        layers.RandomFlip3D(axes=0),
        layers.RandomAffine3D(0.03, 0.1, spacing=4.0),
        layers.RandomElasticTransform3D(spacing=4.0, p=0.5),
    ]
    return {
        "none": layers.Pipeline([crop()]),
        "standard": layers.Pipeline(
            [
                *shape(),
                crop(),
                layers.RandomBiasField3D(p=0.5),
                layers.RandomRicianNoise3D((0.0, 0.05), p=0.5),
                layers.RandomGamma3D(p=0.5),
                layers.RandomContrast3D(p=0.5),
            ]
        ),
        # The volume is made of the labels; then both are moved and cut.
        "LabelsToVolume": layers.Pipeline(
            [layers.LabelsToVolume(blur=(0.0, 0.7), scale=(0.7, 1.0)), *shape(), crop()],
        ),
    }


def stream(method, scans, masks, seed, batch):
    """Endless batches of (volumes, labels of the two tissues)."""
    augment = layers.Pipeline([method], seed=seed)

    @tf.autograph.experimental.do_not_convert
    def changed(scan, labels):
        given = {"volumes": scan, "segmentation_masks": labels}
        if isinstance(method.layers[0], layers.LabelsToVolume):
            del given["volumes"]
        data = augment(given, training=True)
        return standardized(data["volumes"]), tissues(data["segmentation_masks"])

    rows = tf.data.Dataset.from_tensor_slices((scans, masks)).repeat().shuffle(len(scans), seed=seed)
    return rows.batch(batch, drop_remainder=True).map(changed).prefetch(2)


def standardized(volumes):
    """Mean 0 and standard deviation 1, each for itself."""
    axes = (1, 2, 3, 4)
    mean, deviation = ops.mean(volumes, axis=axes, keepdims=True), ops.std(volumes, axis=axes, keepdims=True)
    return (volumes - mean) / (deviation + 1e-3)


def tissues(labels):
    """1 and 2, and 0 for everything else."""
    return ops.where(labels > 2, 0, labels)


def segmenter(width=8):
    """A U-Net of three levels, for volumes whose sides are multiples of four.

    Each volume is normalized between the convolutions: without, nothing is learned of contrasts that change each time.
    """

    def block(x, filters, convolutions=2):
        for _ in range(convolutions):
            x = keras.layers.Conv3D(filters, 3, padding="same", use_bias=False)(x)
            x = keras.layers.LeakyReLU(0.1)(keras.layers.GroupNormalization(-1)(x))
        return x

    start = keras.Input((None, None, None, 1))
    high = block(start, width)
    middle = block(keras.layers.MaxPooling3D()(high), 2 * width)
    x = block(keras.layers.MaxPooling3D()(middle), 4 * width)
    for beside, filters in ((middle, 2 * width), (high, width)):
        x = block(keras.layers.Concatenate()([beside, keras.layers.UpSampling3D()(x)]), filters, 1)
    return keras.Model(start, keras.layers.Conv3D(len(TISSUES) + 1, 1)(x))


def dice(model, scans, masks):
    """Of both tissues in each scan, `(scans, 2)`."""
    result = []
    for scan, labels in zip(scans, masks, strict=True):
        scores = model(standardized(tf.constant(scan[None])), training=False)
        found, truth = ops.convert_to_numpy(ops.argmax(scores, -1))[0], ops.convert_to_numpy(tissues(labels))
        pairs = [(found == tissue, truth == tissue) for tissue in TISSUES]
        result.append([2.0 * (a & b).sum() / max(a.sum() + b.sum(), 1) for a, b in pairs])
    return np.array(result)


# The show.


def picture(path, rows):
    """Three orthogonal slices of each volume, with the outlines of its tissues."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(rows), 3, figsize=(7, 2.4 * len(rows)), squeeze=False)
    for line, (title, (volume, labels)) in zip(axes, rows.items(), strict=True):
        for axis, plot in enumerate(line):
            middle = volume.shape[axis] // 2
            plot.imshow(volume.take(middle, axis).T, cmap="gray", origin="lower")
            shown = np.where(labels > 2, 0, labels).take(middle, axis).T
            plot.contour(shown, levels=(0.5, 1.5), colors=("tab:orange", "tab:blue"), linewidths=0.6)
            plot.axis("off")
        line[0].set_title(title, loc="left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def run(name, seed, steps, batch, train, tests):
    """Dice of the tissues in each kind of test scan, `{title: (tissues,)}`."""
    keras.utils.set_random_seed(seed)
    model = segmenter()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    model.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rows = stream(methods()[name], *train, seed, batch)
    model.fit(rows, steps_per_epoch=steps, verbose=0, shuffle=False)
    return {title: dice(model, *scans).mean(0).tolist() for title, scans in tests.items()}


def table(found, runs, note):
    """Markdown: means over the seeds, with standard errors, and which of the runs are missing."""
    titles = list(next(iter(found.values())))
    lines = ["| trained with | " + " | ".join(f"{t}, {tissue}" for t in titles for tissue in TISSUES.values()) + " |"]
    lines.append("| --- |" + " --- |" * (len(titles) * len(TISSUES)))
    for name in methods():
        own = [found[one] for one in runs if one[0] == name and one in found]
        cells = []
        for values in (np.array([scores[title] for scores in own]) for title in titles if own):
            errors = values.std(0, ddof=1) / len(values) ** 0.5 if len(values) > 1 else [float("nan")] * len(TISSUES)
            cells += [f"{mean:.3f} ± {error:.3f}" for mean, error in zip(values.mean(0), errors, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    missing = [f"{name}, seed {seed}" for name, seed in runs if (name, seed) not in found]
    return "\n".join([*lines, "", note, *([f"Not run: {'; '.join(missing)}."] if missing else []), ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/unseen_scanner"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--smoke", action="store_true", help="everything once, to see that it runs")
    chosen = parser.parse_args()
    seeds, steps, many, few, batch = (1, 2, 2, 1, 1) if chosen.smoke else (chosen.seeds, chosen.steps, 20, 8, 2)
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / ("smoke.jsonl" if chosen.smoke else "unseen_scanner.jsonl")
    if chosen.smoke:
        path.unlink(missing_ok=True)
    train = patients(many, seed=1)
    tests = {"the same scanner": patients(few, seed=1001), "the unseen one": patients(few, seed=1001, unseen=True)}
    shown = {title: (volumes[0, ..., 0], labels[0]) for title, (volumes, labels) in tests.items()}
    made = layers.LabelsToVolume(seed=3)({"segmentation_masks": train[1][:2]}, training=True)["volumes"].numpy()
    shown |= {f"LabelsToVolume, {k + 1}": (made[k, ..., 0], train[1][k]) for k in range(2)}
    picture(chosen.out / "scans.png", shown)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = {tuple(line["run"]): line["dice"] for line in known if line["steps"] == steps}
    runs = [(name, seed) for seed, name in itertools.product(range(seeds), methods())]
    for name, seed in runs:
        if (name, seed) in found:
            continue
        found[name, seed] = run(name, seed, steps, batch, train, tests)
        with path.open("a") as file:
            file.write(json.dumps({"run": [name, seed], "steps": steps, "dice": found[name, seed]}) + "\n")
        print(name, seed, *(f"{title}: {np.mean(dice):.3f}" for title, dice in found[name, seed].items()), flush=True)
    note = (
        f"Dice, mean ± standard error over {seeds} seeds; {steps} steps; {many} scans to learn from, {few} of each "
        "kind to test, all of one deformed anatomy."
    )
    text = table(found, runs, note)
    print(text)
    path.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
