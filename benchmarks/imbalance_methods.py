"""The methods of benchmarks.imbalance: what each changes of the plain training."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth import callbacks, layers, losses, synthesis
from keras_augsynth.synthesis.seeds import random_for

CLASSES, SHAPE, BATCH = 10, (28, 28, 1), 64
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@dataclass(frozen=True, eq=False)
class Task:
    """The rows that a seed has drawn, those that it has left, and the budget."""

    data: str
    x: np.ndarray
    y: np.ndarray
    counts: np.ndarray
    seed: int
    steps: int
    left: list[np.ndarray]

    @classmethod
    def drawn(cls, data, x, y, counts, seed, steps):
        rng = np.random.default_rng(seed)
        of_class = [rng.permutation(np.flatnonzero(y == label)) for label in range(len(counts))]
        rows = rng.permutation(np.concatenate([mine[:count] for mine, count in zip(of_class, counts, strict=True)]))
        left = [x[mine[count : count + 1000]] for mine, count in zip(of_class, counts, strict=True)]
        return cls(data, x[rows], y[rows], counts, seed, steps, left)

    @functools.cached_property
    def left_rows(self):
        """Those that were left of all classes, in their order, as a tensor."""
        return tf.constant(np.concatenate(self.left))


@dataclass
class Setup:
    """What a method changes of the plain training.

    Attributes:
        augmented: whether the network begins with an augmentation.
        oversampled: whether every class comes up equally often.
        rows: other training rows (x, y) than the task's.
        change: what is done to each batch (x, y).
        weights: of the rows of each class, `weights_from` a part of the steps on.
        balancer: a callback; training rows are then given as arrays, of which it holds out what it needs.
        cost: seconds and CPU-seconds that it took to make this.
    """

    augmented: bool = False
    oversampled: bool = False
    loss: keras.losses.Loss = CROSS_ENTROPY
    rows: tuple[np.ndarray, np.ndarray] | None = None
    change: Callable | None = None
    weights: np.ndarray | None = None
    weights_from: float = 0.0
    balancer: keras.callbacks.Callback | None = None
    cost: np.ndarray = field(default_factory=lambda: np.zeros(2))


def timed(call):
    """What it returns, and its seconds and CPU-seconds."""
    start = np.array([time.perf_counter(), time.process_time()])
    result = call()
    return result, np.array([time.perf_counter(), time.process_time()]) - start


def focal(task):
    loss = keras.losses.CategoricalFocalCrossentropy(from_logits=True)
    return Setup(loss=loss, change=lambda x, y: (x, tf.one_hot(y, CLASSES)))


def mix_up(task):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return Setup(loss=loss, change=layers.MixUp(num_classes=CLASSES, seed=task.seed))


def ldam(task):
    loss = losses.LDAM(task.counts, scale=1.0)  # the network's logits are without bounds
    return Setup(loss=loss, weights=losses.ClassBalanced(task.counts).class_weights, weights_from=0.8)


def smote_on_pixels(task):
    from imblearn.over_sampling import SMOTE

    neighbors = min(5, task.counts.min() - 1)
    smote = SMOTE(k_neighbors=neighbors, random_state=task.seed)
    (x, y), cost = timed(lambda: smote.fit_resample(task.x.reshape(len(task.x), -1), task.y))
    return Setup(rows=(x.reshape(-1, *SHAPE), y), cost=cost)


def smote(task):
    return synthesis.SMOTE().fit(task.x, task.y)


def latent_smote(task):
    return synthesis.LatentSMOTE(value_range=(0, 255), seed=task.seed).fit(task.x, task.y, epochs=passes(task, 2))


def vae(task, minutes=None):
    model = synthesis.VAE(SHAPE, CLASSES, value_range=(0, 255), seed=task.seed)
    return trained(model, task, minutes)


def gan(task, minutes=None):
    networks = synthesis.dcgan(SHAPE, CLASSES, width=16)
    augment = synthesis.DiffAugment(["translation", "cutout"], seed=task.seed)
    options = {"num_classes": CLASSES, "value_range": (0, 255), "seed": task.seed}
    return trained(synthesis.GAN(*networks, augment=augment, **options), task, minutes)


class Minutes(keras.callbacks.Callback):
    """Ends a training after so many minutes of the processor."""

    def __init__(self, minutes):
        super().__init__()
        self._end = time.process_time() + 60.0 * minutes

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = time.process_time() > self._end


def trained(model, task, minutes=None):
    """For two of the classifier's budgets, or for some minutes."""
    model.compile()
    epochs, end = (passes(task, 2), []) if minutes is None else (10**6, [Minutes(minutes)])
    model.fit(task.x, task.y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=end)
    return model


