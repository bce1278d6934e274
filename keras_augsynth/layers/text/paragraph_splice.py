from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_flag, wrong
from keras_augsynth.core.modalities import TEXT
from keras_augsynth.ops.partners import of_the_same_class
from keras_augsynth.ops.text.words import sentences


class ParagraphSplice(Augmentation):
    """Puts the last sentences of another text of the batch, with the same label, behind the first ones of each text.

    Every text is cut at random between two sentences; a text of one sentence lends it whole, and keeps it. A text whose
    label no other has in the batch stays as it is, and so does one of white space. `RandomSentenceShuffle` says what a
    sentence is.

    Args:
        same_label: False takes any other text of the batch, whatever its label; then none need be given.
        separator: what is put between the two parts.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(batch,)` or `(batch, 1)`, strings, with labels `(batch, ...)`. A single text stays as it is.

    Output shape:
        As the input's; labels stay.

    Raises:
        TypeError: for a separator that is not a string.
        ValueError: in a call without labels, unless `same_label` is False.

    Example:

    >>> texts, labels = ["It rains. I stay.", "Sun! I go.", "Fog?"], np.array([0, 1, 0])
    >>> spliced, _ = ParagraphSplice(seed=1)(texts, labels, training=True)
    >>> spliced.numpy().tolist()
    [b'It rains. Fog?', b'Sun! I go.', b'Fog? I stay.']
    """

    modalities = (TEXT,)
    mixes = True

    def __init__(self, same_label: bool = True, separator: str = " ", **kwargs: Any):
        super().__init__(**kwargs)
        self.same_label = check_flag(self, same_label, "same_label")
        if not isinstance(separator, str):
            raise wrong(self, "separator", "be a string", separator, TypeError)
        self.separator = separator

    def draw(self, rng, view) -> Params:
        cut, luck = rng.uniform(), rng.uniform()
        labels = view.labels if self.same_label else tf.zeros_like(luck)
        return {"cut": cut, "partner": of_the_same_class(labels, luck)}

    def apply(self, x, params) -> Tensor:
        found = sentences(x)
        number = found.free_sizes
        first = 1 + tf.cast(params["cut"] * tf.cast(number - 1, tf.float32), tf.int32)
        head = found.kept(found.places < found.of_text(first))
        tail = found.kept(found.places >= found.of_text(tf.minimum(first, number - 1)))
        tail = tf.gather(tail, params["partner"])
        alone = tf.equal(params["partner"], tf.range(found.count))
        blank = tf.equal(tf.strings.strip(head), "") | tf.equal(tf.strings.strip(tail), "")
        return tf.where(alone | blank, x, tf.strings.join([head, tail], self.separator))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"same_label": False}
