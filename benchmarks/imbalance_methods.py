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
    """The rows that a seed has drawn, and the budget."""

    data: str
    x: np.ndarray
    y: np.ndarray
    counts: np.ndarray
    seed: int
    steps: int

    @classmethod
    def drawn(cls, data, x, y, counts, seed, steps):
        rng = np.random.default_rng(seed)
        rows = [rng.permutation(np.flatnonzero(y == label))[:count] for label, count in enumerate(counts)]
        rows = rng.permutation(np.concatenate(rows))
        return cls(data, x[rows], y[rows], counts, seed, steps)


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


def vae(task):
    model = synthesis.VAE(SHAPE, CLASSES, value_range=(0, 255), seed=task.seed)
    return trained(model, task)


def gan(task):
    networks = synthesis.dcgan(SHAPE, CLASSES, width=16)
    augment = synthesis.DiffAugment(["translation", "cutout"], seed=task.seed)
    options = {"num_classes": CLASSES, "value_range": (0, 255), "seed": task.seed}
    return trained(synthesis.GAN(*networks, augment=augment, **options), task)


def trained(model, task):
    model.compile()
    model.fit(task.x, task.y, batch_size=BATCH, epochs=passes(task, 2), verbose=0)
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
    "balancer: real rows only": real_rows,
    "balancer: default, with SMOTE": by_balancer(smote, "validated"),
}
HARM = {
    f"harm: {source.__name__.replace('_', ' ')}": by_balancer(source, "validated")
    for source in (noise, collapsed, permuted_labels, copies)
}
SMOKE = ["plain", "class weights", "random oversampling", "SMOTE on pixels", "balancer: smote, equal"]
