"""Data and models as small as they get, for tests in which they do not matter: a short training is mostly tracing."""

import math

import keras
import numpy as np
from keras import layers as keras_layers

from keras_augsynth import synthesis

# Three classes of 30, 8 and 2 images; the second one is dark.
X = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1)).astype("float32")
Y = np.repeat([0, 1, 2], [30, 8, 2])
X[Y == 1] *= 0.2


def gan_networks(num_classes=3, shape=(4, 4, 1), gated=False):
    """A generator and a discriminator; images lie in [-1, 1], rows have no range."""
    noise, sample, label = keras.Input((3,)), keras.Input(shape), keras.Input((), dtype="int32")
    labels = [] if num_classes is None else [label]
    gate = synthesis.LabelGate if gated else keras_layers.Identity

    def hear(h):
        return keras_layers.Concatenate()([h, *(gate()(keras_layers.Embedding(num_classes, 2)(x)) for x in labels)])

    made = keras_layers.Reshape(shape)(keras_layers.Dense(math.prod(shape))(hear(noise)))
    made = made if len(shape) == 1 else keras_layers.Activation("tanh")(made)
    h = keras_layers.Dense(4, activation="tanh")(hear(keras_layers.Flatten()(sample)))
    as_input = lambda first: [first, *labels] if labels else first
    return keras.Model(as_input(noise), made), keras.Model(as_input(sample), keras_layers.Dense(1)(h))


def gan(num_classes=3, compile_with=None, **kwargs):
    keras.utils.set_random_seed(3)
    arguments = {"num_classes": num_classes, "seed": 5, "value_range": (0, 255), **kwargs}
    model = synthesis.GAN(*gan_networks(num_classes), **arguments)
    model.compile(**(compile_with or {}))
    return model


def vae(num_classes=3, **kwargs):
    keras.utils.set_random_seed(3)
    encoder, decoder = synthesis.vae_mlp((4, 4, 1), num_classes, latent_dim=3, width=4)
    arguments = {"num_classes": num_classes, "seed": 5, "value_range": (0, 255), **kwargs}
    model = synthesis.VAE(encoder=encoder, decoder=decoder, **arguments)
    model.compile()
    return model


def flow(num_classes=3, **kwargs):
    keras.utils.set_random_seed(3)
    network = synthesis.flow_mlp((4, 4, 1), num_classes, width=8, blocks=1)
    arguments = {"num_classes": num_classes, "seed": 5, "value_range": (0, 255), "steps": 2, "solver": "heun", **kwargs}
    model = synthesis.FlowMatching(network=network, **arguments)
    model.compile()
    return model


MODELS = {"gan": gan, "vae": vae, "flow": flow}
