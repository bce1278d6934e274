"""The shortest way through: a table with rare classes, a source of generated rows, the balancer."""

import keras
import numpy as np

from keras_augsynth import callbacks, metrics, synthesis

# Three classes, two of them rare. Each is a cloud of points with a shape of its own.
rng = np.random.default_rng(0)
centers, shapes = rng.normal(size=(3, 8)), 0.6 * rng.normal(size=(3, 8, 8)) + 0.5 * np.eye(8)


def draw(counts):
    y = rng.permutation(np.repeat([0, 1, 2], counts))
    x = np.einsum("ni,nij->nj", rng.normal(size=(len(y), 8)), shapes[y]) + centers[y]
    return x.astype("float32"), y


x, y = draw([400, 60, 12])
validation, test = draw([50, 50, 50]), draw([1000, 1000, 1000])
source = synthesis.GaussianSynthesizer().fit(x, y)  # learns mean and covariance of each class
for name, balancer in {"without": [], "with": [callbacks.SyntheticBalancer(source, seed=0)]}.items():
    keras.utils.set_random_seed(0)
    dense = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((8,)), *dense])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=[metrics.BalancedAccuracy(num_classes=3)])
    model.fit(x, y, epochs=30, validation_data=validation, callbacks=balancer, verbose=0)
    print(f"Balanced accuracy {name} the balancer: {100 * model.evaluate(*test, verbose=0)[1]:.1f} %")
