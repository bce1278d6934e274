"""Texts as words, held to Python's own `str.split`, `re.split` and lists."""

import re

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops.partners import of_the_same_class
from keras_augsynth.ops.text import bytes as text_bytes
from keras_augsynth.ops.text import characters, clauses, edits, hashes, runs, tables, wordnet, words

TEXTS = ["one two  three", "", "  spaced\tout\n", "päüß 日本\u3000語\u2028x", "a", " \n "]
BAD = [b"caf\xe9 a b", b"\xff\xfe a b", b"a\x00b c", b"\xe3\x81 x", b"x \xff"]


def of_each(found, flat):
    """What belongs to words as a list for each text."""
    return [row.tolist() for row in np.split(np.asarray(flat), np.asarray(found.firsts)[1:])]


def strings(found):
    """The words of each text."""
    every = found.strings(tf.range(tf.size(found.rows)))
    return [[word.decode(errors="surrogateescape") for word in row] for row in of_each(found, every)]


def rewritten(found):
    """The texts with each word in place of itself."""
    every = tf.range(tf.size(found.rows))
    return found.edited(found.replaced(every, found.strings(every)))


def decoded(t):
    return [text.decode() for text in t.numpy()]


def test_words_are_those_of_python():
    found = words.split(tf.constant(TEXTS))
    assert [[word for word in row if word] for row in strings(found)] == [text.split() for text in TEXTS]
    assert of_each(found, found.free) == [[bool(word) for word in row] for row in strings(found)]
    assert decoded(rewritten(found)) == TEXTS


def test_white_space_is_that_of_python():
    """Every character that Python takes for white space, and its neighbours: by bytes where they are ASCII, or not."""
    spaces = [chr(code) for code in range(0x3100) if chr(code).isspace()]
    assert len(spaces) == 29
    texts = [f"a{chr(ord(space) + step)}b" for space in spaces for step in (-1, 0, 1) if ord(space) + step]
    for some in ([text for text in texts if text.isascii()], texts, *([text] for text in texts)):
        found = words.split(tf.constant(some))
        assert strings(found) == [text.split() for text in some]


@pytest.mark.parametrize(
    ("texts", "by_bytes"),
    [
        (["a b", "", " c\t\n"], True),
        (["päüß 日本", "“x”"], True),
        (["a\u3000b"], False),
        (["a\x01 b"], False),
        ([b"a \xff"], False),
        ([b"caf\xe9 \xe2\x80"], True),
    ],
)
def test_texts_are_cut_by_their_bytes_where_that_is_right(texts, by_bytes):
    found = words.split(tf.constant(texts))
    assert found.by_bytes == by_bytes
    other = words.split(tf.constant([*texts, b"\xff"]))  # by the regular expression
    assert not other.by_bytes and strings(other)[: len(texts)] == strings(found)


def test_bytes_there_and_back():
    texts = tf.constant(["one", "", "zwei ö", "three"])
    data = text_bytes.of_texts(texts)
    assert bytes(data.numpy()) == b"\xffone\xff\xffzwei \xc3\xb6\xffthree\xff"
    assert text_bytes.texts(data[:-1], 4).numpy().tolist() == texts.numpy().tolist()
    assert text_bytes.parts(data, tf.constant([6, 1]), tf.constant([10, 3])).numpy().tolist() == [b"zwei", b"on"]
    for size in range(300):  # with all lengths in front of the bytes, which may have the byte of a mark
        assert text_bytes.texts(text_bytes.of_texts(tf.constant(["a" * size, "b"]))[:-1], 2)[0] == b"a" * size
    pieces = tf.constant([1, 0, 2]), text_bytes.row(tf.constant(["n", "O", ""])), tf.constant([1, 2, 2])
    new = text_bytes.edited(data, tf.constant([1, 3, 6]), tf.constant([2, 3, 10]), *pieces)
    assert text_bytes.texts(new[:-1], 4).numpy().tolist() == [b"Onne", b"", b" \xc3\xb6", b"three"]
    nothing = tf.zeros((0,), tf.string)
    assert text_bytes.texts(text_bytes.of_texts(nothing)[:-1], 0).shape == (0,)
    none = tf.zeros((0,), tf.int32)
    np.testing.assert_array_equal(text_bytes.edited(data, none, none, none, data[:0], none), data)


