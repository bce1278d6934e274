"""How good are samples, and how good is a classifier of rare classes? One file for each question.

Every answer about samples names its feature space and its number of rows.
"""

from keras_augsynth.metrics.balanced_accuracy import BalancedAccuracy
from keras_augsynth.metrics.coverage import prdc
from keras_augsynth.metrics.diversity import diversity, duplicates
from keras_augsynth.metrics.export_samples import export_samples
from keras_augsynth.metrics.features import FeatureExtractor
from keras_augsynth.metrics.fidelity import (
    frechet_distance,
    frechet_distance_infinity,
    frechet_floor,
    kernel_distance,
)
from keras_augsynth.metrics.geometric_mean_recall import GeometricMeanRecall
from keras_augsynth.metrics.macro_f1 import MacroF1
from keras_augsynth.metrics.memorization import (
    authenticity,
    copies,
    data_copying,
    membership_inference,
    nearest_share,
)
from keras_augsynth.metrics.per_class_recall import PerClassRecall
from keras_augsynth.metrics.quality import quality_report
from keras_augsynth.metrics.report import QualityReport
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.streaming import FrechetDistance
from keras_augsynth.metrics.table_report import TableReport, table_report
from keras_augsynth.metrics.utility import classification_score

__all__ = [
    "BalancedAccuracy",
    "FeatureExtractor",
    "FrechetDistance",
    "GeometricMeanRecall",
    "MacroF1",
    "PerClassRecall",
    "QualityReport",
    "Result",
    "TableReport",
    "authenticity",
    "classification_score",
    "copies",
    "data_copying",
    "diversity",
    "duplicates",
    "export_samples",
    "frechet_distance",
    "frechet_distance_infinity",
    "frechet_floor",
    "kernel_distance",
    "membership_inference",
    "nearest_share",
    "prdc",
    "quality_report",
    "table_report",
]
