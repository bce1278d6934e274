"""What is done with whole data sets."""

from keras_augsynth.data.audit import audit
from keras_augsynth.data.enumerated import enumerated
from keras_augsynth.data.quality_report import DataQuality, quality_report

__all__ = ["DataQuality", "audit", "enumerated", "quality_report"]