def passes(task, budgets=1):
    """Whole passes over the rows that are as many steps as a number of the classifier's budgets, or more."""
    return -(-budgets * task.steps // -(-len(task.y) // BATCH))


class Source:
    """A synthesizer out of a function from labels and a seed to samples."""

    def __init__(self, sample):
        self._sample = sample

    def fit(self, x, y, **kwargs):
        return self

    def sample(self, labels, seed=None):
        return self._sample(labels, seed)


def noise(task):
    return Source(lambda labels, seed: random_for(seed, ops.shape(labels)[0])[1].uniform(0.0, 255.0, SHAPE))


def collapsed(task):
    mean = task.x[task.y == 0].mean(axis=0)
    return Source(lambda labels, seed: ops.broadcast_to(mean, (ops.shape(labels)[0], *SHAPE)))


def permuted_labels(task):
    good = smote(task)
    return Source(lambda labels, seed: good.sample((labels + 1) % CLASSES, seed=seed))


def copies(task):
    return synthesis.AugmentedResampler().fit(task.x, task.y)


def oracle(task):
    """Real rows of the class that the training has never seen."""
    return Source(lambda labels, seed: _left_rows(task, labels, random_for(seed, ops.shape(labels)[0])[1]))


def spoiled(part, kind):
    """The oracle with a part of its rows replaced by noise, or by rows of another class."""

    def source(task):
        def sample(labels, seed):
            _, rng = random_for(seed, ops.shape(labels)[0])
            if kind == "of other classes":
                other = (labels + 1 + rng.integers(0, CLASSES - 1)) % CLASSES
                return _left_rows(task, tf.where(rng.bernoulli(part), other, labels), rng)
            good, bad = _left_rows(task, labels, rng), rng.uniform(0.0, 255.0, SHAPE)
            return tf.where(rng.bernoulli(part)[:, None, None, None], bad, good)

        return Source(sample)

    return source


def _left_rows(task, labels, rng):
    """Of the class, at random; a class with no rows left, the largest, is not asked for."""
    counts = np.array([len(rows) for rows in task.left], "int32")
    starts = (np.cumsum(counts) - counts).astype("int32")
    place = ops.cast(rng.uniform() * tf.gather(counts.astype("float32"), labels), "int32")
    rows = task.left_rows
    return tf.gather(rows, ops.minimum(tf.gather(starts, labels) + place, rows.shape[0] - 1))


def augmentation(data):
    if data == "fashion":  # whose images are centered, so that shifts only cost
        return layers.RandomFlip("horizontal")
    black = {"fill_mode": "constant"}  # and no mirroring: a mirrored digit is another digit, or none
    shift, rotation = layers.RandomTranslation(0.1, 0.1, **black), layers.RandomRotation(0.04, **black)
    zoom, shear = layers.RandomZoom(0.15, **black), layers.RandomShear(0.15, 0.15, **black)
    return layers.Pipeline([shift, rotation, zoom, shear])


def augmented(task):
    return synthesis.AugmentedResampler(augmentation(task.data)).fit(task.x, task.y)


@functools.lru_cache(maxsize=8)  # a task's sources serve several strategies
def fitted(source, task):
    keras.utils.set_random_seed(task.seed)
    return timed(lambda: source(task))


def balancer(source, task, **options):
    """Its rows come before the network's augmentation, which is what they have to add something to."""
    synthesizer, cost = fitted(source, task)
    callback = callbacks.SyntheticBalancer(synthesizer, seed=task.seed, **options)
    return Setup(augmented=True, balancer=callback, cost=cost)


def real_rows(task):
    """The balancer without generated rows."""
    return Setup(augmented=True, balancer=callbacks.SyntheticBalancer(None, seed=task.seed))


def by_balancer(source, strategy):
    return lambda task: balancer(source, task, strategy=strategy)


NOTHING = "balancer: real rows only"
METHODS = {
    "plain": lambda task: Setup(),
    "class weights": lambda task: Setup(weights=task.counts.sum() / CLASSES / task.counts),
    "focal": focal,
    "logit adjustment": lambda task: Setup(loss=losses.LogitAdjusted(task.counts)),
    "class-balanced": lambda task: Setup(loss=losses.ClassBalanced(task.counts)),
    "LDAM, deferred re-weighting": ldam,
    "random oversampling": lambda task: Setup(oversampled=True),
    "SMOTE on pixels (imbalanced-learn)": smote_on_pixels,
    "MixUp": mix_up,
    "plain + augmentation": lambda task: Setup(augmented=True),
    "logit adjustment + augmentation": lambda task: Setup(augmented=True, loss=losses.LogitAdjusted(task.counts)),
    "oversampling + augmentation": lambda task: Setup(augmented=True, oversampled=True),
    **{
        f"balancer: {source.__name__}, {strategy}": by_balancer(source, strategy)
        for source in (smote, latent_smote, vae, gan)
        for strategy in ("equal", "validated")
        if (source, strategy) != (smote, "validated")
    },
    NOTHING: real_rows,
    "balancer: default, with SMOTE": by_balancer(smote, "validated"),
}
GRADED = {
    NOTHING: real_rows,
    "oracle, all rows taken": by_balancer(oracle, "equal"),
    "oracle": by_balancer(oracle, "validated"),
    **{
        f"oracle, {part:.0%} {kind}".replace("%", " %"): by_balancer(spoiled(part, kind), "validated")
        for kind in ("noise", "of other classes")
        for part in (0.25, 0.5, 0.75)
    },
    "augmented real rows": by_balancer(augmented, "validated"),
    "SMOTE on pixels": by_balancer(smote, "validated"),
    **{
        f"{source.__name__.upper()}, {minutes} min": by_balancer(
            functools.partial(source, minutes=minutes), "validated"
        )
        for source in (gan, vae)
        for minutes in (1, 10)
    },
    **{
        f"bad: {source.__name__.replace('_', ' ')}": by_balancer(source, "validated")
        for source in (noise, collapsed, permuted_labels, copies)
    },
}
"""The balancer's default with sources of graded quality: its power to find good rows, and the harm of bad ones."""
SMOKE = ["plain", "class weights", "random oversampling", "SMOTE on pixels", "balancer: smote, equal"]
