"""The layers that change texts: rates, what they leave alone, files, and the papers' algorithms in plain Python."""

import json
import random
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import export_savedmodel, layers
from keras_augsynth.layers.text.synonym_table import example_table

FIFTY = " ".join(f"w{k}" for k in range(50))
TABLE = layers.SynonymTable.from_dict({f"w{k}": [f"s{k}"] for k in range(0, 50, 2)})
WORD_LAYERS = {
    "deletion": lambda rate, **kwargs: layers.RandomWordDeletion(rate, seed=1, **kwargs),
    "swap": lambda rate, **kwargs: layers.RandomWordSwap(rate, seed=1, **kwargs),
    "mask": lambda rate, **kwargs: layers.RandomWordMask(rate, seed=1, **kwargs),
    "replacement": lambda rate, **kwargs: layers.RandomSynonymReplacement(TABLE, rate, seed=1, **kwargs),
    "noise": lambda rate, **kwargs: layers.RandomCharNoise(rate, ["double"], seed=1, **kwargs),
    "case": lambda rate, **kwargs: layers.RandomCase(rate, seed=1, **kwargs),
    "EDA": lambda rate, **kwargs: layers.EDA(TABLE, rate, seed=1, **kwargs),
    "insertion": lambda rate, **kwargs: layers.RandomSynonymInsertion(TABLE, rate, seed=1, **kwargs),
    "punctuation": lambda rate, **kwargs: layers.RandomPunctuationInsertion(rate, seed=1, **kwargs),
}
each_layer = pytest.mark.parametrize("make", WORD_LAYERS.values(), ids=WORD_LAYERS)


def words(t):
    return [text.decode().split() for text in np.ravel(t.numpy())]


@pytest.mark.parametrize(
    ("name", "could", "chance"),
    # a swap moves both of its words; half of the words have synonyms; two of three cases differ from lower case
    [("swap", 50, 1.0), ("mask", 50, 1.0), ("replacement", 25, 1.0), ("noise", 50, 1.0), ("case", 50, 2 / 3)],
)
def test_each_word_is_changed_at_the_rate(name, could, chance):
    texts = words(WORD_LAYERS[name](0.2)([FIFTY] * 80))
    changed = np.mean([[new != old for new, old in zip(text, FIFTY.split(), strict=True)] for text in texts])
    expected = 0.2 * chance * could / 50
    assert abs(changed - expected) < 4 * np.sqrt(2 * expected / 4000)  # pairs change together


def test_a_rate_can_be_drawn_for_each_text_and_set_later():
    layer = layers.RandomWordMask((0.0, 0.8), seed=1)
    share = np.array([np.mean([word == "[MASK]" for word in text]) for text in words(layer([FIFTY] * 100))])
    assert share.min() < 0.1 and share.max() > 0.6 and 0.3 < share.mean() < 0.5
    traced = tf.function(lambda x: layer(x, training=True))
    layer.rate = (1.0, 1.0)
    assert traced(tf.constant(["a b"])).numpy().tolist() == [b"[MASK] [MASK]"]
    layer.rate = (0.0, 0.0)
    assert traced(tf.constant([FIFTY])).numpy().tolist() == [FIFTY.encode()]


@each_layer
def test_protected_words_are_never_touched(make):
    text = "Keep, w0 (keep) w2 w4 keep w6 w8"
    for protected in (["keep", "Keep"], r"(?i)\W*keep\W*"):
        for changed in words(make(0.9, protected=protected)([text] * 20)):
            assert [word for word in changed if "eep" in word.lower()] == ["Keep,", "(keep)", "keep"]


@each_layer
def test_a_text_of_characters(make):
    text = "今 日は天気がいい"
    for changed in make(0.9, split="characters")([text] * 5).numpy():
        assert set(changed.decode()) <= {*text, *"[MASK]", *".;?:!,"} and changed.split()  # whole characters


@each_layer
def test_nothing_but_what_must_change_does(make):
    odd = [b"", b" \n ", b"\xff\xfe w0 w2", b"  w0\tw2\n", b"caf\xe9"]
    always_one = make in (WORD_LAYERS["EDA"], WORD_LAYERS["punctuation"])  # at least one word
    assert make(0.0, protected=r"\C*" if always_one else None)(odd).numpy().tolist() == odd
    assert make(1.0)(odd).numpy().tolist()[:3] == odd[:3]


