"""The layers that change token ids: exact results for given numbers, rates, padding, lengths and special ids."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import layers
from keras_augsynth.ops import alias, tokens, vectors

X = np.array([[1, 5, 6, 7, 8, 9, 2, 0, 0], [0, 0, 0, 1, 5, 6, 7, 8, 2], [0] * 9, [1, 2] + [0] * 7, [*range(11, 20)]])
LAYERS = {
    "deletion": lambda **kwargs: layers.RandomTokenDeletion(0.9, **kwargs),
    "swap": lambda **kwargs: layers.RandomTokenSwap(0.9, **kwargs),
    "mask": lambda **kwargs: layers.RandomTokenMask(0.9, mask_id=3, vocabulary_size=30, **kwargs),
    "replacement": lambda **kwargs: layers.RandomTokenReplacement(0.9, 30, **kwargs),
    "crop": lambda **kwargs: layers.RandomTokenSpanCrop((0.0, 0.5), **kwargs),
    "cut mix": lambda **kwargs: layers.TokenCutMix(**kwargs),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_padding_and_special_ids_are_never_touched(make):
    result = make(special_ids=[1, 2], seed=1)(np.repeat(X, 8, 0)).numpy().reshape(5, 8, 9)
    for own, changed in zip(X, result, strict=True):
        for row in changed:
            assert [each for each in row if each in (1, 2)] == [each for each in own if each in (1, 2)]
    assert result.dtype == np.int64 and np.any(result[0] != X[0])
    np.testing.assert_array_equal(result[2:4], X[2:4, None].repeat(8, 1))
    assert np.all(result[1, :, :3] == 0) and np.all(result[1, :, 8] == 2)  # padding stays in front
    assert np.all(result[0, :, 7:] == 0)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_lengths_instead_of_padding(make):
    lengths = np.array([3, 9, 0, 2, 8], "int32")
    result = make(seed=1)({"tokens": X, "lengths": lengths}, training=True)
    assert result["lengths"].dtype == tf.int32
    for own, changed, length, left in zip(X, result["tokens"].numpy(), lengths, result["lengths"].numpy(), strict=True):
        if left == length:
            np.testing.assert_array_equal(changed[length:], own[length:])
        else:
            assert 0 < left < length and np.all(changed[left:] == 0)
    shorter = result["lengths"].numpy() < lengths
    assert shorter.any() == (make in (LAYERS["deletion"], LAYERS["crop"]))


def test_deletion_moves_the_others_up():
    x, stays = np.array([[4, 5, 6, 0], [0, 4, 5, 6]]), np.array([[1, 0, 1, 1], [1, 1, 0, 1]], bool)
    for dtype in ("int32", "int64", "uint8"):
        moved, left = tokens.kept(tf.constant(x.astype(dtype)), x != 0, stays, 9)
        assert moved.numpy().tolist() == [[4, 6, 9, 9], [9, 9, 4, 6]] and left.numpy().tolist() == [2, 2]
        assert moved.dtype == dtype
    luck = tf.constant([[0.3, 0.2, 0.1, 0.9]])
    free = tf.constant([[True, True, True, False]])
    assert tokens.without(free, luck, tf.constant([1.0])).numpy().tolist() == [[True, False, False, True]]
    assert tokens.without(free, luck, tf.constant([0.15])).numpy().tolist() == [[True, True, False, True]]


def test_swaps_are_pairs_of_the_random_order():
    x, free = tf.constant([[10, 11, 12, 13, 14]]), tf.constant([[True, True, False, True, True]])
    luck = tf.constant([[0.9, 0.1, 0.0, 0.3, 0.5]])  # 11 and 13, 14 and 10
    for pair_luck, rate, expected in (
        ([0.0] * 5, 0.5, [14, 13, 12, 11, 10]),
        ([0.9, 0.0, 0.0, 0.9, 0.9], 0.5, [14, 11, 12, 13, 10]),
        ([0.0] * 5, 0.0, [10, 11, 12, 13, 14]),
    ):
        swapped = tokens.swapped(x, free, luck, tf.constant([pair_luck]), tf.constant([rate]))
        assert swapped.numpy().tolist() == [expected]


@pytest.mark.parametrize(("share", "start", "first", "last"), [(0.5, 0.0, 1, 3), (0.5, 0.99, 4, 6), (0.0, 0.4, 3, 3)])
def test_span(share, start, first, last):
    free = np.arange(8)[None] % 7 > 0  # places 1 to 6
    stays = tokens.span(tf.constant(free), tf.constant([share]), tf.constant([start])).numpy()[0]
    assert np.flatnonzero(stays).tolist() == [0, *range(first, last + 1), 7]


def test_the_mask_of_bert():
    tokens = np.full((100, 400), 7)
    masked = layers.RandomTokenMask(0.5, mask_id=3, vocabulary_size=12, special_ids=[1, 2], seed=1)(tokens).numpy()
    counts = np.bincount(masked.ravel(), minlength=12) / 40000
    # of the half that is drawn, 80 % become 3, and 10 % one of 4 … 11, among which is 7
    expected = [0, 0, 0, 0.4, *[0.05 / 8] * 3, 0.55 + 0.05 / 8, *[0.05 / 8] * 4]
    np.testing.assert_allclose(counts, expected, atol=0.01)
    assert counts[:3].sum() == 0
    plain = layers.RandomTokenMask(0.5, mask_id=3, seed=1)(tokens).numpy()
    assert set(np.unique(plain)) == {3, 7} and abs((plain == 3).mean() - 0.5) < 0.01


def test_ids_are_drawn_in_proportion_to_counts():
    counts = [50, 10, 0, 30, 60]
    drawn = layers.RandomTokenReplacement(1.0, counts=counts, padding_id=0, seed=1)(np.full((50, 200), 2)).numpy()
    found = np.bincount(drawn.ravel(), minlength=5)
    assert found[0] == found[2] == 0
    assert stats.chisquare(found[[1, 3, 4]], np.array([10, 30, 60]) / 100 * 10000).pvalue > 0.001
    kept, instead = alias.alias(np.array([1.0, 0.0, 3.0]))
    grid = (np.arange(300) + 0.5) / 300
    places = alias.drawn(kept, instead, *(tf.constant(t.ravel(), tf.float32) for t in np.meshgrid(grid, grid)))
    np.testing.assert_allclose(np.bincount(places, minlength=3) / 90000, [0.25, 0.0, 0.75], atol=0.003)


def test_neighbors_of_an_embedding():
    rows = np.array([[9.0, 9.0], [1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    embedding = keras.layers.Embedding(5, 2)
    embedding.build(None)
    embedding.set_weights([rows])
    layer = layers.RandomTokenReplacement.from_embedding(embedding, 1.0, top_n=1)
    assert layer(np.array([[1, 2, 3, 4, 0, 7]])).numpy().tolist() == [[2, 1, 4, 3, 0, 7]]  # 7 has no row
    cosines = rows @ rows.T / np.outer(*[np.linalg.norm(rows, axis=1)] * 2)
    places, found = vectors.nearest(rows, 4)
    np.testing.assert_allclose(found, -np.sort(-(cosines - 9 * np.eye(5)))[:, :4], rtol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(cosines, places, 1), found, rtol=1e-6)
    two = layers.RandomTokenReplacement(1.0, neighbors=[[-1, -1], [2, 3], [-1, 1], [0, -1]], seed=1)
    result = two(np.array([[1, 2, 3] * 50])).numpy().reshape(50, 3)
    assert [set(column) for column in result.T] == [{2, 3}, {1}, {3}]  # the only neighbour of 3 is padding


def test_labels_are_mixed_by_the_tokens():
    x = np.where(np.arange(8) < np.array([[8], [5], [6], [8]]), np.array([[10], [20], [30], [40]]), 0)
    mixed, labels = layers.TokenCutMix(num_classes=5, seed=1)(
        np.repeat(x, 9, 0), np.repeat([1, 2, 3, 4], 9), training=True
    )
    for own, row, shares in zip(np.repeat(x, 9, 0), mixed.numpy(), labels.numpy(), strict=True):
        np.testing.assert_array_equal(row == 0, own == 0)
        np.testing.assert_allclose(shares, np.bincount(row[own > 0] // 10, minlength=5) / np.sum(own > 0), atol=1e-6)
        inside = np.flatnonzero(row != own)
        assert len(inside) == 0 or np.ptp(inside) + 1 == len(inside)  # one run
    assert len(np.unique(labels)) > 5


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_ids_of_64_bits_stay_whole(make):
    """Keras's operations take uint64 for uint32."""
    large = np.where(X, X * 2**40 + 100, 0).astype("uint64")
    result = make(special_ids=[2**40 + 100], seed=1)(large)
    assert result.dtype == tf.uint64
    assert {2**40 + 100} <= {*result.numpy().ravel().tolist()} <= {*large.ravel().tolist(), *range(30)}
    neighbors = layers.RandomTokenReplacement(1.0, neighbors=[[1], [2], [1]])
    np.testing.assert_array_equal(neighbors(np.array([[1, 2, 2**32 + 1]])), [[2, 1, 2**32 + 1]])


