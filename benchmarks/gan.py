"""What a GAN's step costs, and how good samples get in how many CPU-minutes: python -m benchmarks.gan

First: our training step against that of a plain Keras model with its own `train_step`, as the examples of keras.io
have it, with the same networks, loss and optimizers; and what the relativistic loss with R1 and R2, and DiffAugment,
cost on top. Then how much memory 10,000 samples in one call take. Then, with --minutes, quality by CPU-minutes for
every synthesizer on Fashion-MNIST (from Keras's cache), beside a floor of real against real images.
"""

import argparse
import pathlib
import time

from benchmarks.harness import Row, heading, measure, provenance, publish, status, write

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth import layers, metrics, synthesis

CLASSES, SHAPE = 10, (28, 28, 1)


class PlainGAN(keras.Model):
    """The GAN of the examples: one class, two optimizers, nothing else."""

    def __init__(self, generator, discriminator, latent_dim):
        super().__init__()
        self.generator, self.discriminator, self.latent_dim = generator, discriminator, latent_dim
        self.noise = keras.random.SeedGenerator(0)
        self.g_tracker, self.d_tracker = keras.metrics.Mean("g_loss"), keras.metrics.Mean("d_loss")
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, g_optimizer, d_optimizer):
        super().compile(jit_compile=False)
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer

    @property
    def metrics(self):
        return [self.g_tracker, self.d_tracker]

    def train_step(self, data):
        real, labels = data
        count = ops.shape(real)[0]
        noise = keras.random.normal((count, self.latent_dim), seed=self.noise)
        fake = self.generator([noise, labels])
        truth = ops.concatenate([ops.ones((count, 1)), ops.zeros((count, 1))])
        with tf.GradientTape() as tape:
            logits = self.discriminator([ops.concatenate([real, fake]), ops.concatenate([labels, labels])])
            d_loss = self.entropy(truth, logits)
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        noise = keras.random.normal((count, self.latent_dim), seed=self.noise)
        with tf.GradientTape() as tape:
            logits = self.discriminator([self.generator([noise, labels]), labels])
            g_loss = self.entropy(ops.ones((count, 1)), logits)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.d_tracker.update_state(d_loss)
        self.g_tracker.update_state(g_loss)
        return {"d_loss": self.d_tracker.result(), "g_loss": self.g_tracker.result()}


def adam(rate=2e-4):
    return keras.optimizers.Adam(rate, beta_1=0.5)


def steps(width, batch, count, rounds):
    """`count` training steps of each, in `fit`."""
    rng = np.random.default_rng(0)
    batches = (rng.uniform(-1, 1, (batch, *SHAPE)).astype("float32"), rng.integers(0, CLASSES, batch).astype("int32"))
    data = tf.data.Dataset.from_tensors(batches).repeat(count)

    def ours(augment=None, **compiled):
        gan = synthesis.GAN(*synthesis.dcgan(SHAPE, CLASSES, width=width), num_classes=CLASSES, augment=augment)
        gan.compile(adam(), adam(), **compiled)
        return lambda: gan.fit(data, verbose=0)

    plain = PlainGAN(*synthesis.dcgan(SHAPE, CLASSES, width=width), 64)
    plain.compile(adam(), adam())
    plain.build([(None, *SHAPE), (None,)])
    candidates = {
        "plain Keras": lambda: plain.fit(data, shuffle=False, verbose=0),
        "keras_augsynth": ours(loss="non_saturating"),
        "with DiffAugment": ours(synthesis.DiffAugment(), loss="non_saturating"),
        "relativistic, R1 + R2": ours(loss="relativistic"),
    }
    return measure(candidates, rounds)


