"""Networks for the models of this room: functions that return plain functional models.

Those for a `GAN` return (generator, discriminator), with inputs `[noise, label]` and `[sample, label]`, or the first
alone without classes; labels are integers `(N,)`. Generators end in tanh, so data are in [-1, 1] (a model with a
`value_range` takes any), but for those of rows, which are unbounded; discriminators end in logits `(N, 1)`.
"""

from keras_augsynth.synthesis.architectures.dcgan import dcgan
from keras_augsynth.synthesis.architectures.flow_networks import flow_mlp, flow_unet
from keras_augsynth.synthesis.architectures.mlp_gan import mlp_gan
from keras_augsynth.synthesis.architectures.resnet_gan import resnet_gan
from keras_augsynth.synthesis.architectures.tabular_gan import tabular_gan
from keras_augsynth.synthesis.architectures.vae_networks import vae_conv, vae_mlp

__all__ = ["dcgan", "flow_mlp", "flow_unet", "mlp_gan", "resnet_gan", "tabular_gan", "vae_conv", "vae_mlp"]
