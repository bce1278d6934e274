"""Augmentations as Keras layers. Names that Keras has mean what they mean there."""

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.composites import OneOf, Pipeline, SomeOf
from keras_augsynth.core.distributions import Choice, Normal, PerClass
from keras_augsynth.core.families.color import Color
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.core.families.mixing import Mixing
from keras_augsynth.core.families.tokens import TokenAugmentation
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.data.audit import audit
from keras_augsynth.data.enumerated import enumerated
from keras_augsynth.layers.any_kind.normalization import Normalization
from keras_augsynth.layers.any_kind.rescaling import Rescaling
from keras_augsynth.layers.audio.random_gain import RandomGain
from keras_augsynth.layers.image.blur.random_defocus import RandomDefocus
from keras_augsynth.layers.image.blur.random_gaussian_blur import RandomGaussianBlur
from keras_augsynth.layers.image.blur.random_median_blur import RandomMedianBlur
from keras_augsynth.layers.image.blur.random_motion_blur import RandomMotionBlur
from keras_augsynth.layers.image.blur.random_sharpness import RandomSharpness
from keras_augsynth.layers.image.color.fourier_domain_adaptation import FourierDomainAdaptation
from keras_augsynth.layers.image.color.histogram_matching import HistogramMatching
from keras_augsynth.layers.image.color.random_brightness import RandomBrightness
from keras_augsynth.layers.image.color.random_channel_dropout import RandomChannelDropout
from keras_augsynth.layers.image.color.random_channel_shuffle import RandomChannelShuffle
from keras_augsynth.layers.image.color.random_color_degeneration import RandomColorDegeneration
from keras_augsynth.layers.image.color.random_color_jitter import RandomColorJitter
from keras_augsynth.layers.image.color.random_contrast import RandomContrast
from keras_augsynth.layers.image.color.random_grayscale import RandomGrayscale
from keras_augsynth.layers.image.color.random_hue import RandomHue
from keras_augsynth.layers.image.color.random_invert import RandomInvert
from keras_augsynth.layers.image.color.random_pca_lighting import RandomPCALighting
from keras_augsynth.layers.image.color.random_planckian_jitter import RandomPlanckianJitter
from keras_augsynth.layers.image.color.random_rgb_shift import RandomRGBShift
from keras_augsynth.layers.image.color.random_saturation import RandomSaturation
from keras_augsynth.layers.image.compat.from_image_data_generator import from_image_data_generator
from keras_augsynth.layers.image.erasing.coarse_dropout import CoarseDropout
from keras_augsynth.layers.image.erasing.grid_mask import GridMask
from keras_augsynth.layers.image.erasing.random_cutout import RandomCutout
from keras_augsynth.layers.image.erasing.random_erasing import RandomErasing
from keras_augsynth.layers.image.geometry.center_crop import CenterCrop
from keras_augsynth.layers.image.geometry.random_affine import RandomAffine
from keras_augsynth.layers.image.geometry.random_crop import RandomCrop
from keras_augsynth.layers.image.geometry.random_d4 import RandomD4
from keras_augsynth.layers.image.geometry.random_elastic_transform import RandomElasticTransform
from keras_augsynth.layers.image.geometry.random_flip import RandomFlip
from keras_augsynth.layers.image.geometry.random_grid_distortion import RandomGridDistortion
from keras_augsynth.layers.image.geometry.random_optical_distortion import RandomOpticalDistortion
from keras_augsynth.layers.image.geometry.random_perspective import RandomPerspective
from keras_augsynth.layers.image.geometry.random_resized_crop import RandomResizedCrop
from keras_augsynth.layers.image.geometry.random_rot90 import RandomRot90
from keras_augsynth.layers.image.geometry.random_rotation import RandomRotation
from keras_augsynth.layers.image.geometry.random_shear import RandomShear
from keras_augsynth.layers.image.geometry.random_thin_plate_spline import RandomThinPlateSpline
from keras_augsynth.layers.image.geometry.random_translation import RandomTranslation
from keras_augsynth.layers.image.geometry.random_zoom import RandomZoom
from keras_augsynth.layers.image.geometry.resizing import Resizing
from keras_augsynth.layers.image.light.auto_contrast import AutoContrast
from keras_augsynth.layers.image.light.contrast_limited_adaptive_histogram_equalization import (
    ContrastLimitedAdaptiveHistogramEqualization,
)
from keras_augsynth.layers.image.light.equalization import Equalization
from keras_augsynth.layers.image.light.random_fog import RandomFog
from keras_augsynth.layers.image.light.random_gamma import RandomGamma
from keras_augsynth.layers.image.light.random_posterization import RandomPosterization
from keras_augsynth.layers.image.light.random_rain import RandomRain
from keras_augsynth.layers.image.light.random_shadow import RandomShadow
from keras_augsynth.layers.image.light.random_tone_curve import RandomToneCurve
from keras_augsynth.layers.image.light.random_vignette import RandomVignette
from keras_augsynth.layers.image.light.solarization import Solarization
from keras_augsynth.layers.image.mixing.copy_paste import CopyPaste
from keras_augsynth.layers.image.mixing.cut_mix import CutMix
from keras_augsynth.layers.image.mixing.mix_up import MixUp
from keras_augsynth.layers.image.mixing.mosaic import Mosaic
from keras_augsynth.layers.image.noise.random_downscale import RandomDownscale
from keras_augsynth.layers.image.noise.random_gaussian_noise import RandomGaussianNoise
from keras_augsynth.layers.image.noise.random_iso_noise import RandomISONoise
from keras_augsynth.layers.image.noise.random_jpeg import RandomJPEG
from keras_augsynth.layers.image.noise.random_salt_and_pepper import RandomSaltAndPepper
from keras_augsynth.layers.image.noise.random_shot_noise import RandomShotNoise
from keras_augsynth.layers.image.noise.random_speckle_noise import RandomSpeckleNoise
from keras_augsynth.layers.image.policies.aug_mix import AugMix
from keras_augsynth.layers.image.policies.auto_augment import AutoAugment
from keras_augsynth.layers.image.policies.rand_augment import RandAugment
from keras_augsynth.layers.image.policies.trivial_augment_wide import TrivialAugmentWide
from keras_augsynth.layers.tabular.random_feature_noise import RandomFeatureNoise
from keras_augsynth.layers.text.eda import EDA
from keras_augsynth.layers.text.paragraph_splice import ParagraphSplice
from keras_augsynth.layers.text.random_case import RandomCase
from keras_augsynth.layers.text.random_char_noise import RandomCharNoise
from keras_augsynth.layers.text.random_clause_reorder import RandomClauseReorder
from keras_augsynth.layers.text.random_punctuation_insertion import RandomPunctuationInsertion
from keras_augsynth.layers.text.random_sentence_shuffle import RandomSentenceShuffle
from keras_augsynth.layers.text.random_span_crop import RandomSpanCrop
from keras_augsynth.layers.text.random_synonym_insertion import RandomSynonymInsertion
from keras_augsynth.layers.text.random_synonym_replacement import RandomSynonymReplacement
from keras_augsynth.layers.text.random_word_deletion import RandomWordDeletion
from keras_augsynth.layers.text.random_word_mask import RandomWordMask
from keras_augsynth.layers.text.random_word_swap import RandomWordSwap
from keras_augsynth.layers.text.synonym_table import SynonymTable
from keras_augsynth.layers.tokens.random_token_deletion import RandomTokenDeletion
from keras_augsynth.layers.tokens.random_token_mask import RandomTokenMask
from keras_augsynth.layers.tokens.random_token_replacement import RandomTokenReplacement
from keras_augsynth.layers.tokens.random_token_span_crop import RandomTokenSpanCrop
from keras_augsynth.layers.tokens.random_token_swap import RandomTokenSwap
from keras_augsynth.layers.tokens.token_cut_mix import TokenCutMix
from keras_augsynth.layers.volume.random_flip_3d import RandomFlip3D