def test_ids_that_the_tokens_cannot_hold_are_refused():
    """300 would be 44 in uint8."""
    small = X.astype("uint8")
    for name, make in (
        ("mask_id", lambda: layers.RandomTokenMask(mask_id=300)),
        ("vocabulary_size", lambda: layers.RandomTokenMask(vocabulary_size=257)),
        ("vocabulary_size", lambda: layers.RandomTokenReplacement(vocabulary_size=257)),
        ("counts", lambda: layers.RandomTokenReplacement(counts=[1.0] * 257)),
        ("neighbors", lambda: layers.RandomTokenReplacement(neighbors=[[-1], [256]])),
        ("padding_id", lambda: layers.RandomTokenSwap(padding_id=-1)),
        ("special_ids", lambda: layers.RandomTokenDeletion(special_ids=[300])),
        ("special_ids", lambda: layers.TokenCutMix(special_ids=[300], num_classes=2)),
    ):
        given = {"tokens": small, "labels": [0, 1, 0, 1, 0]}
        with pytest.raises(ValueError, match=f"`{name}` must have ids that tokens of uint8 can hold, from 0 to 255"):
            make()(given, training=True)
        make()({**given, "tokens": small.astype("int16")}, training=True)
    layers.RandomTokenReplacement(vocabulary_size=256)(small)