def test_characters_and_patterns():
    found = words.split(tf.constant(TEXTS), "characters")
    assert strings(found) == [list("".join(text.split())) for text in TEXTS]
    assert decoded(rewritten(found)) == TEXTS
    texts = ["a, b;c", ",x", "no"]
    found = words.split(tf.constant(texts), r"[,;]\s*")
    assert strings(found) == [re.split(r"[,;]\s*", text) for text in texts]
    assert decoded(rewritten(found)) == texts


@pytest.mark.parametrize("how", ["whitespace", "characters", " "])
def test_what_is_no_utf8_is_kept(how):
    found = words.split(tf.constant(BAD), how)
    assert rewritten(found).numpy().tolist() == BAD
    free = runs.where(found.free)
    masked = found.edited(found.replaced(free, tf.fill(free.shape, "*"))).numpy().tolist()
    assert masked[1] == BAD[1] and masked[4] == BAD[4]  # with the byte that no UTF-8 text has
    if how == "whitespace":
        assert masked[0] == b"* * *" and masked[2:4] == [b"* *", b"* *"]


def test_protected_words_are_not_free():
    texts = tf.constant(["Do not, (not) or nothing: not"])
    found = words.split(texts, protected=words.protection(["not", "or"]))
    assert of_each(found, found.free) == [[True, False, False, False, True, False]]
    found = words.split(texts, protected=words.protection("(?i)n.*"))
    assert of_each(found, found.free) == [[True, False, True, True, False, False]]
    assert words.protection([]) is None
    odd = words.split(tf.constant(["a+b c.d c?d"]), protected=words.protection(["a+b", "c.d"]))
    assert of_each(odd, odd.free) == [[False, False, True]]


LUCK = [0.9, 0.1, 0.5, 0.3, 0.7]


def one(text="a b  c d e", luck=LUCK):
    """One text of five words, and a number for each."""
    return words.split(tf.constant([text])), tf.constant(luck)


@pytest.mark.parametrize(
    ("stays", "left"),
    [
        ([1, 1, 1, 1, 1], " a b  c d e "),
        ([0, 1, 1, 1, 1], " b  c d e "),
        ([1, 0, 1, 1, 0], " a  c d "),
        ([0, 0, 1, 0, 0], " c "),
    ],
)
def test_a_word_goes_with_the_gap_before_it(stays, left):
    found = words.split(tf.constant([" a b  c d e "]))
    assert decoded(found.kept(tf.constant([True, *map(bool, stays), True]))) == [left]


def test_swaps_are_pairs():
    found, _ = one()
    swap = lambda *places: decoded(found.edited(edits.swapped(found, tf.constant(places), tf.range(len(places)))))
    assert swap(1, 3, 2, 4, 0) == ["a d  e b c"]  # b d | c e | a
    assert swap(0, 3, 4) == ["d b  c a e"]
    found = words.split(tf.constant(["a b", "c", "d e f"]))
    ranks, places = tf.constant([0, 1, 0, 0, 1, 2]), tf.constant([1, 0, 2, 5, 3, 4])
    assert decoded(found.edited(edits.swapped(found, places, ranks))) == ["b a", "c", "f e d"]


SYNONYMS = {"good": ["fine"], "I": ["me"], "öl": ["ärger x"], "b": ["beta", "bee"], "d": ["delta"]}
TABLE = tables.table(SYNONYMS | {"incomprehensible": ["odd"]})


def entries_of(found):
    return tables.looked_up(TABLE, found, tf.range(tf.size(found.starts)))


def test_synonyms_get_punctuation_and_capitals():
    long = ["incomprehensibility!", "Incomprehensible"]
    old = ["good", "Good,", '("GOOD")', "I", "i", "Öl!", "bad", "{b}", "...", "\xe9", "B", *long]
    expected = ["fine", "Fine,", '("FINE")', "me", "-", "Ärger x!", "-", "{bee}", "-", "-", "Bee", "-", "Odd"]
    found = words.split(tf.constant(["", *old]))
    entries = entries_of(found)
    new = decoded(tables.synonyms(TABLE, found, entries, tf.fill(entries.words.shape, 0.6)))
    by_word = dict(zip(entries.words.numpy(), new, strict=True))
    assert [by_word.get(k, "-") for k in range(len(old) + 1)] == ["-", *expected]
    assert decoded(tables.plain_synonyms(TABLE, entries, tf.fill(entries.words.shape, 0.0)))[1] == "fine"


