"""Sources of samples: `fit(x, y)` and `sample(labels, seed)`."""

from keras_augsynth.synthesis.architectures import dcgan, mlp_gan
from keras_augsynth.synthesis.diffaugment import DiffAugment
from keras_augsynth.synthesis.gan import GAN
from keras_augsynth.synthesis.label_gate import LabelGate
from keras_augsynth.synthesis.resampler import AugmentedResampler
from keras_augsynth.synthesis.synthesizer import Synthesizer

__all__ = ["GAN", "AugmentedResampler", "DiffAugment", "LabelGate", "Synthesizer", "dcgan", "mlp_gan"]