def memory_of_sampling(count):
    """Most memory beside the result's own that a call needs, in parts of the result; on Linux."""
    gan = synthesis.GAN(*synthesis.dcgan(SHAPE, CLASSES), num_classes=CLASSES, value_range=(0, 255))
    gan._steps.assign(1)  # as if trained
    labels = np.arange(count) % CLASSES
    gan.sample(labels[: count // 10], seed=0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    result = gan.sample(labels, seed=1)
    size = np.prod(result.shape) * 4
    return (status("VmHWM") - before - size) / size


class Budget(keras.callbacks.Callback):
    """Stops when the process has used so many CPU-seconds since the training began."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.end = time.process_time() + self.seconds

    def on_train_batch_end(self, batch, logs=None):
        if time.process_time() > self.end:
            self.model.stop_training = True


def synthesizers():
    """name -> a function that makes it."""
    conditional = {"num_classes": CLASSES, "value_range": (0, 255), "seed": 0}

    def gan(networks, augment=None, ema=0.999, **compiled):
        model = synthesis.GAN(*networks, augment=augment, ema=ema, **conditional)
        model.compile(**compiled)
        return model

    def tutorial(**kwargs):
        optimizers = {"g_optimizer": adam(), "d_optimizer": adam()}
        return gan(synthesis.mlp_gan(SHAPE, CLASSES), loss="non_saturating", **optimizers, **kwargs)

    def trained(model):
        model.compile()
        return model

    return {
        "mlp_gan, non-saturating, no average (tutorial)": lambda: tutorial(ema=0.0),
        "mlp_gan, non-saturating": tutorial,
        "dcgan, relativistic (default)": lambda: gan(synthesis.dcgan(SHAPE, CLASSES)),
        "dcgan, relativistic, DiffAugment": lambda: gan(
            synthesis.dcgan(SHAPE, CLASSES), synthesis.DiffAugment(["translation", "cutout"], cutout=0.25)
        ),
        "resnet_gan, relativistic": lambda: gan(synthesis.resnet_gan(SHAPE, CLASSES)),
        "VAE": lambda: trained(synthesis.VAE(SHAPE, **conditional)),
        "FlowMatching": lambda: trained(synthesis.FlowMatching(SHAPE, **conditional)),
        "LatentSMOTE": lambda: synthesis.LatentSMOTE(value_range=(0, 255), seed=0),
        "SMOTE": lambda: synthesis.SMOTE(),
        "GaussianSynthesizer": lambda: synthesis.GaussianSynthesizer(value_range=(0, 255)),
        "GaussianMixtureSynthesizer": lambda: synthesis.GaussianMixtureSynthesizer(5, value_range=(0, 255)),
        "AugmentedResampler": lambda: synthesis.AugmentedResampler(layers.RandomTranslation(0.05, 0.05, seed=0)),
    }


def quality(minutes, chosen, rows=2000, train_rows=10_000):
    """Every synthesizer after its budget of CPU-minutes, on real held-out images.

    Returns:
        A Markdown table, its lines as dictionaries, and samples of each line, two of a class.
    """
    (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    x, x_test = x[..., None].astype("float32"), x_test[..., None].astype("float32")
    y, y_test = y.astype("int64"), y_test.astype("int64")
    x, y = x[:train_rows], y[:train_rows]
    extract = metrics.FeatureExtractor.trained(x, y, seed=0)
    held = np.concatenate([np.flatnonzero(y_test == label)[: rows // CLASSES] for label in range(CLASSES)])
    real, labels = extract(x_test[held]), y_test[held]

    shown, lines = [], []

    def measured(name, spent, samples):
        shown.append(samples.reshape(CLASSES, -1, *SHAPE)[:, :2].reshape(-1, *SHAPE))
        fake = extract(samples)
        kid = metrics.kernel_distance(real, fake, subset_size=rows, features=extract.name)
        shape = metrics.prdc(real, fake, features=extract.name)
        score = metrics.classification_score((x, y), (samples, labels), (x_test, y_test), steps=600, seed=0)
        line = {"name": name, "cpu_minutes": spent, "kid": float(kid), "kid_error": float(kid.error)}
        line |= {"density": float(shape["density"]), "coverage": float(shape["coverage"])}
        lines.append({**line, "cas": float(score["synthetic"])})
        print(quality_row(lines[-1]), flush=True)

    others = np.concatenate([np.flatnonzero(y == label)[: rows // CLASSES] for label in range(CLASSES)])
    measured("real images (floor)", 0.0, x[others])
    for name, build in synthesizers().items():
        if chosen and not any(part in name for part in chosen):
            continue
        source, spent = build(), 0.0
        for budget in minutes:
            start = time.process_time()
            if isinstance(source, keras.Model):
                source.fit(x, y, epochs=10**6, verbose=0, callbacks=[Budget(60 * (budget - spent))])
            else:
                source.fit(x, y)
            spent += (time.process_time() - start) / 60
            measured(name, spent, np.asarray(source.sample(labels, seed=0)))
            if not isinstance(source, keras.Model):
                break
    title = f"### Quality on Fashion-MNIST, {train_rows} images, in {extract.name}, {rows} samples\n"
    head = ["| | CPU-minutes | KID | density | coverage | CAS |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([title, *head, *map(quality_row, lines)]) + "\n", lines, np.concatenate(shown)


def quality_row(line):
    kid = f"{line['kid']:.2f} ± {line['kid_error']:.2f}"
    cells = [
        line["name"],
        f"{line['cpu_minutes']:.1f}",
        kid,
        *(f"{line[key]:.2f}" for key in ("density", "coverage", "cas")),
    ]
    return f"| {' | '.join(cells)} |"


def picture(lines, samples, path):
    """A labelled row of samples, two of a class, for each line of the table."""
    import matplotlib.pyplot as plt

    page = samples.reshape(len(lines), 2 * CLASSES, 28, 28)
    page = np.pad(page, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=255).transpose(0, 2, 1, 3)
    figure, axes = plt.subplots(figsize=(15, 0.62 * len(lines) + 0.6), layout="constrained")
    axes.imshow(page.reshape(32 * len(lines), -1), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    names = [f"{line['name']}\n{line['cpu_minutes']:.0f} CPU-minutes" for line in lines]
    axes.set_yticks(32 * np.arange(len(lines)) + 16, names, fontsize=7)
    axes.set_xticks(64 * np.arange(CLASSES) + 32, [f"class {label}" for label in range(CLASSES)], fontsize=8)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_title("Samples of Fashion-MNIST, two of each class", fontsize=10)
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, one round, to see that it runs")
    parser.add_argument("--minutes", type=float, nargs="*", help="CPU-minutes after which quality is measured")
    parser.add_argument("--only", nargs="*", help="parts of the names of synthesizers to train")
    chosen = parser.parse_args()
    if chosen.minutes:
        text, lines, samples = quality(sorted(chosen.minutes), chosen.only)
        origin = provenance()
        publish("gan_quality", chosen.out, f"{heading(origin)}\n{text}", {**origin, "lines": lines})
        picture(lines, samples, chosen.out / "gan_quality.png")
        return
    count = 20 if chosen.smoke else 10_000
    memory = memory_of_sampling(count)  # first: what a training has left in TensorFlow's pool would hide it
    rows: dict[str, Row] = steps(2, 8, 2, 1) if chosen.smoke else steps(32, 64, 60, chosen.rounds)
    note = f"Memory of {count} samples in one call, beside the result: {memory:.1f} x the result."
    tables = {"Training steps, dcgan at 28 x 28": (rows, "plain Keras")}
    write("gan", chosen.out, tables, note, memory_of_sampling=memory)


if __name__ == "__main__":
    main()
