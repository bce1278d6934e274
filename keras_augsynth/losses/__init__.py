"""Losses that know how rare a class is, and the correction of a trained model for other class shares."""

from keras_augsynth.losses.class_balanced import ClassBalanced
from keras_augsynth.losses.ldam import LDAM
from keras_augsynth.losses.logit_adjusted import LogitAdjusted
from keras_augsynth.losses.prior_correction import PriorCorrection, prior_correction

__all__ = ["LDAM", "ClassBalanced", "LogitAdjusted", "PriorCorrection", "prior_correction"]
