"""Sources of samples: `fit(x, y)` and `sample(labels, seed)`."""

from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.synthesis.adasyn import ADASYN
from keras_augsynth.synthesis.architectures import (
    dcgan,
    flow_mlp,
    flow_unet,
    mlp_gan,
    resnet_gan,
    tabular_gan,
    vae_conv,
    vae_mlp,
)
from keras_augsynth.synthesis.audio_templates import AudioTemplateSynthesizer
from keras_augsynth.synthesis.borderline_smote import BorderlineSMOTE
from keras_augsynth.synthesis.diffaugment import DiffAugment
from keras_augsynth.synthesis.flow_matching import FlowMatching
from keras_augsynth.synthesis.gan import GAN
from keras_augsynth.synthesis.gaussian import GaussianSynthesizer
from keras_augsynth.synthesis.gaussian_copula import GaussianCopulaSynthesizer
from keras_augsynth.synthesis.gaussian_mixture import GaussianMixtureSynthesizer
from keras_augsynth.synthesis.kmeans_smote import KMeansSMOTE
from keras_augsynth.synthesis.label_gate import LabelGate
from keras_augsynth.synthesis.latent_smote import LatentSMOTE
from keras_augsynth.synthesis.lesion_insertion import LesionInsertion
from keras_augsynth.synthesis.paired_resampler import PairedResampler
from keras_augsynth.synthesis.resampler import AugmentedResampler
from keras_augsynth.synthesis.smote import SMOTE
from keras_augsynth.synthesis.smotenc import SMOTEN, SMOTENC
from keras_augsynth.synthesis.spectral_normalization import SpectralNormalization, power_step
from keras_augsynth.synthesis.synthesizer import Synthesizer
from keras_augsynth.synthesis.table_encoder import TableEncoder
from keras_augsynth.synthesis.table_synthesizer import TableSynthesizer
from keras_augsynth.synthesis.templates import TemplateSynthesizer
from keras_augsynth.synthesis.text_templates import TextTemplateSynthesizer
from keras_augsynth.synthesis.vae import VAE

__all__ = [
    "ADASYN",
    "GAN",
    "SMOTE",
    "SMOTEN",
    "SMOTENC",
    "VAE",
    "AudioTemplateSynthesizer",
    "AugmentedResampler",
    "BorderlineSMOTE",
    "DiffAugment",
    "FlowMatching",
    "GaussianCopulaSynthesizer",
    "GaussianMixtureSynthesizer",
    "GaussianSynthesizer",
    "KMeansSMOTE",
    "LabelGate",
    "LatentSMOTE",
    "LesionInsertion",
    "PairedResampler",
    "SpectralNormalization",
    "Synthesizer",
    "TableEncoder",
    "TableSchema",
    "TableSynthesizer",
    "TemplateSynthesizer",
    "TextTemplateSynthesizer",
    "dcgan",
    "flow_mlp",
    "flow_unet",
    "mlp_gan",
    "power_step",
    "resnet_gan",
    "tabular_gan",
    "vae_conv",
    "vae_mlp",
]
