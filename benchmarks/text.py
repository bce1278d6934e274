"""Text layers against nlpaug and the EDA authors' algorithm, one thread each: python -m benchmarks.text

10,000 sentences of 20 words; our layers stand in a graph, as in `tf.data`. EDA in plain Python has the synonyms of the
same table. It does one operation to each text, as the paper describes it; or it does what the authors' program does: it
cleans a text character by character, makes two texts by each operation, and keeps four of the eight. Times are those of
the processor. It is checked first that ours and the paper's change about as many words.

A row of EDA's is no peer: to split, gather and join all words by TensorFlow's operations, and to draw a number for each
by the seed of its text, is the least that a layer would do which makes strings of them.
"""

import random
import re
import time

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.ops.random import threefry2x32

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vocabulary(size, rng):
    return list(dict.fromkeys("".join(rng.choices(LETTERS, k=rng.randint(2, 9))) for _ in range(size)))


class PlainEDA:
    """The algorithm of the paper: n words replaced, n synonyms inserted, n swaps, or each word deleted by chance."""

    letters = f"{LETTERS} "

    def __init__(self, table, alpha, rng):
        self.table, self.alpha, self.rng = table, alpha, rng

    def __call__(self, text):
        words = text.split(" ")
        n = max(1, int(self.alpha * len(words)))
        operation = self.rng.choice((self.replace, self.insert, self.swap, self.delete))
        return " ".join(operation(words, n))

    def four_of_eight(self, text):
        text = "".join(char if char in self.letters else " " for char in text.lower())
        words = re.sub(" +", " ", text).strip().split(" ")
        n = max(1, int(self.alpha * len(words)))
        operations = (self.replace, self.insert, self.swap, self.delete)
        made = [" ".join(operation(list(words), n)) for operation in operations for _ in range(2)]
        self.rng.shuffle(made)
        return made[:4]

    def replace(self, words, n):
        known = list({word for word in words if word in self.table})
        self.rng.shuffle(known)
        for old in known[:n]:
            new = self.rng.choice(self.table[old])
            words = [new if word == old else word for word in words]
        return words

    def insert(self, words, n):
        for _ in range(n):
            for _ in range(10):  # tries
                word = self.rng.choice(words)
                if word in self.table:
                    words.insert(self.rng.randint(0, len(words) - 1), self.rng.choice(self.table[word]))
                    break
        return words

    def swap(self, words, n):
        for _ in range(n):
            first = second = self.rng.randint(0, len(words) - 1)
            for _ in range(3):  # tries
                second = self.rng.randint(0, len(words) - 1)
                if second != first:
                    break
            words[first], words[second] = words[second], words[first]
        return words

    def delete(self, words, n):
        left = [word for word in words if self.rng.uniform(0, 1) > self.alpha]
        return left or [self.rng.choice(words)]


def changed(before, after):
    """How many places of a text are changed, as a mean: in which words differ, or by which the lengths do."""
    counts = []
    for old, new in zip(before, after, strict=True):
        old, new = old.split(), new.split()
        counts.append(abs(len(old) - len(new)) or sum(a != b for a, b in zip(old, new, strict=True)))
    return np.mean(counts)


def check(texts, ours, theirs, tolerance):
    """Both change about as many words. (nlpaug and EDA round numbers of words in their own ways.)"""
    first = changed(texts, [text.decode() for text in ours(tf.constant(texts)).numpy()])
    second = changed(texts, theirs(texts))
    assert abs(first - second) < tolerance * max(first, second), (first, second)


def ratios(tables):
    """All tables in one."""
    lines = ["| | beside | its processor time, in ours | spread |", "| --- | --- | --- | --- |"]
    for title, (rows, ours) in tables.items():
        for row in rows.values():
            if row.name != ours:
                ratio = row.median / rows[ours].median
                lines.append(f"| {title} | {row.name} | {ratio:.1f} | ± {100 * row.spread:.0f} % |")
    return "\n".join(lines) + "\n"


def strings_and_draws_alone(texts):
    """Texts with their words in reverse order, and a number drawn for each word."""
    cut = tf.strings.split(texts, " ")
    rows, places = cut.value_rowids(), tf.range(tf.size(cut.flat_values))
    keys = tf.gather(tf.cast(tf.range(tf.size(texts)), tf.uint32), rows)
    bits, _ = threefry2x32((keys, keys), (tf.cast(places, tf.uint32), np.uint32(0)), rounds=13)
    words = tf.gather(cut.flat_values, places[::-1])
    return tf.strings.unsorted_segment_join(words, rows, cut.nrows(), " "), tf.reduce_sum(bits)


def in_graph(layer, batch):
    traced = tf.function(lambda texts: layer(texts, training=True), autograph=False)
    return lambda: traced(batch)


def main():
    chosen = options(__doc__.splitlines()[0])
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    count, rounds = (200, 1) if chosen.smoke else (10_000, chosen.rounds)
    rng = random.Random(0)
    words = vocabulary(30_000, rng)
    synonyms = {word: rng.choices(words, k=rng.randint(1, 5)) for word in words[::2]}
    texts = [" ".join(rng.choices(words, k=20)) for _ in range(count)]
    table, batch = layers.SynonymTable(synonyms), tf.constant(texts)
    tables = {}

    eda, plain = layers.EDA(table, 0.1), PlainEDA(synonyms, 0.1, rng)
    check(texts[:1000], eda, lambda each: [plain(text) for text in each], 0.2)
    alone = tf.function(strings_and_draws_alone, autograph=False)
    candidates = {
        "keras_augsynth": in_graph(eda, batch),
        "split, gather, join and a draw for each word": lambda: alone(batch)[0],
        "plain Python, one operation a text": lambda: [plain(text) for text in texts],
        "plain Python, four of eight texts": lambda: [plain.four_of_eight(text) for text in texts[::4]],
    }
    tables[f"EDA, {count} new sentences of 20 words"] = (
        measure(candidates, rounds, time.process_time),
        "keras_augsynth",
    )

    import nlpaug.augmenter.char as nac
    import nlpaug.augmenter.word as naw

    pairs = {
        "word swap": (layers.RandomWordSwap(0.2), naw.RandomWordAug(action="swap", aug_p=0.1, aug_max=None)),
        "word deletion": (layers.RandomWordDeletion(0.1), naw.RandomWordAug(action="delete", aug_p=0.1, aug_max=None)),
        "synonym replacement": (
            layers.RandomSynonymReplacement(table, 0.1),
            naw.ReservedAug([[word, *others] for word, others in list(synonyms.items())], aug_p=0.1, aug_max=None),
        ),
        "keyboard errors": (
            layers.RandomCharNoise(0.1, ["keyboard"]),
            nac.KeyboardAug(
                aug_word_p=0.1, aug_char_max=1, include_special_char=False, include_numeric=False, aug_word_max=None
            ),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        candidates = {
            "keras_augsynth": in_graph(ours, batch),
            "nlpaug": lambda theirs=theirs: theirs.augment(texts),
        }
        tables[f"{name}, {count} sentences of 20 words"] = (
            measure(candidates, rounds, time.process_time),
            "keras_augsynth",
        )
    write("text", chosen.out, tables, text=ratios(tables))


if __name__ == "__main__":
    main()
