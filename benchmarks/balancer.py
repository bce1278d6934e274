"""What SyntheticBalancer costs: python -m benchmarks.balancer

Epochs of a small convolutional network on 28 x 28 images without the balancer and with it, adding nothing, repeating
real rows, and generating rows from a pool and in the step, such that s = half of all rows are added. A share s has
s / (1 - s) times as many more rows to train on: with s = 1/2, twice the plain step, and what is above that is the
balancer's own. Before it has decided, strategy="validated" looks for the rows that it holds out in each batch. Then the
part of a whole `fit` that its looks at generated rows take.
"""

import threading
import time

from benchmarks.harness import measure, options, write

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np

from keras_augsynth import callbacks, synthesis

SHAPE, CLASSES, BATCH = (28, 28, 1), 10, 64


def classifier():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Rescaling(1 / 255)])
    for filters in (32, 64):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(CLASSES))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    return model


def long_tailed(rows):
    """Blobs at a place for each class, of which each next one is rarer."""
    rng = np.random.default_rng(0)
    parts = 0.6 ** np.arange(CLASSES)
    y = np.sort(rng.choice(CLASSES, rows, p=parts / parts.sum()))
    y[-20 * CLASSES :] = np.tile(np.arange(CLASSES), 20)  # some of each
    x = rng.uniform(0, 200, (rows, *SHAPE)).astype("float32")
    for label in range(CLASSES):
        x[y == label, 2 * label : 2 * label + 6, 4 : 6 + 2 * label] += 40
    order = rng.permutation(rows)
    return x[order], y[order]


def epochs(x, y, rounds):
    """Times of an epoch, after the first one of the same `fit`: tracing is not a step."""
    gan = synthesis.GAN(*synthesis.dcgan(SHAPE, CLASSES, width=16), num_classes=CLASSES, value_range=(0, 255), seed=0)
    gan.compile()
    gan.fit(x, y, verbose=0)  # it knows the classes that it has seen
    half = {"strategy": "equal", "max_share": 0.5, "seed": 0}
    builds = {
        "plain Keras": lambda: [],
        "nothing added": lambda: [callbacks.SyntheticBalancer(gan, strategy="equal", max_share=0.0)],
        "real rows, s = 1/2": lambda: [callbacks.SyntheticBalancer(None, **half)],
        "real rows, s = 1/2, before the decision": lambda: [callbacks.SyntheticBalancer(gan, refresh=10**6, seed=0)],
        "GAN from a pool, s = 1/2": lambda: [callbacks.SyntheticBalancer(gan, mode="pool", refresh=10**6, **half)],
        "GAN in the step, s = 1/2": lambda: [callbacks.SyntheticBalancer(gan, mode="live", **half)],
    }
    return measure({name: Fits(x, y, build()) for name, build in builds.items()}, rounds)


class Fits:
    """One epoch more of a `fit` that was begun once, for each call."""

    def __init__(self, x, y, more):
        self._generator = self._run(x, y, more)

    def __call__(self):
        next(self._generator)

    def _run(self, x, y, more):
        go, done = threading.Semaphore(0), threading.Semaphore(0)

        def epoch_begin(epoch, logs=None):
            go.acquire()

        pause = keras.callbacks.LambdaCallback(
            on_epoch_begin=epoch_begin, on_epoch_end=lambda epoch, logs: done.release()
        )
        model = classifier()
        errors: list[Exception] = []

        def fit():
            try:
                model.fit(x, y, batch_size=BATCH, epochs=10**6, verbose=0, callbacks=[*more, pause])
            except Exception as error:
                errors.append(error)
                done.release()

        threading.Thread(target=fit, daemon=True).start()
        while True:
            go.release()
            done.acquire()
            if errors:
                raise errors[0]
            yield


def looking(x, y, passes):
    """Of a `fit`: the part of its time that looks at generated rows take, and predicted rows by those trained on."""
    balancer = callbacks.SyntheticBalancer(synthesis.SMOTE().fit(x, y), seed=0)
    start = time.perf_counter()
    classifier().fit(x, y, batch_size=BATCH, epochs=passes, verbose=0, callbacks=[balancer])
    cost = balancer.report_.cost
    return cost["seconds"] / (time.perf_counter() - start), cost["rows"] / cost["of"]


def main():
    chosen = options(__doc__.splitlines()[0])
    x, y = long_tailed(320 if chosen.smoke else 1920)
    seconds, predicted = looking(x, y, 30)
    note = f"Looks: {seconds:.1%} of the time of a whole fit, {predicted:.1%} of its rows predicted."
    rows = epochs(x, y, 1 if chosen.smoke else chosen.rounds)
    more = {"looks": {"part of the time": seconds, "predicted": predicted}}
    write("balancer", chosen.out, {"An epoch": (rows, "plain Keras")}, note, **more)


if __name__ == "__main__":
    main()
