"""`AdaptiveAugment`: adapts how often a GAN augments to how much its discriminator overfits."""

from typing import Any

import keras

from keras_augsynth.core.checks import check_integer, check_number, wrong


class AdaptiveAugment(keras.callbacks.Callback):
    """Raises the chance that a GAN augments samples while the discriminator overfits, and lowers it otherwise.

    Overfitting is measured by `d_sign`: the mean sign of the logits of real samples (for a relativistic loss, of the
    difference between the logits of real and generated samples). The chance starts at 0, changes in every training
    step, is logged as `augment_chance`, and is saved with the GAN, so that a later `fit` continues with it.

    Args:
        target: value of `d_sign` that is aimed at, from -1 to 1.
        speed: number of samples in which the chance can grow by 1; use a small number for few data.
        most: highest chance, from 0 to 1. Above 0.8 the samples begin to look augmented, too.

    Raises:
        TypeError: in training, for a model that is not a `GAN` with an `augment`.

    Example:

    >>> gan = GAN(*dcgan((8, 8, 3), 3, width=4), num_classes=3, augment=DiffAugment(), value_range=(0, 255))
    >>> gan.compile()
    >>> history = gan.fit(x, y, epochs=1, verbose=0, callbacks=[AdaptiveAugment()])

    Reference:
        Karras et al.: Training generative adversarial networks with limited data. NeurIPS 2020.
    """

    def __init__(self, target: float = 0.6, speed: int = 20_000, most: float = 0.8):
        super().__init__()
        self.target = check_number(self, target, "target", -1.0, 1.0)
        self.speed = check_integer(self, speed, "speed", 1)
        self.most = check_number(self, most, "most", 0.0, 0.999)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if getattr(self.model, "augment", None) is None or not hasattr(self.model, "adaptation"):
            raise wrong(self, "model", "be a GAN with an `augment`, such as DiffAugment()", self.model, TypeError)
        if float(self.model.augment_chance) == 1.0:  # always, as it is without this callback
            self.model.augment_chance.assign(0.0)
        self.model.adaptation.assign([1.0 / self.speed, self.target, self.most])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["augment_chance"] = float(self.model.augment_chance)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.model.adaptation.assign([0.0, 0.0, 0.0])
