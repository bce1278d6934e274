"""Pipelines with published numbers, and where these were published."""

from keras_augsynth.presets.volumes import brain_mri, ct, nnunet

__all__ = ["brain_mri", "ct", "nnunet"]
