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
from keras_augsynth.data.warm_up import warm_up
from keras_augsynth.layers.any_kind.normalization import Normalization
from keras_augsynth.layers.any_kind.random_label_noise import RandomLabelNoise
from keras_augsynth.layers.any_kind.rescaling import Rescaling
from keras_augsynth.layers.audio.add_noise import AddNoise
from keras_augsynth.layers.audio.background_noise import BackgroundNoise
from keras_augsynth.layers.audio.random_audio_crop import RandomAudioCrop
from keras_augsynth.layers.audio.random_band_pass import RandomBandPass
from keras_augsynth.layers.audio.random_band_stop import RandomBandStop
from keras_augsynth.layers.audio.random_bit_crush import RandomBitCrush
from keras_augsynth.layers.audio.random_clipping import RandomClipping
from keras_augsynth.layers.audio.random_colored_noise import RandomColoredNoise
from keras_augsynth.layers.audio.random_compression import RandomCompression
from keras_augsynth.layers.audio.random_eq import RandomEQ
from keras_augsynth.layers.audio.random_fade import RandomFade
from keras_augsynth.layers.audio.random_gain import RandomGain
from keras_augsynth.layers.audio.random_gain_transition import RandomGainTransition
from keras_augsynth.layers.audio.random_high_pass import RandomHighPass
from keras_augsynth.layers.audio.random_low_pass import RandomLowPass
from keras_augsynth.layers.audio.random_mu_law import RandomMuLaw
from keras_augsynth.layers.audio.random_pitch_shift import RandomPitchShift
from keras_augsynth.layers.audio.random_polarity_inversion import RandomPolarityInversion
from keras_augsynth.layers.audio.random_reverb import RandomReverb
from keras_augsynth.layers.audio.random_reverse import RandomReverse
from keras_augsynth.layers.audio.random_speed import RandomSpeed
from keras_augsynth.layers.audio.random_time_mask import RandomTimeMask
from keras_augsynth.layers.audio.random_time_shift import RandomTimeShift
from keras_augsynth.layers.audio.random_time_stretch import RandomTimeStretch
from keras_augsynth.layers.audio.random_vtlp import RandomVTLP
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
from keras_augsynth.layers.several_kinds.multi_modal import MultiModal
from keras_augsynth.layers.several_kinds.random_modality_drop import RandomModalityDrop
from keras_augsynth.layers.spectrogram.random_frequency_mask import RandomFrequencyMask
from keras_augsynth.layers.spectrogram.random_frequency_warp import RandomFrequencyWarp
from keras_augsynth.layers.spectrogram.random_spectrogram_time_mask import RandomSpectrogramTimeMask
from keras_augsynth.layers.spectrogram.random_time_warp import RandomTimeWarp
from keras_augsynth.layers.spectrogram.spec_augment import SpecAugment
from keras_augsynth.layers.tabular.imputation import Imputation
from keras_augsynth.layers.tabular.outlier_clip import OutlierClip
from keras_augsynth.layers.tabular.random_feature_noise import RandomFeatureNoise
from keras_augsynth.layers.tabular.random_missing import RandomMissing
from keras_augsynth.layers.tabular.random_swap_noise import RandomSwapNoise
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
from keras_augsynth.layers.volume.carve_mix import CarveMix
from keras_augsynth.layers.volume.intensity_window import IntensityWindow
from keras_augsynth.layers.volume.labels_to_volume import LabelsToVolume
from keras_augsynth.layers.volume.random_affine_3d import RandomAffine3D
from keras_augsynth.layers.volume.random_anisotropy_3d import RandomAnisotropy3D
from keras_augsynth.layers.volume.random_bias_field_3d import RandomBiasField3D
from keras_augsynth.layers.volume.random_contrast_3d import RandomContrast3D
from keras_augsynth.layers.volume.random_crop_3d import RandomCrop3D
from keras_augsynth.layers.volume.random_crop_by_label_3d import RandomCropByLabel3D
from keras_augsynth.layers.volume.random_dose_noise import RandomDoseNoise
from keras_augsynth.layers.volume.random_elastic_transform_3d import RandomElasticTransform3D
from keras_augsynth.layers.volume.random_flip_3d import RandomFlip3D
from keras_augsynth.layers.volume.random_gamma_3d import RandomGamma3D
from keras_augsynth.layers.volume.random_gaussian_noise_3d import RandomGaussianNoise3D
from keras_augsynth.layers.volume.random_ghosting_3d import RandomGhosting3D
from keras_augsynth.layers.volume.random_gibbs_3d import RandomGibbs3D
from keras_augsynth.layers.volume.random_histogram_shift_3d import RandomHistogramShift3D
from keras_augsynth.layers.volume.random_low_resolution_3d import RandomLowResolution3D
from keras_augsynth.layers.volume.random_motion_3d import RandomMotion3D
from keras_augsynth.layers.volume.random_rician_noise_3d import RandomRicianNoise3D
from keras_augsynth.layers.volume.random_rot90_3d import RandomRot90_3D
from keras_augsynth.layers.volume.random_rotation_3d import RandomRotation3D
from keras_augsynth.layers.volume.random_spike_3d import RandomSpike3D
from keras_augsynth.layers.volume.random_swap_patches_3d import RandomSwapPatches3D