__all__ = [
    "EDA",
    "AugMix",
    "Augmentation",
    "AutoAugment",
    "AutoContrast",
    "CenterCrop",
    "Choice",
    "CoarseDropout",
    "Color",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CopyPaste",
    "CutMix",
    "Equalization",
    "FourierDomainAdaptation",
    "Geometric",
    "GridMask",
    "HistogramMatching",
    "MixUp",
    "Mixing",
    "Mosaic",
    "Normal",
    "Normalization",
    "OneOf",
    "ParagraphSplice",
    "PerClass",
    "Pipeline",
    "RandAugment",
    "RandomAffine",
    "RandomBrightness",
    "RandomCase",
    "RandomChannelDropout",
    "RandomChannelShuffle",
    "RandomCharNoise",
    "RandomClauseReorder",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomCutout",
    "RandomD4",
    "RandomDefocus",
    "RandomDownscale",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFeatureNoise",
    "RandomFlip",
    "RandomFlip3D",
    "RandomFog",
    "RandomGain",
    "RandomGamma",
    "RandomGaussianBlur",
    "RandomGaussianNoise",
    "RandomGrayscale",
    "RandomGridDistortion",
    "RandomHue",
    "RandomISONoise",
    "RandomInvert",
    "RandomJPEG",
    "RandomMedianBlur",
    "RandomMotionBlur",
    "RandomOpticalDistortion",
    "RandomPCALighting",
    "RandomPerspective",
    "RandomPlanckianJitter",
    "RandomPosterization",
    "RandomPunctuationInsertion",
    "RandomRGBShift",
    "RandomRain",
    "RandomResizedCrop",
    "RandomRot90",
    "RandomRotation",
    "RandomSaltAndPepper",
    "RandomSaturation",
    "RandomSentenceShuffle",
    "RandomShadow",
    "RandomSharpness",
    "RandomShear",
    "RandomShotNoise",
    "RandomSpanCrop",
    "RandomSpeckleNoise",
    "RandomSynonymInsertion",
    "RandomSynonymReplacement",
    "RandomThinPlateSpline",
    "RandomTokenDeletion",
    "RandomTokenMask",
    "RandomTokenReplacement",
    "RandomTokenSpanCrop",
    "RandomTokenSwap",
    "RandomToneCurve",
    "RandomTranslation",
    "RandomVignette",
    "RandomWordDeletion",
    "RandomWordMask",
    "RandomWordSwap",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "Solarization",
    "SomeOf",
    "SynonymTable",
    "TokenAugmentation",
    "TokenCutMix",
    "TrivialAugmentWide",
    "WordAugmentation",
    "audit",
    "enumerated",
    "from_image_data_generator",
]
