"""Every layer draws what it drew before: what a seed, an epoch and an id give is a promise to those who keep them.

`golden_draws.json` was written when all draws were equal, bit by bit, to those of the package before its layers served
more than one kind of data. It holds numbers and no hashes, since another processor may round the last digit otherwise.
Layers that came later are stored as they were when all kinds of data had come together; of layers for texts, whose
draws are made word by word, what comes out. Whoever changes draws on purpose writes the layer's entry anew, and names
it in the changelog with the reason; whoever adds a layer writes its first one:

    python tests/core/test_golden_draws.py RandomRotation

Exceptions up to now: the layers that change words of texts, whose draws come from another generator since it takes a
fifth of the time. (`RandomCrop` and `RandomResizedCrop` draw their numbers as before; that they have a chance
`p`, too, is new.)
"""

import json
import pathlib
import sys

import keras
import numpy as np
import pytest

from keras_augsynth import layers
from keras_augsynth.core import registry

FILE = pathlib.Path(__file__).with_name("golden_draws.json")
GOLDEN = json.loads(FILE.read_text())
IDS = np.array([0, 1, 2, 17, 2**40 + 3])
SHAPES = {
    "image": (20, 16, 3),
    "volume": (6, 5, 4, 1),
    "audio": (50,),
    "spectrogram": (20, 8),
    "tokens": (15,),
    "tabular": (4,),
}
WORDS = ["one two three four five six seven"] * 5
SENTENCES = [f"One {k} is, because it goes. Two {k} goes on, if so. Three {k} is, while it is." for k in range(5)]
OF_SENTENCES = ("ParagraphSplice", "RandomClauseReorder", "RandomSentenceShuffle")


def drawn(name):
    """By place in the record: dtype and shape, the first and the last number, and their sum; texts as they come out."""
    cls = getattr(layers, name)
    chance = 1.0 if cls.active_in_inference else 0.5
    layer = cls(**{"seed": 3, **cls.at_strength(0.5), "p": chance})
    kind = cls.modalities[0].name
    if kind == "text":
        texts = np.array(SENTENCES if name in OF_SENTENCES else WORDS)
        data = {"texts": texts, "labels": np.zeros(5, int), "sample_ids": IDS, "epoch": 5}
        return {"result": [text.decode() for text in layer(data, training=True)["texts"].numpy()]}
    found, seen = {}, set()
    for number, entry in enumerate(layer.draw_params(IDS, epoch=5, shape=SHAPES[kind]).values()):
        for path, leaf in keras.tree.flatten_with_path(entry):
            leaf = np.asarray(leaf)
            if leaf.tobytes() not in seen:  # the steps of a policy share their draws
                place = "/".join(map(str, (number, *path)))
                found[place] = [leaf.dtype.name, list(leaf.shape), *summary(leaf)]
            seen.add(leaf.tobytes())
    return found


def summary(numbers):
    flat = numbers.reshape(-1).astype("float64")
    return [float(f"{number:.7g}") for number in (flat[0], flat[-1], flat.sum(), np.abs(flat).sum())]


def test_every_layer_is_stored():
    assert {cls.__name__ for cls in registry.layers()} <= GOLDEN.keys()
    assert all(set(entry["result"]) - {*WORDS, *SENTENCES} for entry in GOLDEN.values() if "result" in entry)


@pytest.mark.parametrize("name", GOLDEN)
def test_draws_are_those_of_before(name):
    found = drawn(name)
    assert found.keys() == GOLDEN[name].keys()
    for place, (*kind, first, last, total, size) in GOLDEN[name].items() if "result" not in found else ():
        assert found[place][:2] == kind
        np.testing.assert_allclose(found[place][2:], [first, last, total, size], rtol=1e-5, atol=1e-6 * size)
    if "result" in found:
        assert found == GOLDEN[name]


if __name__ == "__main__":
    GOLDEN |= {name: drawn(name) for name in sys.argv[1:]}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(GOLDEN[name])}" for name in sorted(GOLDEN))
    FILE.write_text("{\n" + lines + "\n}\n")