__all__ = [
    "EDA",
    "AddNoise",
    "AugMix",
    "Augmentation",
    "AutoAugment",
    "AutoContrast",
    "BackgroundNoise",
    "CarveMix",
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
    "Imputation",
    "IntensityWindow",
    "LabelsToVolume",
    "MixUp",
    "Mixing",
    "Mosaic",
    "MultiModal",
    "Normal",
    "Normalization",
    "OneOf",
    "OutlierClip",
    "ParagraphSplice",
    "PerClass",
    "Pipeline",
    "RandAugment",
    "RandomAffine",
    "RandomAffine3D",
    "RandomAnisotropy3D",
    "RandomAudioCrop",
    "RandomBandPass",
    "RandomBandStop",
    "RandomBiasField3D",
    "RandomBitCrush",
    "RandomBrightness",
    "RandomCase",
    "RandomChannelDropout",
    "RandomChannelShuffle",
    "RandomCharNoise",
    "RandomClauseReorder",
    "RandomClipping",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomColoredNoise",
    "RandomCompression",
    "RandomContrast",
    "RandomContrast3D",
    "RandomCrop",
    "RandomCrop3D",
    "RandomCropByLabel3D",
    "RandomCutout",
    "RandomD4",
    "RandomDefocus",
    "RandomDoseNoise",
    "RandomDownscale",
    "RandomEQ",
    "RandomElasticTransform",
    "RandomElasticTransform3D",
    "RandomErasing",
    "RandomFade",
    "RandomFeatureNoise",
    "RandomFlip",
    "RandomFlip3D",
    "RandomFog",
    "RandomFrequencyMask",
    "RandomFrequencyWarp",
    "RandomGain",
    "RandomGainTransition",
    "RandomGamma",
    "RandomGamma3D",
    "RandomGaussianBlur",
    "RandomGaussianNoise",
    "RandomGaussianNoise3D",
    "RandomGhosting3D",
    "RandomGibbs3D",
    "RandomGrayscale",
    "RandomGridDistortion",
    "RandomHighPass",
    "RandomHistogramShift3D",
    "RandomHue",
    "RandomISONoise",
    "RandomInvert",
    "RandomJPEG",
    "RandomLabelNoise",
    "RandomLowPass",
    "RandomLowResolution3D",
    "RandomMedianBlur",
    "RandomMissing",
    "RandomModalityDrop",
    "RandomMotion3D",
    "RandomMotionBlur",
    "RandomMuLaw",
    "RandomOpticalDistortion",
    "RandomPCALighting",
    "RandomPerspective",
    "RandomPitchShift",
    "RandomPlanckianJitter",
    "RandomPolarityInversion",
    "RandomPosterization",
    "RandomPunctuationInsertion",
    "RandomRGBShift",
    "RandomRain",
    "RandomResizedCrop",
    "RandomReverb",
    "RandomReverse",
    "RandomRicianNoise3D",
    "RandomRot90",
    "RandomRot90_3D",
    "RandomRotation",
    "RandomRotation3D",
    "RandomSaltAndPepper",
    "RandomSaturation",
    "RandomSentenceShuffle",
    "RandomShadow",
    "RandomSharpness",
    "RandomShear",
    "RandomShotNoise",
    "RandomSpanCrop",
    "RandomSpeckleNoise",
    "RandomSpectrogramTimeMask",
    "RandomSpeed",
    "RandomSpike3D",
    "RandomSwapNoise",
    "RandomSwapPatches3D",
    "RandomSynonymInsertion",
    "RandomSynonymReplacement",
    "RandomThinPlateSpline",
    "RandomTimeMask",
    "RandomTimeShift",
    "RandomTimeStretch",
    "RandomTimeWarp",
    "RandomTokenDeletion",
    "RandomTokenMask",
    "RandomTokenReplacement",
    "RandomTokenSpanCrop",
    "RandomTokenSwap",
    "RandomToneCurve",
    "RandomTranslation",
    "RandomVTLP",
    "RandomVignette",
    "RandomWordDeletion",
    "RandomWordMask",
    "RandomWordSwap",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "Solarization",
    "SomeOf",
    "SpecAugment",
    "SynonymTable",
    "TokenAugmentation",
    "TokenCutMix",
    "TrivialAugmentWide",
    "WordAugmentation",
    "audit",
    "enumerated",
    "from_image_data_generator",
    "warm_up",
]