def test_wrong_arguments():
    for make, kind, message in (
        (lambda: layers.RandomTokenDeletion(2.0), ValueError, "RandomTokenDeletion: `rate` must be"),
        (lambda: layers.RandomTokenSwap(padding_id=0.5), TypeError, "RandomTokenSwap: `padding_id` must be an integer"),
        (lambda: layers.RandomTokenSwap(special_ids=3), TypeError, "`special_ids` must be a list of integers"),
        (lambda: layers.RandomTokenMask(mask_id="m"), TypeError, "RandomTokenMask: `mask_id` must be an integer"),
        (lambda: layers.RandomTokenMask(vocabulary_size=1), ValueError, "`vocabulary_size` must leave an id to draw"),
        (lambda: layers.RandomTokenReplacement(), ValueError, "`vocabulary_size` must be given, or `counts`, or"),
        (lambda: layers.RandomTokenReplacement(counts=[1], neighbors=[[1]]), ValueError, "one of them"),
        (lambda: layers.RandomTokenReplacement(counts=[1, 0]), ValueError, "`counts` must leave an id to draw"),
        (lambda: layers.RandomTokenReplacement(neighbors=[1]), ValueError, "`neighbors` must be integers"),
        (lambda: layers.TokenCutMix(0.0), ValueError, "TokenCutMix: `alpha` must be"),
    ):
        with pytest.raises(kind, match=message):
            make()
    with pytest.raises(TypeError, match="RandomTokenSwap: `tokens` must be integers"):
        layers.RandomTokenSwap()(np.zeros((2, 3), "float32"))