def test_the_order_of_words_stays_in_a_crop():
    for crop in words(layers.RandomSpanCrop((0.2, 0.4), seed=1)([FIFTY] * 40)):
        numbers = [int(word[1:]) for word in crop]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and 10 <= len(numbers) <= 20


def aeda(text, rng):
    """The authors' algorithm."""
    words = text.split()
    places = rng.sample(range(len(words)), rng.randint(1, int(0.3 * len(words) + 1)))
    return " ".join(f"{rng.choice('.;?:!,')} {word}" if k in places else word for k, word in enumerate(words))


def test_punctuation_as_in_the_paper():
    ours = words(layers.RandomPunctuationInsertion(seed=1)([FIFTY] * 200))
    rng = random.Random(0)
    theirs = [aeda(FIFTY, rng).split() for _ in range(200)]
    number = [np.array([len(text) - 50 for text in texts]) for texts in (ours, theirs)]
    for text in ours:
        assert [word for word in text if word not in ".;?:!,"] == FIFTY.split()
    assert [each.min() for each in number] == [1, 1] and [each.max() for each in number] == [16, 16]
    assert abs(number[0].mean() - number[1].mean()) < 1.0


def operation(text):
    """Which of the four operations of EDA has made this of FIFTY, and how many words it has changed."""
    own = FIFTY.split()
    if len(text) < 50:
        return "deletion", 50 - len(text)
    if len(text) > 50:
        return "insertion", len(text) - 50
    different = sum(new != old for new, old in zip(text, own, strict=True))
    return ("swap", different) if sorted(text) == sorted(own) else ("replacement", different)


def test_eda_does_what_the_paper_does():
    found = [operation(text) for text in words(layers.EDA(TABLE, 0.1, seed=1)([FIFTY] * 400))]
    counts = {name: [number for kind, number in found if kind == name] for name in dict(found)}
    assert all(70 <= len(numbers) <= 130 for numbers in counts.values()) and len(counts) == 4
    assert set(counts["replacement"]) == {5} and set(counts["insertion"]) == {5}
    assert set(counts["swap"]) == {10}  # five pairs
    assert 4 < np.mean(counts["deletion"]) < 6  # each word with a chance of 0.1
    one = words(layers.EDA(TABLE, 0.01, seed=1)(["w0 w1"] * 40))
    assert {tuple(text) for text in one} == {
        *[("s0", "w1"), ("s0", "w0", "w1"), ("w0", "s0", "w1"), ("w1", "w0"), ("w0", "w1")]
    }
    assert [layers.EDA.recommended_rate(n) for n in (500, 2000, 5000)] == [0.05, 0.05, 0.1]


def test_sentences_are_shuffled_whole():
    text = "One is. Two?  Three!\nFour"
    results = {result.decode() for result in layers.RandomSentenceShuffle(seed=1)([text] * 100).numpy()}
    assert len(results) == 24
    for result in results:
        assert sorted(re.split(r"\s+(?=[OTF])", result)) == ["Four", "One is.", "Three!", "Two?"]
        assert re.findall(r"\s+(?=[OTF])", result) == [" ", "  ", "\n"]


def test_splice_takes_sentences_of_the_same_label():
    texts = np.array([f"{c}{k} one. {c}{k} two. {c}{k} three." for k in range(8) for c in "ab"])
    labels = np.array([0, 1] * 8)
    spliced, same = layers.ParagraphSplice(seed=1)(texts, labels, training=True)
    np.testing.assert_array_equal(same, labels)
    for text, result in zip(texts, spliced.numpy(), strict=True):
        sources = re.findall(r"([ab]\d) (\w+)\.", result.decode())
        assert {source[0][0] for source in sources} == {text[0]}
        assert sources[0] == (text[:2], "one") and sources[-1][1] == "three" and len({s for s, _ in sources}) == 2
    with pytest.raises(ValueError, match="ParagraphSplice: `labels` must be given"):
        layers.ParagraphSplice()(texts, training=True)
    alone, _ = layers.ParagraphSplice()(texts[:2], labels[:2], training=True)
    np.testing.assert_array_equal(alone, texts[:2].astype("S"))


