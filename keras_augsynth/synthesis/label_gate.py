"""`LabelGate`: how much a network hears of the label."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_augsynth")
class LabelGate(keras.layers.Layer):
    """Multiplies a label's features by `openness`, a number from 0 to 1 that a `GAN` moves while it trains.

    With few samples, a GAN that hears labels from the start collapses. With `transition_steps` the gates of both
    networks are shut at first, and open one training step at a time.

    Example:

    >>> gate = LabelGate()
    >>> gate(np.ones((2, 3), "float32")).shape
    TensorShape([2, 3])

    Reference:
        Shahbazi et al.: Collapse by conditioning: training class-conditional GANs with limited data. ICLR 2022.
    """

    def build(self, input_shape: Any) -> None:
        self.openness = self.add_weight(
            name="openness", shape=(), initializer="ones", trainable=False, aggregation="only_first_replica"
        )

    def call(self, inputs: Any) -> Any:
        return inputs * ops.cast(self.openness, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
