import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.ops.text.tables import Table, table
from keras_augsynth.ops.text.wordnet import PARTS_OF_SPEECH, read
from keras_augsynth.ops.vectors import nearest


@keras.saving.register_keras_serializable(package="keras_augsynth")
class SynonymTable:
    """Which words can stand for which: what the layers that insert or replace synonyms read.

    A word is looked up as it stands in a text, then in lower case and without the punctuation around it; so the table's
    words are best in lower case. What is put in its place is drawn evenly, and gets the capital letters and the
    punctuation of the word.

    The table is a part of the configuration of the layers that have it: it is in their `.keras` files and, as
    constants, in their SavedModels. It is made by one of `from_dict`, `from_wordnet`, `from_keyed_vectors` and
    `from_embedding`.

    Args:
        entries: {word: [what can stand for it, ...]}, strings.

    Raises:
        TypeError: for something else than a dictionary of lists of strings.
        ValueError: for a table without words, a word without synonyms, or an empty synonym.

    Example:

    >>> table = SynonymTable.from_dict({"quick": ["fast", "rapid"], "dog": ["hound"]})
    >>> len(table), table["dog"]
    (2, ['hound'])
    >>> RandomSynonymReplacement(table, 1.0)("A lazy Dog!").numpy()
    b'A lazy Hound!'
    """

    def __init__(self, entries: Mapping[str, Sequence[str]]):
        if not isinstance(entries, Mapping):
            raise wrong(self, "entries", "be a dictionary from words to lists of synonyms", entries, TypeError)
        if not entries:
            raise wrong(self, "entries", "hold at least one word", entries)
        self._entries = {word: self._checked(word, values) for word, values in entries.items()}
        self._tensors: Table | None = None
        if spaced := [word for word in entries if len(word.split()) > 1]:
            text = f"{len(spaced)} of its words, such as {spaced[0]!r}, have white space in them"
            text = f"SynonymTable: {text}: a text that is split at white space has no such word."
            warnings.warn(text, UserWarning, stacklevel=2)

    def _checked(self, word: Any, values: Any) -> list[str]:
        if not isinstance(word, str) or isinstance(values, str) or not all(isinstance(value, str) for value in values):
            raise wrong(self, "entries", "be lists of strings by words", {word: values}, TypeError)
        if not word or not len(values) or not all(values):
            raise wrong(self, "entries", "have words and synonyms that are not empty", {word: values})
        return list(values)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Sequence[str]]) -> "SynonymTable":
        """A table from {word: [synonyms]}."""
        return cls(entries)

    @classmethod
    def from_wordnet(
        cls,
        folder: str | os.PathLike,
        *,
        top_n: int = 5,
        parts_of_speech: Sequence[str] = PARTS_OF_SPEECH,
        words: Iterable[str] | None = None,
    ) -> "SynonymTable":
        """A table from the files of WordNet's database, version 3.

        The senses of a word are gone through from the most frequent one on, whatever part of speech they are, and their
        other words taken in order. Function words ("be", "have", "in" …) have no entry.

        Args:
            folder: with "index.noun", "data.noun" and their siblings, and "cntlist.rev".
            top_n: how many synonyms a word has at most.
            parts_of_speech: of "noun", "verb", "adj", "adv": which senses count.
            words: to be looked up, for instance a vocabulary; None: all of WordNet that are a single word.

        Raises:
            FileNotFoundError: if a file is not there.
        """
        check_integer(cls.__name__, top_n, "top_n", 1)
        for part in parts_of_speech:
            if part not in PARTS_OF_SPEECH:
                raise wrong(cls.__name__, "parts_of_speech", f"be some of {list(PARTS_OF_SPEECH)}", parts_of_speech)
        return cls(read(folder, top_n, parts_of_speech, set(words or ())))

    @classmethod
    def from_keyed_vectors(
        cls, vectors: Any, top_n: int = 5, min_similarity: float = 0.6, words: Iterable[str] | None = None
    ) -> "SynonymTable":
        """A table of the nearest words of word vectors, by the cosine.

        Args:
            vectors: gensim's `KeyedVectors`, or anything with `index_to_key`, the words, and `vectors`, `(words, d)`.
            top_n: how many neighbours a word has at most.
            min_similarity: the smallest cosine of a neighbour.
            words: that get an entry; None: all. The neighbours are looked for among all words in any case.
        """
        return cls._from_vectors(vectors.index_to_key, np.asarray(vectors.vectors), top_n, min_similarity, words)

    @classmethod
    def from_embedding(
        cls, embedding: keras.layers.Embedding, vocabulary: Sequence[str], top_n: int = 5, min_similarity: float = 0.6
    ) -> "SynonymTable":
        """A table of the nearest words of an embedding that was trained, by the cosine.

        Args:
            embedding: the layer.
            vocabulary: the word of each row, as `TextVectorization.get_vocabulary()` gives it; the padding "" and
                "[UNK]" are left out.
            top_n: how many neighbours a word has at most.
            min_similarity: the smallest cosine of a neighbour.
        """
        rows = np.asarray(embedding.embeddings)
        if len(vocabulary) > len(rows):
            raise wrong(
                cls.__name__, "vocabulary", f"have at most {len(rows)} words, as the embedding", len(vocabulary)
            )
        known = [place for place, word in enumerate(vocabulary) if word not in ("", "[UNK]")]
        return cls._from_vectors([vocabulary[place] for place in known], rows[known], top_n, min_similarity, None)

    @classmethod
    def _from_vectors(
        cls, keys: Sequence[str], vectors: np.ndarray, top_n: int, min_similarity: float, words: Iterable[str] | None
    ) -> "SynonymTable":
        check_integer(cls.__name__, top_n, "top_n", 1)
        check_number(cls.__name__, min_similarity, "min_similarity", -1.0, 1.0)
        wanted = np.arange(len(keys)) if words is None else np.flatnonzero(np.isin(keys, list(words)))
        entries = {}
        for own, places, cosines in zip(wanted, *nearest(vectors, top_n, wanted), strict=True):
            near = [keys[place] for place, cosine in zip(places, cosines, strict=True) if cosine >= min_similarity]
            if near:
                entries[keys[own]] = near
        if not entries:
            raise wrong(cls.__name__, "min_similarity", "be reached by a pair of words", min_similarity)
        return cls(entries)

    @property
    def tensors(self) -> Table:
        """What a graph reads."""
        if self._tensors is None:
            self._tensors = table(self._entries)
        return self._tensors

    def get_config(self) -> dict[str, Any]:
        return {"entries": self._entries}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SynonymTable":
        return cls(**config)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, word: str) -> bool:
        return word in self._entries

    def __getitem__(self, word: str) -> list[str]:
        return list(self._entries[word])

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, SynonymTable) and other._entries == self._entries

    def __hash__(self) -> int:
        return hash(tuple(self._entries))

    def __repr__(self) -> str:
        return f"SynonymTable of {len(self)} words"


def check_table(owner: Any, table: Any) -> SynonymTable:
    if not isinstance(table, SynonymTable):
        needed = "be a SynonymTable" + ("; write SynonymTable(table)" if isinstance(table, Mapping) else "")
        raise wrong(owner, "table", needed, table, TypeError)
    return table


def example_table() -> SynonymTable:
    """Synonyms of a few frequent words, for tests and the gallery."""
    pairs = "one:single two:twain so:thus goes:runs big:large,great good:fine,nice fast:quick,rapid new:fresh,novel"
    pairs += " small:little,tiny film:movie,picture bad:poor,awful happy:glad,merry said:told start:begin,open x:cross"
    return SynonymTable(
        {word: values.split(",") for word, _, values in (each.partition(":") for each in pairs.split())}
    )
