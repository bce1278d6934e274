"""Callbacks for `model.fit`."""

from keras_augsynth.balancing.callback import SyntheticBalancer
from keras_augsynth.callbacks.adaptive_augment import AdaptiveAugment
from keras_augsynth.callbacks.gan_health import GANHealth
from keras_augsynth.callbacks.generator_checkpoint import GeneratorCheckpoint
from keras_augsynth.callbacks.quality_monitor import QualityMonitor
from keras_augsynth.callbacks.sample_grid import SampleGrid

__all__ = [
    "AdaptiveAugment",
    "GANHealth",
    "GeneratorCheckpoint",
    "QualityMonitor",
    "SampleGrid",
    "SyntheticBalancer",
]
