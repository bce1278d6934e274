"""The shortest way through: augment, generate, balance, export."""

import keras
import numpy as np

import keras_augsynth as kas
from keras_augsynth import callbacks, layers, synthesis

# Stand-ins for your own images and labels: four shades of gray, two of them rare.
rng = np.random.default_rng(0)
y = rng.permutation(np.repeat(np.arange(4), [200, 200, 40, 10]))
x = (rng.random((450, 8, 8, 1)) * 60 + 60 * y[:, None, None, None]).astype("float32")

augment = layers.Pipeline(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomColorJitter(brightness=0.1, contrast=0.2),
        layers.Rescaling(1 / 255),
    ],
    seed=7,
)
model = keras.Sequential([keras.Input((8, 8, 1)), augment, keras.layers.Flatten(), keras.layers.Dense(4)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])

balancer = callbacks.SyntheticBalancer(synthesis.AugmentedResampler().fit(x, y))
balancer.adapt(y)
model.fit(x, y, epochs=3, callbacks=[balancer])

kas.export_savedmodel(model, "out/quickstart")  # serve, augment and serve_tta: TensorFlow is all that they need