BY_ONE = np.where(np.arange(12) < [[5], [12], [7], [3]], 5 + np.arange(48).reshape(4, 12), 1)  # padded by 1
BERT = np.concatenate([np.full((9, 1), 101), 5 + np.arange(45).reshape(9, 5), np.full((9, 1), 102)], axis=1)
AS_CLS = "all samples begin with the same id, which stands nowhere else, as [CLS] does. If it is such an id, give it,"
NOT_TOLD = {
    "behind": (
        layers.RandomTokenDeletion,
        BY_ONE,
        "`padding_id` is 0, but most samples end with another id many times",
    ),
    "in front": (lambda: layers.RandomTokenSwap(padding_id=2), BY_ONE[:, ::-1], "is 2, but most samples begin with"),
    "of a part": (
        lambda: layers.Pipeline([layers.RandomTokenMask()]),
        BY_ONE.astype("uint8"),
        "Pipeline: `padding_id` of RandomTokenMask is 0, but most samples end with another id many times. Write pad",
    ),
    "mixed": (lambda: layers.TokenCutMix(num_classes=2), {"tokens": BY_ONE, "labels": [0, 1] * 2}, "TokenCutMix: `pad"),
    "a mask beside": (
        layers.RandomTokenDeletion,
        {"tokens": BY_ONE - 1, "attention_mask": (BY_ONE > 1).astype(int)},
        '"attention_mask" stays as it is, but samples lose tokens. Make it of the result: tf.cast(tokens != 0,',
    ),
    "a special id": (layers.RandomTokenDeletion, BERT, f"`special_ids` does not have it: {AS_CLS}"),
    "a special id behind padding": (
        lambda: layers.RandomTokenSwap(special_ids=[102]),
        np.pad(BERT, [[0, 0], [2, 0]]),
        AS_CLS,
    ),
    "a special id and lengths": (layers.RandomTokenSwap, {"tokens": BERT, "lengths": [7, 6, 5] * 3}, AS_CLS),
    "a special id of mixed": (
        lambda: layers.TokenCutMix(num_classes=2),
        {"tokens": BERT, "labels": [0, 1, 1] * 3},
        f"TokenCutMix: `special_ids` does not have it: {AS_CLS}",
    ),
}
FITS = {
    "a special id": (lambda: layers.RandomTokenDeletion(special_ids=[101, 102]), BERT),
    "seven of them": (layers.RandomTokenDeletion, BERT[:7]),
    "one text": (layers.RandomTokenDeletion, np.repeat(BERT[:1], 9, axis=0)),
    "a word that comes again": (layers.RandomTokenDeletion, np.where(BERT == 26, 101, BERT)),
    "other beginnings": (layers.RandomTokenDeletion, np.where(np.arange(9)[:, None] == 4, BERT[:, ::-1], BERT)),
    "told": (lambda: layers.RandomTokenSwap(padding_id=1), BY_ONE),
    "in front": (layers.RandomTokenSwap, BY_ONE[:, ::-1] - 1),
    "lengths": (layers.RandomTokenSwap, {"tokens": BY_ONE, "lengths": [5, 12, 7, 3]}),
    "none": (layers.RandomTokenSwap, BY_ONE[:2]),
    "two of six": (layers.RandomTokenSwap, BY_ONE[[0, 0, 1, 1, 1]]),
    "several ids": (layers.RandomTokenSwap, np.repeat(np.arange(4) + 3, 9).reshape(4, 9)),
    "nucleotides": (layers.RandomTokenSwap, 1 + np.random.default_rng(1).integers(0, 4, (64, 200))),
    "nothing else": (layers.RandomTokenSwap, np.ones((9, 12), int)),
    "short": (layers.RandomTokenSwap, np.ones((9, 3), int)),
    "a mask of what moves in place": (layers.RandomTokenSwap, {"tokens": BY_ONE - 1, "attention_mask": BY_ONE}),
}


@pytest.mark.parametrize(("make", "given", "text"), NOT_TOLD.values(), ids=list(NOT_TOLD))
def test_ids_that_are_not_told_are_said_once(make, given, text, capfd):
    layer = make()
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        layer(given, training=True)
    assert len(caught) == 1
    layer(given, training=True)
    list(tf.data.Dataset.from_tensors(given).repeat(2).map(make()))
    assert capfd.readouterr().err.count(text) == 1


@pytest.mark.parametrize(("make", "given"), FITS.values(), ids=list(FITS))
def test_ids_that_are_told_are_not_warned_of(make, given, capfd):
    make()(given)
    list(tf.data.Dataset.from_tensors(given).map(make()))
    assert capfd.readouterr().err == ""


def test_padding_of_unknown_sizes(capfd):
    layer = layers.RandomTokenSwap()
    signature = [tf.TensorSpec((None, None), tf.int32)]
    for few in (BY_ONE[:, 12:], BY_ONE[:, 10:], BY_ONE[:0]):
        tf.function(lambda x: layer(x, training=True), signature)(few)
    assert capfd.readouterr().err == ""
    layer = layers.RandomTokenSwap()
    tf.function(lambda x: layer(x, training=True), signature)(BY_ONE)
    assert "most samples end with another id" in capfd.readouterr().err
