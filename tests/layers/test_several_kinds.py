"""Layers of several kinds of data at once."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import layers

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


def test_masks_move_with_the_images():
    mask = DATA["images"][..., :1] // 128
    layer = layers.MultiModal({"images": layers.RandomFlip(seed=1), "audio": layers.RandomGain(seed=1)})
    made = as_arrays(layer({**DATA, "segmentation_masks": mask}, training=True))
    np.testing.assert_array_equal(made["segmentation_masks"], made["images"][..., :1] // 128)


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
    layer = layers.RandomModalityDrop(0.5, seed=1)
    data = {"images": np.ones((6, 2, 2, 1)), "audio": np.ones((6, 8)), "sample_ids": IDS, "epoch": 1}
    whole = as_arrays(layer(data, training=True))
    one = {key: value if key == "epoch" else value[3] for key, value in data.items()}
    np.testing.assert_array_equal(layer(one, training=True)["audio"], whole["audio"][3])
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
