"""Layers of several kinds of data at once."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import export_savedmodel, layers

RNG = np.random.default_rng(0)
DATA = {
    "images": RNG.integers(0, 256, (6, 8, 8, 3)).astype("uint8"),
    "audio": RNG.normal(size=(6, 40)).astype("float32"),
    "texts": np.array(["one two three", "four", "", "five six", "a b c", "d e"], object),
    "features": RNG.normal(size=(6, 3)).astype("float32"),
    "labels": np.arange(6) % 2,
    "path": np.array(list("uvwxyz"), object),
}
IDS = np.arange(20, 26)


def parts(seed=None):
    return {
        "images": layers.Pipeline([layers.RandomRotation(0.2), layers.RandomBrightness(0.2)], seed=seed),
        "audio": layers.RandomGain(6.0, seed=seed),
        "texts": layers.RandomWordDeletion(0.5, seed=seed),
        "features": layers.RandomFeatureNoise(0.5, scale=1.0, seed=seed),
    }


def as_arrays(made):
    return {key: np.asarray(value) for key, value in made.items()}


def same(first, second):
    return all(np.array_equal(first[key], second[key]) for key in first)


def test_each_kind_goes_through_its_own_layer():
    """As if each layer had been called by itself."""
    made = as_arrays(layers.MultiModal(parts(seed=3), seed=1)({**DATA, "sample_ids": IDS, "epoch": 2}, training=True))
    assert set(made) == {*DATA, "sample_ids", "epoch"}
    for key, layer in parts(seed=3).items():
        alone = layer({key: DATA[key], "sample_ids": IDS, "epoch": 2}, training=True)[key]
        np.testing.assert_array_equal(made[key], alone)
    np.testing.assert_array_equal(made["labels"], DATA["labels"])
    assert made["path"].tolist() == [b"u", b"v", b"w", b"x", b"y", b"z"]


def test_seed_and_calls_decide():
    first, second = (layers.MultiModal(parts(), seed=5) for _ in range(2))
    calls = [as_arrays(first(DATA)) for _ in range(2)]
    assert set(calls[0]) == set(DATA)
    for call in calls:
        assert same(call, as_arrays(second(DATA)))
    assert not np.array_equal(calls[0]["audio"], calls[1]["audio"])
    assert not np.array_equal(calls[0]["audio"], as_arrays(layers.MultiModal(parts(), seed=6)(DATA))["audio"])


def test_rows_do_not_depend_on_the_batch():
    layer = layers.MultiModal(parts(), seed=5)
    numbered = {**DATA, "sample_ids": IDS, "epoch": 0}
    whole = as_arrays(layer(numbered, training=True))
    some = {key: value if key == "epoch" else value[2:4] for key, value in numbered.items()}
    made = as_arrays(layer(some, training=True))
    np.testing.assert_allclose(made["images"], whole["images"][2:4], atol=1e-3)
    np.testing.assert_array_equal(made["texts"], whole["texts"][2:4])


def test_inactive_it_changes_nothing():
    layer = layers.MultiModal(parts())
    assert same(as_arrays({key: DATA[key] for key in ("images", "features")}), as_arrays(layer(DATA, training=False)))


def test_in_tf_data_batches_and_single_samples():
    kinds = {key: DATA[key] for key in ("images", "audio", "features")}
    layer = layers.MultiModal({key: parts()[key] for key in kinds}, seed=1)
    rows = list(tf.data.Dataset.from_tensor_slices(kinds).map(layer).as_numpy_iterator())
    assert rows[0]["images"].shape == (8, 8, 3) and not np.array_equal(rows[0]["audio"], kinds["audio"][0])
    batches = list(tf.data.Dataset.from_tensor_slices(kinds).batch(4).map(layer).as_numpy_iterator())
    assert [len(batch["audio"]) for batch in batches] == [4, 2]


def test_in_a_model_of_several_inputs(tmp_path):
    inputs = {"audio": keras.Input((40,), name="audio"), "features": keras.Input((3,), name="features")}
    made = layers.MultiModal({key: parts()[key] for key in inputs}, seed=1)(inputs)
    output = keras.layers.Dense(1)(keras.layers.Concatenate()([made["audio"], made["features"]]))
    model = keras.Model(inputs, output)
    kinds = {key: DATA[key] for key in inputs}
    np.testing.assert_array_equal(model(kinds), model(kinds, training=False))
    assert not np.allclose(model(kinds, training=True), model(kinds))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(kinds), model(kinds))
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve(kinds), model(kinds), rtol=1e-6)


def noticed():
    """A layer for each kind that leaves no sample as it is."""
    return {
        "images": layers.RandomBrightness((0.4, 0.5)),
        "audio": layers.RandomGain((3.0, 6.0)),
        "texts": layers.RandomPunctuationInsertion((0.3, 0.3)),
        "features": layers.RandomFeatureNoise(0.5, scale=1.0),
    }


MANY = {key: np.concatenate([DATA[key][[0, 1, 3, 4, 5, 5]]] * 50) for key in ("images", "audio", "texts", "features")}
MANY["images"] = MANY["images"] // 2


def changed_rows(made, data=MANY):
    """bool `(N, kinds)`."""
    encoded = lambda t: np.array([each.encode() for each in t], object) if t.dtype == object else t
    rows = lambda t, key: np.asarray(t[key]).reshape(len(data[key]), -1)
    return np.stack([(rows(made, key) != encoded(data[key]).reshape(len(data[key]), -1)).any(1) for key in data], 1)


def test_pairs_stay_pairs():
    features = {key: value for key, value in DATA.items() if key not in ("labels", "path", "texts")}
    numbered = {**features, "sample_ids": IDS, "epoch": 2}
    weights = np.linspace(0, 1, 6)
    made, expected = (layers.MultiModal(parts(), seed=1) for _ in range(2))
    expected = as_arrays(expected({**numbered, "labels": DATA["labels"]}, training=True))
    for training in (True, False):
        x, y, w = made(numbered, DATA["labels"], weights, training=training)
        assert set(x) == set(numbered) and same(as_arrays(x), expected) is training
        np.testing.assert_array_equal(y, DATA["labels"])
        np.testing.assert_array_equal(w, weights)
    flipped = layers.MultiModal({"features": layers.RandomLabelNoise(1.0, num_classes=2)}, seed=1)
    x, y = flipped({"features": DATA["features"]}, DATA["labels"], training=True)
    assert set(x) == {"features"}
    np.testing.assert_array_equal(y, 1 - DATA["labels"])
    for layer in (layers.MultiModal(parts(), seed=1), layers.RandomModalityDrop(seed=1)):
        data = tf.data.Dataset.from_tensor_slices((features, {"a": DATA["labels"], "b": weights})).batch(4)
        for x, y in data.map(layer):
            assert set(x) == set(features) and y["a"].dtype == tf.int64
        with pytest.raises(ValueError, match="`labels` must be given once"):
            layer({**features, "labels": IDS}, IDS)
    with pytest.raises(ValueError, match='if they are masks, as "segmentation_masks"'):
        layers.MultiModal(parts())({"images": DATA["images"]}, np.zeros((6, 8, 8), "int32"))


def test_enumerated_and_warm_up_take_several_kinds():
    layer = layers.MultiModal({key: parts()[key] for key in ("images", "features")}, seed=1)
    chosen = {key: DATA[key] for key in ("images", "features")}
    rows = tf.data.Dataset.from_tensor_slices((chosen, DATA["labels"]))
    epochs = [list(layers.enumerated(rows.batch(size), layer, initial_epoch=3)) for size in (4, 3)]
    expected = as_arrays(layer({**chosen, "sample_ids": np.arange(6), "epoch": 3}, training=True))
    for batches in epochs:
        x = {key: np.concatenate([batch[0][key] for batch in batches]) for key in chosen}
        np.testing.assert_allclose(x["images"], expected["images"], atol=1e-3)
        np.testing.assert_allclose(x["features"], expected["features"], rtol=1e-5)
        np.testing.assert_array_equal(np.concatenate([batch[1] for batch in batches]), DATA["labels"])
    drop = layers.RandomModalityDrop(0.5, seed=1)
    once, again = (as_arrays(next(iter(layers.enumerated(rows.batch(6), drop)))[0]) for _ in range(2))
    assert same(once, again) and not same(once, chosen)
    fresh = layers.MultiModal({"features": parts()["features"]}, seed=1)
    assert layers.warm_up(fresh, rows.map(lambda x, y: {"features": x["features"]}).batch(3), verbose=0) == 1
    first = layers.MultiModal({"features": parts()["features"]}, seed=1)(chosen, training=True)["features"]
    np.testing.assert_allclose(fresh(chosen, training=True)["features"], first, rtol=1e-5)
    with pytest.raises(ValueError, match="warm_up: `layer` must be one that is compiled"):
        layers.warm_up(drop, rows)


def test_a_sample_is_changed_in_all_its_kinds_or_in_none():
    layer = layers.MultiModal(noticed(), p=0.5, seed=1)
    numbered = {**MANY, "labels": np.arange(300), "sample_ids": np.arange(300), "epoch": 1, "path": MANY["texts"]}
    made = layer(numbered, training=True)
    changed = changed_rows(made)
    assert (changed == changed[:, :1]).all()
    assert 120 < changed[:, 0].sum() < 180
    np.testing.assert_array_equal(made["labels"], np.arange(300))
    one = layer({key: value if key == "epoch" else value[7] for key, value in numbered.items()}, training=True)
    np.testing.assert_allclose(one["audio"], made["audio"][7], rtol=1e-6)
    again = layers.MultiModal.from_config(layer.get_config())
    assert same(as_arrays(made), as_arrays(again(numbered, training=True)))
    whole = as_arrays(layers.MultiModal(noticed(), seed=1)(numbered, training=True))  # what is changed, is as without p
    np.testing.assert_array_equal(made["audio"].numpy()[changed[:, 1]], whole["audio"][changed[:, 1]])


def test_p_of_0_leaves_all_and_p_of_1_none():
    for p in (0.0, 1.0):
        assert (changed_rows(layers.MultiModal(noticed(), p=p, seed=1)(MANY, training=True)) == p).all()


def test_labels_masks_and_sizes_follow_the_one_p():
    images = RNG.integers(0, 256, (40, 8, 8, 1)).astype("uint8")
    boxes = {"boxes": np.tile([[0.0, 0.0, 2.0, 3.0]], (40, 1, 1)), "labels": np.ones((40, 1), "int32")}
    layer = layers.MultiModal(
        {
            "images": layers.Pipeline([layers.RandomFlip("horizontal", p=1.0), layers.RandomCrop(6, 8)]),
            "features": layers.RandomLabelNoise(1.0, num_classes=2),
        },
        p=0.5,
        seed=1,
    )
    data = {"images": images, "features": np.zeros((40, 2)), "labels": np.zeros(40, "int32")}
    made = layer({**data, "segmentation_masks": images, "bounding_boxes": boxes}, training=True)
    assert made["images"].shape == (40, 6, 8, 1) and made["labels"].dtype == tf.int32
    np.testing.assert_array_equal(made["segmentation_masks"], made["images"])
    still = made["labels"].numpy() == 0
    np.testing.assert_array_equal(made["images"][still], images[still, 1:7])  # the middle, as in inference
    assert 10 < still.sum() < 30
    assert (made["images"][~still].numpy() != images[~still, 1:7]).any(axis=(1, 2, 3)).mean() > 0.5
    np.testing.assert_array_equal(made["bounding_boxes"]["boxes"][still], [[[0.0, 0.0, 2.0, 2.0]]] * still.sum())
    rested = layer({**data, "segmentation_masks": images}, training=False)
    for key in ("images", "segmentation_masks"):  # the size is the same, and labels are as they were
        np.testing.assert_array_equal(rested[key], images[:, 1:7])
    assert not rested["labels"].numpy().any()


@pytest.mark.full
def test_one_p_in_tf_data_and_in_a_saved_model(tmp_path):
    kinds = {key: MANY[key] for key in ("images", "audio", "features")}
    layer = layers.MultiModal({key: noticed()[key] for key in kinds}, p=0.5, seed=1)
    batches = list(tf.data.Dataset.from_tensor_slices(kinds).batch(100).map(layer).as_numpy_iterator())
    made = {key: np.concatenate([batch[key] for batch in batches]) for key in kinds}
    changed = changed_rows(made, kinds)
    assert (changed == changed[:, :1]).all() and 120 < changed[:, 0].sum() < 180

    flat = {key: keras.Input(kinds[key].shape[1:], name=key, dtype=kinds[key].dtype.name) for key in kinds}
    model = keras.Model(flat, layer(flat))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert same(as_arrays(loaded(kinds, training=True)), as_arrays(model(kinds, training=True)))
    export_savedmodel(model, tmp_path / "served")
    served = tf.saved_model.load(tmp_path / "served")
    assert not changed_rows(as_arrays(served.serve(kinds)), kinds).any()
    seeded = changed_rows(as_arrays(served.augment_seeded(kinds, 5)), kinds)
    assert (seeded == seeded[:, :1]).all() and 100 < seeded[:, 0].sum() < 200


def test_p_can_be_set_at_any_time():
    data = {key: MANY[key] for key in ("audio", "features")}
    layer = layers.MultiModal({key: noticed()[key] for key in data}, p=0.0, seed=1)
    traced = tf.function(lambda x: layer(x, training=True))
    assert not changed_rows(traced(data), data).any()
    layer.p = 1.0
    assert layer.p == 1.0 and changed_rows(traced(data), data).all()
    with pytest.raises(ValueError, match="`p` must"):
        layer.p = 2.0
    drop = layers.RandomModalityDrop(0.5)
    drop(data)
    with pytest.raises(ValueError, match="`rate` must be given when the layer is made"):
        drop.rate = 1.0


def test_masks_move_with_the_images():
    mask = DATA["images"][..., :1] // 128
    layer = layers.MultiModal({"images": layers.RandomFlip(seed=1), "audio": layers.RandomGain(seed=1)})
    made = as_arrays(layer({**DATA, "segmentation_masks": mask}, training=True))
    np.testing.assert_array_equal(made["segmentation_masks"], made["images"][..., :1] // 128)


def test_companions_go_with_the_first_kind_that_has_them():
    images = np.arange(9 * 25, dtype="uint8").reshape(9, 5, 5, 1)
    waves, lengths = RNG.normal(size=(9, 40)).astype("float32"), np.arange(32, 41)
    kinds = {"images": layers.RandomFlip(), "videos": layers.RandomFlip(), "audio": layers.RandomSpeed((1.5, 1.6))}
    data = {"images": images, "videos": images[:, None], "audio": waves}
    made = layers.MultiModal(kinds, seed=1)({**data, "segmentation_masks": images, "lengths": lengths}, training=True)
    np.testing.assert_array_equal(made["segmentation_masks"], made["images"])
    turned = [(np.asarray(made[key]) != data[key]).reshape(9, -1).any(axis=1) for key in ("images", "videos")]
    assert turned[0].any() and (turned[0] != turned[1]).any()
    assert (made["lengths"].numpy() < lengths).all()


def test_kinds_draw_apart():
    """Alike layers for two kinds of data do not do the same to both."""
    layer = layers.MultiModal(
        {key: layers.RandomBrightness(0.5, value_range=(0, 1)) for key in ("images", "videos")}, seed=1
    )
    made = layer({"images": np.full((30, 2, 2, 1), 0.5), "videos": np.full((30, 1, 2, 2, 1), 0.5)}, training=True)
    drawn = [np.asarray(made[key]).reshape(30, -1)[:, 0] for key in ("images", "videos")]
    assert abs(np.corrcoef(drawn)[0, 1]) < 0.5


def test_kinds_are_dropped_at_their_rate_and_one_stays():
    data = {"images": np.ones((3000, 2, 2, 1)), "audio": np.ones((3000, 8)), "texts": np.full(3000, "hear", object)}
    made = as_arrays(layers.RandomModalityDrop(0.4, seed=1)(data, training=True))
    gone = np.stack([made["images"][:, 0, 0, 0] == 0, made["audio"][:, 0] == 0, made["texts"] == b""], axis=1)
    assert set(np.unique(made["audio"])) == {0.0, 1.0}
    assert gone.sum(axis=1).max() == 2
    expected = stats.binom(3, 0.4).pmf([0, 1, 2, 3]) @ [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert stats.chisquare(np.bincount(gone.sum(axis=1)), 3000 * expected).pvalue > 0.001
    assert np.ptp(gone.mean(axis=0)) < 0.05
    all_gone = as_arrays(layers.RandomModalityDrop(1.0, ["audio"], seed=1)(data, training=True))
    assert not all_gone["audio"].any() and all_gone["images"].all()
    assert same(
        as_arrays(data | {"texts": data["texts"].astype("S")}),
        as_arrays(layers.RandomModalityDrop(1.0)(data, training=False)),
    )


def test_drops_depend_on_the_ids():
    layer = layers.RandomModalityDrop(0.5, ["audio"], seed=1)
    ids = np.arange(40, 60)
    data = {"images": np.ones((20, 2, 2, 1)), "audio": np.ones((20, 8)), "sample_ids": ids, "epoch": 1}
    whole = as_arrays(layer(data, training=True))
    assert 0 < whole["audio"][:, 0].sum() < 20 and whole["images"].all()
    turned = as_arrays(layer({**data, "sample_ids": ids[::-1]}, training=True))
    np.testing.assert_array_equal(turned["audio"], whole["audio"][::-1])
    for row in (3, 4, 5):
        one = {key: value if key == "epoch" else value[row] for key, value in data.items()}
        np.testing.assert_array_equal(layer(one, training=True)["audio"], whole["audio"][row])
    other = as_arrays(layer({**data, "epoch": 2}, training=True))
    assert not np.array_equal(whole["audio"], other["audio"])  # "epoch" itself comes out, too
    again = layers.RandomModalityDrop.from_config(layer.get_config())
    assert same(whole, as_arrays(again(data, training=True)))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: layers.MultiModal({}), TypeError, "`layers` must be a dictionary"),
        (lambda: layers.MultiModal({"pictures": layers.RandomFlip()}), ValueError, "`layers` must have keys of"),
        (lambda: layers.MultiModal({"images": 3}), TypeError, "`layers` must hold layers"),
        (
            lambda: layers.MultiModal({"audio": layers.RandomFlip()}),
            ValueError,
            "hold a layer for audio under that key",
        ),
        (lambda: layers.MultiModal({"images": layers.MixUp()}), ValueError, "hold no layer that mixes labels"),
        (
            lambda: layers.MultiModal({"images": layers.RandomLabelNoise(), "audio": layers.RandomLabelNoise()}),
            ValueError,
            "hold one layer that changes labels",
        ),
        (lambda: layers.MultiModal(parts(), p=2), ValueError, "`p` must"),
        (lambda: layers.MultiModal(parts())(DATA["images"]), TypeError, "`inputs` must be a dictionary"),
        (lambda: layers.MultiModal(parts())({"labels": np.zeros(3)}), ValueError, "have a key that the layer knows"),
        (
            lambda: layers.MultiModal(parts())({**DATA, "audio": DATA["audio"][:4]}),
            ValueError,
            "have the same number of rows",
        ),
        (lambda: layers.RandomModalityDrop(1.5), ValueError, "`rate` must"),
        (lambda: layers.RandomModalityDrop(0.5, ["sound"]), ValueError, "`keys` must be one of"),
        (lambda: layers.RandomModalityDrop(0.5, "audio"), TypeError, "`keys` must be a list"),
    ],
)
def test_wrong_use(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