def test_a_text_of_white_space_is_not_spliced():
    texts = ["", " ", "\n\t", "One. Two."]
    spliced = layers.ParagraphSplice(same_label=False, seed=1)(np.repeat(texts, 5)).numpy().reshape(4, 5)
    assert spliced[:3].tolist() == [[text.encode()] * 5 for text in texts[:3]]


def test_a_million_words():
    """Beside many short texts, which a rectangle of numbers as wide as the longest text would make far too large."""
    text = "word " * 1_000_000
    result = layers.RandomWordDeletion(0.5, seed=1)([text, *["a b"] * 5000])
    assert abs(len(result[0].numpy()) / 5 - 500_000) < 2500
    assert set(result[1:].numpy()) == {b"a b", b"a", b"b"}


@pytest.mark.parametrize("wrong", [tf.ragged.constant([["a"], ["b", "c"]]), [["a"], ["b", "c"]]])
def test_texts_that_are_no_strings(wrong):
    message = r"RandomCase: `inputs` must be .* give one string for each text, its words joined by `tf.strings"
    with pytest.raises(TypeError, match=message):
        layers.RandomCase()(wrong)


class Vectors:
    """What gensim's `KeyedVectors` has."""

    index_to_key = ("car", "auto", "tree", "wagon")
    vectors = np.array([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [1.0, 0.5]])


def test_tables_from_vectors_and_embeddings():
    table = layers.SynonymTable.from_keyed_vectors(Vectors, top_n=2, min_similarity=0.5)
    assert {word: table[word] for word in table} == {
        "car": ["auto", "wagon"],
        "auto": ["car", "wagon"],
        "wagon": ["auto", "car"],
    }
    assert list(layers.SynonymTable.from_keyed_vectors(Vectors, 1, words=["car"])) == ["car"]
    embedding = keras.layers.Embedding(6, 2)
    embedding.build(None)
    embedding.set_weights([np.concatenate([[[9.0, 9.0], [8.0, 8.0]], Vectors.vectors])])
    from_embedding = layers.SynonymTable.from_embedding(embedding, ["", "[UNK]", *Vectors.index_to_key], 2, 0.5)
    assert from_embedding == table
    with pytest.raises(ValueError, match="SynonymTable: `vocabulary` must have at most 6 words"):
        layers.SynonymTable.from_embedding(embedding, ["a"] * 7)
    with pytest.raises(ValueError, match="SynonymTable: `min_similarity` must be reached by a pair of words"):
        layers.SynonymTable.from_keyed_vectors(Vectors, min_similarity=1.0)


def test_words_of_a_table_that_no_text_has():
    with pytest.warns(UserWarning, match="1 of its words, such as 'hot dog', have white space in them"):
        layers.SynonymTable({"dog": ["hot dog"], "hot dog": ["sausage"]})
    with pytest.raises(TypeError, match=r"`table` must be a SynonymTable; write SynonymTable\(table\)"):
        layers.RandomSynonymReplacement({"dog": ["hound"]})


def test_wrong_tables():
    for entries, kind in (
        ({}, ValueError),
        ({"a": []}, ValueError),
        ({"a": [""]}, ValueError),
        ({"": ["a"]}, ValueError),
    ):
        with pytest.raises(kind, match="SynonymTable: `entries` must"):
            layers.SynonymTable.from_dict(entries)
    for entries in (["a"], {"a": "b"}, {1: ["b"]}, {"a": [1]}):
        with pytest.raises(TypeError, match="SynonymTable: `entries` must be"):
            layers.SynonymTable.from_dict(entries)
    for make in (layers.RandomSynonymReplacement, layers.RandomSynonymInsertion, layers.EDA):
        with pytest.raises(TypeError, match=f"{make.__name__}: `table` must be a SynonymTable"):
            make({"a": ["b"]})
    with pytest.raises(FileNotFoundError):
        layers.SynonymTable.from_wordnet("no such folder")