def test_replacement_and_insertion():
    found, luck = one()
    entries = entries_of(found)
    assert decoded(found.edited(edits.replaced(found, TABLE, entries, tf.constant([0.1, 0.3])))) == [
        "a beta  c delta e"
    ]

    def insert(found, places):
        return decoded(found.edited(edits.inserted(found, TABLE, entries_of(found), luck[1:3], tf.constant(places))))

    assert insert(found, [0.5, 0.99]) == ["a b  beta c d delta e"]  # in front of c and e
    assert insert(found, [0.5, 0.5]) == ["a b  beta delta c d e"]
    found = words.split(tf.constant(["abcde"]), "characters")
    assert insert(found, [0.5, 0.99]) == ["abbetacddeltae"]


def test_edits_of_several_kinds():
    found = words.split(tf.constant(["a b", "c d e f"]))
    mixed = words.Edits.of(
        found.removed(tf.constant([3])),
        found.moved(tf.constant([5, 4]), tf.constant([4, 5])),
        found.replaced(tf.constant([0]), tf.constant(["x"])),
        found.inserted(tf.constant([1, 2]), tf.constant(["y", "z"])),
    )
    assert decoded(found.edited(mixed)) == ["x y b", "z c f e"]


@pytest.mark.parametrize(
    ("share", "start", "left"),
    [(0.4, 0.0, "a b"), (0.4, 0.99, "d e"), (0.0, 0.5, "c"), (1.0, 0.7, "a b  c d e"), (0.6, 0.5, "b  c d")],
)
def test_span(share, start, left):
    found, _ = one()
    assert decoded(found.edited(found.removed(edits.outside(found, tf.constant([share]), tf.constant([start]))))) == [
        left
    ]


def test_words_are_looked_up_by_all_of_their_bytes():
    """Each is at some place of the eight bytes that are read at once, and differs from others in one byte alone."""
    long = "abcdefghijklmnopqrstuvwxyz"
    near = [long[:size] for size in range(1, 27)] + [long[:k] + "!" + long[k + 1 :] for k in range(26)]
    strings = tf.constant([before + word for before in ("", " ", "    ") for word in [*near, "ö", "a\0", "a\0\0"]])
    data, stops = text_bytes.row(strings), tf.cumsum(tf.strings.length(strings))
    starts, cells = stops - tf.strings.length(strings), hashes.by_eight(data)
    own = hashes.hashed(cells, starts, stops).numpy()
    assert len(set(own.tolist())) == len(own)
    moved = tf.concat([data[:5], data], 0)
    np.testing.assert_array_equal(hashes.hashed(hashes.by_eight(moved), starts + 5, stops + 5), own)
    small = hashes.are_small_letters(cells, starts, stops).numpy()
    assert small.tolist() == [re.fullmatch("[a-z]{1,8}", word.decode()) is not None for word in strings.numpy()]
    every = tf.constant([bytes([k, 97 + k % 26]) for k in range(256)])
    ends = 2 * tf.range(1, 257)
    small = hashes.are_small_letters(hashes.by_eight(text_bytes.row(every)), ends - 2, ends).numpy()
    assert np.flatnonzero(small).tolist() == list(range(ord("a"), ord("z") + 1))


def test_a_large_table_finds_every_word_and_no_other():
    entries = {f"word{k}": [f"other{k}"] for k in range(100_000)}
    table = tables.table(entries)
    value, found = tables.drawn(table, tf.constant([*entries, "word", "word100000"]), tf.zeros(100_002))
    assert found.numpy().tolist() == [True] * 100_000 + [False] * 2
    assert value.numpy()[:100_000].tolist() == [f"other{k}".encode() for k in range(100_000)]


def test_keyboard():
    assert set(characters.KEYBOARD["g"]) == set("fhtyvb")
    assert set(characters.KEYBOARD["q"]) == set("12wa")
    assert all(key in characters.KEYBOARD[other] for key, others in characters.KEYBOARD.items() for other in others)
    assert "l" in characters.LOOK_ALIKES["1"] and "0" in characters.LOOK_ALIKES["O"]


def noisy(word, kind, place, value=0.0):
    luck = (place + 0.5) / max(len(word), 1)
    one = lambda x: tf.constant([x])
    return decoded(characters.noisy(one(word), [kind], one(0), one(luck), one(value), characters.tables()))[0]


