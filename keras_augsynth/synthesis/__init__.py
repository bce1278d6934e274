"""Sources of samples: `fit(x, y)` and `sample(labels, seed)`."""

from keras_augsynth.synthesis.adasyn import ADASYN
from keras_augsynth.synthesis.architectures import dcgan, mlp_gan
from keras_augsynth.synthesis.borderline_smote import BorderlineSMOTE
from keras_augsynth.synthesis.diffaugment import DiffAugment
from keras_augsynth.synthesis.gan import GAN
from keras_augsynth.synthesis.gaussian import GaussianSynthesizer
from keras_augsynth.synthesis.gaussian_mixture import GaussianMixtureSynthesizer
from keras_augsynth.synthesis.latent_smote import LatentSMOTE
from keras_augsynth.synthesis.resampler import AugmentedResampler
from keras_augsynth.synthesis.smote import SMOTE
from keras_augsynth.synthesis.synthesizer import Synthesizer
from keras_augsynth.synthesis.templates import TemplateSynthesizer

__all__ = [
    "ADASYN",
    "GAN",
    "SMOTE",
    "AugmentedResampler",
    "BorderlineSMOTE",
    "DiffAugment",
    "GaussianMixtureSynthesizer",
    "GaussianSynthesizer",
    "LatentSMOTE",
    "Synthesizer",
    "TemplateSynthesizer",
    "dcgan",
    "mlp_gan",
]
