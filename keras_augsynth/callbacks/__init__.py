"""Callbacks for `model.fit`."""

from keras_augsynth.callbacks.sample_grid import SampleGrid
from keras_augsynth.callbacks.synthetic_balancer import SyntheticBalancer

__all__ = ["SampleGrid", "SyntheticBalancer"]
