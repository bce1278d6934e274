"""Balancing: more rows of rare classes in every training batch, as many as help."""

from keras_augsynth.balancing.callback import SyntheticBalancer

__all__ = ["SyntheticBalancer"]
