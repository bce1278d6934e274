from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.families.tokens import TokenAugmentation, Vocabulary
from keras_augsynth.ops import tokens
from keras_augsynth.ops.lookup import along_last, look_up
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.vectors import nearest


class RandomTokenReplacement(TokenAugmentation):
    """Replaces tokens of each sample at random by others.

    Exactly one of `vocabulary_size`, `counts` and `neighbors` says by which ones. Padding and special ids are neither
    replaced nor drawn.

    Args:
        rate: chance of each token to be replaced, from 0 to 1; a pair (low, high) is drawn from for each sample.
        vocabulary_size: ids are drawn evenly from 0 to `vocabulary_size` - 1.
        counts: ids are drawn in proportion to these numbers, one for each id: those of a training set.
        neighbors: integers `(V, k)`: each id becomes one of the k of its row, such as its neighbours in an embedding;
            -1 stands for none. See `from_embedding`. Ids from V on stay.
        padding_id: the id of padding.
        special_ids: ids that are never touched.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(steps,)` or `(batch, steps)`, integers.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1], none or two of the sources, or one that is not as described.

    Example:

    >>> RandomTokenReplacement(1.0, neighbors=[[-1], [2], [1]])(np.array([[1, 2, 0]])).numpy()
    array([[2, 1, 0]])

    Reference:
        Xie, Wang, Li, Lévy, Nie, Jurafsky, Ng: Data noising as smoothing in neural network language models. ICLR 2017.
    """

    def __init__(
        self,
        rate: Any = 0.1,
        vocabulary_size: int | None = None,
        counts: Sequence[float] | None = None,
        neighbors: Any = None,
        padding_id: int = 0,
        **kwargs: Any,
    ):
        super().__init__(rate, padding_id=padding_id, **kwargs)
        sources = {"vocabulary_size": vocabulary_size, "counts": counts, "neighbors": neighbors}
        if sum(source is not None for source in sources.values()) != 1:
            raise wrong(self, "vocabulary_size", "be given, or `counts`, or `neighbors`: one of them", vocabulary_size)
        self.vocabulary_size, self.counts, self.neighbors = vocabulary_size, counts, neighbors
        never = [self.padding_id, *self.special_ids]
        if vocabulary_size is not None:
            size = check_integer(self, vocabulary_size, "vocabulary_size", 1)
            self._ids["vocabulary_size"] = [size - 1]
            self._vocabulary = Vocabulary(self, "vocabulary_size", np.ones(size), never)
        elif counts is not None:
            self.counts = [check_number(self, each, "counts", 0.0) for each in counts]
            self._ids["counts"] = [len(self.counts) - 1]
            self._vocabulary = Vocabulary(self, "counts", self.counts, never)
        else:
            table = np.asarray(neighbors)
            if table.ndim != 2 or not table.size or table.dtype.kind not in "iu":
                raise wrong(self, "neighbors", "be integers (V, k)", f"{table.dtype} {table.shape}")
            table = np.where(np.isin(table, never), -1, table)
            self.neighbors = np.asarray(neighbors).tolist()
            self._ids["neighbors"] = [int(table.max())] if table.max() >= 0 else []
            # The neighbours first, so that one of them can be drawn.
            order = np.argsort(table < 0, axis=1, kind="stable")
            self._table = np.take_along_axis(table, order, axis=1).astype("int32")

    @classmethod
    def from_embedding(
        cls,
        embedding: keras.layers.Embedding,
        rate: Any = 0.1,
        top_n: int = 5,
        min_similarity: float = 0.0,
        **kwargs: Any,
    ) -> "RandomTokenReplacement":
        """A layer that replaces ids by their neighbours in an embedding, by the cosine.

        Args:
            embedding: the layer, as it is now.
            rate: as above.
            top_n: how many neighbours an id has at most.
            min_similarity: the smallest cosine of a neighbour.
            **kwargs: as above.
        """
        check_integer(cls.__name__, top_n, "top_n", 1)
        places, similarity = nearest(np.asarray(embedding.embeddings), top_n)
        return cls(rate, neighbors=np.where(similarity >= min_similarity, places, -1), **kwargs)

    def change(self, x, valid, params) -> tuple[Tensor, Tensor]:
        rng, steps = Random(params["tokens"]), ops.shape(x)[1]
        luck, length = rng.uniform(shape=(steps,)), tokens.count(valid)
        replaces = tokens.chosen(self.is_free(x, valid), luck, params["rate"])
        if self.neighbors is None:
            return ops.where(replaces, self._vocabulary.drawn(rng, steps, x.dtype), x), length
        ids, rows = ops.cast(x, "int32"), len(self._table)
        same = ops.equal(ops.cast(ids, x.dtype), x)  # not, where an id has more than 32 bits
        known = ops.logical_and(same, ops.logical_and(ids >= 0, ids < rows))
        near = look_up(ops.convert_to_tensor(self._table), ops.where(known, ids, 0))
        number = ops.sum(ops.cast(near >= 0, "int32"), axis=-1)
        place = tokens.below(rng.uniform(shape=(steps,)), number)
        new = ops.cast(along_last(near, place[..., None])[..., 0], x.dtype)
        return ops.where(ops.logical_and(replaces, ops.logical_and(known, number > 0)), new, x), length

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": 0.5 * strength, "vocabulary_size": 100}