@pytest.mark.parametrize("word", ["größe", "ab", "日本語"])
def test_errors_in_words(word):
    for k in range(len(word)):
        assert noisy(word, "drop", k) == word[:k] + word[k + 1 :]
        assert noisy(word, "double", k) == word[:k] + word[k] + word[k:]
        assert noisy(word, "swap", k) == word[:k] + word[k + 1 : k + 2] + word[k] + word[k + 2 :]
    assert noisy("Gx", "keyboard", 0, 0.999) == characters.KEYBOARD["g"][-1].upper() + "x"
    assert noisy("a1", "ocr", 1) == "a" + characters.LOOK_ALIKES["1"][0]
    assert noisy("aß", "keyboard", 1) == "aß" and noisy("x", "drop", 0) == "x"
    bad = characters.noisy(tf.constant([b"\xe9"]), ["drop"], *(tf.constant([x]) for x in (0, 0.0, 0.0)), None)
    assert bad.numpy() == [b"\xe9"]


def test_case():
    texts = ["größe", "ÉTÉ", "a", "x1"]
    for kind, change in enumerate((str.lower, str.upper, str.capitalize)):
        assert decoded(characters.cased(tf.constant(texts), tf.fill([4], kind))) == [change(text) for text in texts]
    assert characters.cased(tf.constant(BAD), tf.fill([5], 1)).numpy().tolist() == BAD


def test_clauses():
    there_and_back = {
        "We stay, because it rains.": "Because it rains, we stay.",
        "John left, when Mary came!": "When Mary came, John left!",
        "Er blieb, weil es regnet": "Er blieb, weil es regnet",
        "One, two, if three.": "One, two, if three.",
        "It is, because.": "It is, because.",
    }
    found = decoded(clauses.reordered(tf.constant(list(there_and_back)), clauses.CONJUNCTIONS))
    assert found == list(there_and_back.values())
    back = decoded(clauses.reordered(tf.constant(["Because it rains, we stay.", "if a, b"]), clauses.CONJUNCTIONS))
    assert back == ["We stay, because it rains.", "B, if a"]


def test_sentences():
    texts = ['He said "no!" Then he left. 3.5 is it…  Yes?', "今日は。元気？", "no end", "..."]
    found = words.sentences(tf.constant(texts))
    assert [[each for each in row if each] for row in strings(found)] == [
        ['He said "no!"', "Then he left.", "3.5 is it…", "Yes?"],
        ["今日は。", "元気？"],
        ["no end"],
        ["..."],
    ]
    assert decoded(rewritten(found)) == texts


@pytest.mark.parametrize("form", [np.asarray, lambda y: np.eye(4)[y], lambda y: y[:, None].astype("float32")])
def test_partners_have_the_same_label(form):
    labels = np.array([0, 1, 0, 2, 1, 0, 3, 0])
    seen = {k: set() for k in range(8)}
    for luck in np.linspace(0, 0.999, 7, dtype="float32"):
        partners = of_the_same_class(tf.constant(form(labels)), tf.fill([8], luck)).numpy()
        np.testing.assert_array_equal(labels[partners], labels)
        for own, partner in enumerate(partners):
            seen[own].add(int(partner))
    assert seen[3] == {3} and seen[6] == {6}  # alone in their classes
    assert seen[0] == {2, 5, 7} and seen[1] == {4} and seen[5] == {0, 2, 7}


def test_wordnet(tmp_path):
    files = {
        "cntlist.rev": "car%1:06:00:: 1 71\nfast%3:00:01:: 1 5\nfast%4:02:00:: 1 9\n",
        "index.noun": "  1 licence\ncar n 2 1 @ 2 1 00000010 00000020\nhot_dog n 1 0 1 0 00000010\n"
        "in n 1 0 1 0 00000010\n",
        "data.noun": "  1 licence\n00000010 06 n 02 car 0 auto 1 000 | four wheels\n"
        "00000020 06 n 03 car 0 railway_car 0 Wagon 0 000 | on rails\n",
        "index.verb": "",
        "data.verb": "",
        "index.adj": "fast a 1 0 1 1 00000030\n",
        "data.adj": "00000030 00 s 02 fast 0 flying(a) 0 000 | quick\n",
        "index.adv": "fast r 1 0 1 1 00000040\n",
        "data.adv": "00000040 02 r 02 fast 0 tight 0 000 | firmly\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    read = wordnet.read(tmp_path, 5, wordnet.PARTS_OF_SPEECH, set())
    assert read == {"car": ["auto", "railway car", "Wagon"], "fast": ["tight", "flying"]}  # frequent senses first
    assert wordnet.read(tmp_path, 1, ["adj"], {"fast"}) == {"fast": ["flying"]}