def test_wrong_arguments():
    for arguments, kind, message in (
        ({"split": "("}, ValueError, "`split` must be a regular expression"),
        ({"split": " *"}, ValueError, "`split` must not match the empty string"),
        ({"split": 1}, TypeError, "`split` must be a string"),
        ({"protected": 1}, TypeError, "`protected` must be a list of words"),
        ({"protected": "("}, ValueError, "`protected` must be a regular expression"),
        ({"rate": 1.5}, ValueError, "`rate` must be"),
    ):
        with pytest.raises(kind, match=f"RandomWordDeletion: {message}"):
            layers.RandomWordDeletion(**arguments)
    for make, message in (
        (lambda: layers.RandomCharNoise(kinds=["typo"]), "RandomCharNoise: `kinds` must be one of"),
        (lambda: layers.RandomPunctuationInsertion(marks=[]), "`marks` must hold at least one"),
        (lambda: layers.RandomPunctuationInsertion(marks=3), "`marks` must be a list of strings"),
        (lambda: layers.RandomClauseReorder(conjunctions="if"), "`conjunctions` must be a list"),
        (lambda: layers.RandomWordMask(mask=3), "`mask` must be a string"),
        (lambda: layers.RandomSpanCrop(keep=2), "`keep` must be"),
        (lambda: layers.EDA.recommended_rate(0), "EDA: `texts` must be an integer of at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


@pytest.mark.full
def test_a_table_is_in_the_file_of_its_layer(tmp_path):
    large = layers.SynonymTable({f"w{k}": [f"s{k}"] for k in range(100_000)})
    layer = layers.RandomSynonymReplacement(large, 1.0)
    model = keras.Sequential([keras.Input((), dtype="string"), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert loaded.table == large
    assert loaded(["w7 w99999 w"]).numpy() == [b"s7 s99999 w"]


@pytest.mark.full
def test_in_a_saved_model_called_from_plain_tensorflow(tmp_path):
    augment = layers.Pipeline([layers.EDA(example_table(), 0.3), layers.RandomCharNoise(0.5)], seed=1)
    archive = keras.export.ExportArchive()
    archive.track(augment)
    spec = [tf.TensorSpec([None], tf.string)]
    archive.add_endpoint("augment", tf.function(lambda texts: augment(texts, training=True), input_signature=spec))
    archive.write_out(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    first, second = (loaded.augment(tf.constant(["one good film so it goes"] * 9)).numpy() for _ in range(2))
    assert len({*first, *second}) > 9


SERVED = """
import json, sys
import tensorflow as tf
assert "keras_augsynth" not in sys.modules
served = tf.saved_model.load(sys.argv[1])
texts = tf.constant([[text] for text in json.loads(sys.argv[2])])
first = served.augment_seeded(texts, tf.constant(1)).numpy()
again = served.augment_seeded(texts, tf.constant(1)).numpy()
result = {
    "augmented": [text.decode() for text in first[:, 0]],
    "again": [text.decode() for text in again[:, 0]],
    "scores": served.serve(texts).numpy().tolist(),
    "package": "keras_augsynth" in sys.modules,
}
print(json.dumps(result))
"""


@pytest.mark.full
def test_a_model_with_a_large_table_is_served_by_plain_tensorflow(tmp_path):
    """100,000 words, in another process that does not know this package; a word that is not in the table stays."""
    count = 100_000
    table = layers.SynonymTable({f"w{k}": [f"s{k}", f"t{k}"] for k in range(count)})
    vectorize = keras.layers.TextVectorization(vocabulary=["w7", "w99999", "no"], output_mode="multi_hot")
    augment = layers.RandomSynonymReplacement(table, 1.0)
    model = keras.Sequential([keras.Input((1,), dtype="string"), augment, vectorize, keras.layers.Dense(2)])
    export_savedmodel(model, tmp_path / "served", endpoints=("serve", "augment"))
    texts = ["w7 no W99999!", "", *(f"w{k} w{count - 1 - k}" for k in range(0, count, 997))]
    command = [sys.executable, "-c", SERVED, str(tmp_path / "served"), json.dumps(texts)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    served = json.loads(run.stdout.splitlines()[-1])
    first, empty, *others = served["augmented"]
    assert re.fullmatch(r"[st]7 no [ST]99999!", first) and empty == ""
    for own, made in zip(texts[2:], others, strict=True):
        assert re.sub("[st]", "w", made) == own
    assert len({made[0] for made in others}) == 2  # both synonyms come up
    assert served["again"] == served["augmented"] and not served["package"]
    np.testing.assert_allclose(served["scores"], model(tf.constant(texts)[:, None]), atol=1e-6)
