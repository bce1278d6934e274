"""Reads the files of WordNet's database (wndb(5WN), cntlist(5WN)): which words share a sense, frequent senses first."""

import collections
import os
import pathlib
from collections.abc import Sequence

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")

_NUMBERS = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
_FUNCTION_WORDS = """
a about above after again against all am an and any are as at be because been before being below between both but by can
could did do does doing down during each few for from further had has have having he her here hers herself him himself
his how i if in into is it its itself just may me might more most must my myself no nor not now of off on once one only
or other our ours ourselves out over own same shall she should so some such than that the their theirs them themselves
then there these they this those through to too under until up us very was we were what when where which while who whom
why will with would you your yours yourself yourselves
"""


def read(
    folder: str | os.PathLike, top_n: int, parts_of_speech: Sequence[str], words: set[str]
) -> dict[str, list[str]]:
    """{word: [synonyms]}.

    Args:
        folder: with the files.
        top_n: the largest number of synonyms.
        parts_of_speech: of `PARTS_OF_SPEECH`.
        words: that get an entry; none: all that are a single word and no function word.
    """
    folder, function_words = pathlib.Path(folder), frozenset(_FUNCTION_WORDS.split())
    counts = _counts(folder / "cntlist.rev")
    senses: dict[str, list[tuple[int, int, list[str]]]] = collections.defaultdict(list)
    for part in parts_of_speech:
        members = _members(folder / f"data.{part}")
        for lemma, offsets in _index(folder / f"index.{part}"):
            if lemma in words if words else "_" not in lemma and lemma not in function_words:
                for number, offset in enumerate(offsets, 1):
                    senses[lemma].append((-counts[lemma, part, number], number, members[offset]))
    entries = {}
    for lemma, found in senses.items():
        in_order = sorted(found, key=lambda sense: sense[:2])
        others = dict.fromkeys(word for *_, synset in in_order for word in synset if word.lower() != lemma)
        if others:
            entries[lemma] = list(others)[:top_n]
    return entries


def _counts(path: pathlib.Path) -> collections.Counter:
    """How often each sense (word, part of speech, number) was met in WordNet's tagged texts."""
    counts: collections.Counter = collections.Counter()
    for line in path.read_text(encoding="latin-1").splitlines():
        key, number, count = line.split(" ")
        lemma, lexical = key.split("%")
        counts[lemma, _NUMBERS[lexical[0]], int(number)] += int(count)
    return counts


def _index(path: pathlib.Path) -> list[tuple[str, list[str]]]:
    """(word, the places of its senses in the data file), most frequent sense first."""
    entries = []
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith(" "):  # the licence
            fields = line.split()
            entries.append((fields[0], fields[-int(fields[2]) :]))
    return entries


def _members(path: pathlib.Path) -> dict[str, list[str]]:
    """The words of each sense."""
    senses = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith(" "):
            fields = line.split(" ")
            number = int(fields[3], 16)
            words = fields[4 : 4 + 2 * number : 2]
            senses[fields[0]] = [word.partition("(")[0].replace("_", " ") for word in words]  # "galore(ip)"
    return senses
