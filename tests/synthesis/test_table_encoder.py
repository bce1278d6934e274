"""`TableEncoder`, and the generator that makes its rows."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import special, stats

from keras_augsynth import synthesis
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.synthesis.architectures.drawn_groups import DrawnGroups

N = 300


@pytest.fixture(scope="module")
def frame():
    """Columns of every kind: two peaks, mostly zeros, one value, some of them with gaps."""
    rng = np.random.default_rng(0)
    two = np.where(rng.random(N) < 0.3, rng.normal(-50.0, 1.0, N), rng.normal(100.0, 5.0, N))
    gaps = rng.random(N) < 0.2
    return pd.DataFrame(
        {
            "two": two,
            "zeros": np.where(rng.random(N) < 0.8, 0, rng.integers(5_000, 90_000, N)),
            "same": np.full(N, 7.5, "float32"),
            "gaps": pd.array(np.where(gaps, None, rng.integers(0, 9, N)), dtype="Int64"),
            "job": pd.Series(rng.choice(["clerk", "smith", "wright"], N)).mask(gaps[::-1]),
            "size": pd.Categorical(rng.choice(["S", "L"], N), ["S", "M", "L"], ordered=True),
            "member": rng.random(N) < 0.5,
        }
    )


@pytest.fixture(scope="module")
def encoder(frame):
    return synthesis.TableEncoder(modes=4).fit(frame)


def test_rows_are_numbers_in_range_and_groups_of_which_one_is_1(encoder, frame):
    rows = encoder.encode(frame)
    assert rows.dtype == "float32" and np.abs(rows).max() <= 1.0
    assert rows.shape == (N, 4 + sum(encoder.groups))
    assert encoder.groups[2:] == [1, 4 + 1, 3 + 1, 2, 2]
    assert (rows[frame["gaps"].isna(), 3] == 0.0).all()
    for group in np.split(rows[:, 4:], np.cumsum(encoder.groups)[:-1], axis=1):
        assert set(np.unique(group)) <= {0.0, 1.0} and (group.sum(axis=1) == 1.0).all()


def test_there_and_back(encoder, frame):
    made = encoder.decode(encoder.encode(frame))
    assert made.dtypes.to_dict() == frame.dtypes.to_dict()
    np.testing.assert_allclose(made["two"], frame["two"], atol=1e-3)
    pd.testing.assert_frame_equal(made.drop(columns="two"), frame.drop(columns="two"))


def test_a_number_is_its_place_in_its_mode(frame):
    """In four of its standard deviations."""
    encoder = synthesis.TableEncoder(modes=2).fit(frame[["two"]])
    number, *mode = encoder.encode(frame[["two"]]).T
    for each in (0, 1):
        values = frame["two"][mode[each] == 1.0]
        assert len(set(values > 0.0)) == 1
        np.testing.assert_allclose(number[values.index], (values - values.mean()) / values.std(ddof=0) / 4, atol=2e-3)


def test_between_two_modes_their_densities_decide():
    """Each is given values by its share of the density there, a rare mode seldom."""
    normal = stats.norm().ppf(np.linspace(0.001, 0.999, 800))
    encoder = synthesis.TableEncoder(modes=2).fit(pd.DataFrame({"x": np.concatenate([normal, normal[::8] + 4.0])}))
    modes = encoder.get_config()["learned"]["columns"][0]
    between = 2.0
    densities = modes["weights"] * stats.norm(modes["means"], modes["deviations"]).pdf(between)
    assert 0.02 < min(densities) / sum(densities) < 0.4 and min(modes["weights"]) < 0.2
    shares = encoder.encode(pd.DataFrame({"x": np.full(4000, between)}))[:, 1:].mean(axis=0)
    np.testing.assert_allclose(shares, densities / densities.sum(), atol=0.03)


def test_zeros_stay_zeros_where_a_network_is_not_exact(encoder, frame):
    rows = encoder.encode(frame)
    rows[:, :4] += 0.05
    made = encoder.decode(rows)
    np.testing.assert_array_equal(made["zeros"] == 0, frame["zeros"] == 0)
    assert (made["same"] == 7.5).all()


def test_values_far_outside_stand_at_the_ends():
    encoder = synthesis.TableEncoder(2).fit(pd.DataFrame({"a": [1.0, 1.2, 1.4, 9.0, 9.2, 9.4, 50.0]}))
    rows = encoder.encode(pd.DataFrame({"a": [-1e6, 1e6]}))
    np.testing.assert_array_equal(np.abs(rows[:, 0]), 1.0)
    beyond = np.where(np.arange(rows.shape[1]) == 0, 3.0 * rows, rows)
    pd.testing.assert_frame_equal(encoder.decode(beyond), encoder.decode(rows))


def test_a_category_that_was_not_there_has_no_column(encoder, frame):
    """ "L" is one of the dtype alone."""
    new = frame.assign(size=pd.Categorical(["M"] * N, frame["size"].cat.categories, ordered=True))
    with pytest.raises(ValueError, match=r"hold the categories of `fit` in column 'size'. Received: frame=\['M'\]"):
        encoder.encode(new)


def test_in_a_graph_a_dictionary_of_columns(frame):
    frame = frame.drop(columns="gaps")
    encoder = synthesis.TableEncoder(modes=4).fit(frame)
    rows = encoder.encode(frame)
    made, expected = tf.function(encoder.decode)(rows), encoder.decode(rows)
    assert list(made) == list(frame.columns)
    assert [text.decode() for text in made["job"].numpy()] == expected["job"].fillna("").tolist()
    for name in ("two", "zeros", "same", "member"):
        np.testing.assert_array_equal(made[name], expected[name])
        assert made[name].dtype == frame[name].dtype.name


def test_no_number_lies_beyond_those_that_were_there(encoder, frame):
    rows = np.random.default_rng(1).normal(size=(500, 4 + sum(encoder.groups))) * 3.0
    made = encoder.decode(rows)
    for name in ("two", "zeros", "gaps"):
        assert frame[name].min() <= made[name].min() and made[name].max() <= frame[name].max()


def test_configuration_holds_what_was_learned(encoder, frame):
    again = synthesis.TableEncoder.from_config(json.loads(json.dumps(encoder.get_config())))
    np.testing.assert_array_equal(again.encode(frame), encoder.encode(frame))
    pd.testing.assert_frame_equal(again.decode(encoder.encode(frame)), encoder.decode(encoder.encode(frame)))
    bare = synthesis.TableEncoder(3, categorical=["a"], schema=TableSchema({"a": "numeric"}), seed=2)
    again = synthesis.TableEncoder.from_config(json.loads(json.dumps(bare.get_config())))
    assert (again.modes, again.categorical, again.schema.kinds, again.seed) == (3, ["a"], ["numeric"], 2)


def test_codes_can_be_categories():
    frame = pd.DataFrame({"code": [3, 1, 3, 9]})
    encoder = synthesis.TableEncoder(categorical=["code"]).fit(frame)
    np.testing.assert_array_equal(encoder.encode(frame), np.eye(3)[[1, 0, 1, 2]])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: synthesis.TableEncoder(0), ValueError, "`modes` must"),
        (lambda: synthesis.TableEncoder(categorical="a"), TypeError, "`categorical` must be a list of columns"),
        (lambda: synthesis.TableEncoder(schema={"a": "numeric"}), TypeError, "`schema` must be a TableSchema"),
        (lambda: synthesis.TableEncoder().fit(np.ones((3, 2))), TypeError, "must be a pandas DataFrame"),
        (lambda: synthesis.TableEncoder().fit(pd.DataFrame({"a": [1.0]})[:0]), ValueError, "have at least one row"),
        (lambda: synthesis.TableEncoder().fit(pd.DataFrame({"a": [np.nan]})), ValueError, r"values alone in \['a'\]"),
        (lambda: synthesis.TableEncoder().encode(pd.DataFrame()), RuntimeError, "`encode` must come after `fit`"),
        (lambda: synthesis.TableEncoder().decode([[1.0]]), RuntimeError, "`decode` must come after `fit`"),
        (lambda: known().encode(pd.DataFrame({"a": [np.nan]})), ValueError, "have no missing values in 'a'"),
        (lambda: known().encode(pd.DataFrame({"b": [1.0]})), ValueError, r"have the columns \['a'\]"),
        (lambda: known().decode(np.ones((2, 9))), ValueError, r"`rows` must be numbers \(rows, 3\)"),
        (lambda: synthesis.tabular_gan(5, groups=[3, 3]), ValueError, "`groups` must be of the 5 columns"),
        (lambda: synthesis.tabular_gan(5, groups=[0]), ValueError, "`groups` must"),
    ],
)
def test_wrong_use(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def known():
    return synthesis.TableEncoder(2).fit(pd.DataFrame({"a": [1.0, 2.0, 8.0, 9.0]}))


# The generator.


def test_groups_are_drawn_by_their_logits():
    """As often as the softmax says: the largest of logits and Gumbel noise."""
    logits = np.log([[0.9, 0.1, 0.2, 0.3, 0.5]])
    noise = np.random.default_rng(0).normal(size=(6000, 5)).astype("float32")
    numbers = np.full((6000, 1), 0.7)
    given = np.concatenate([numbers, np.repeat(logits, 6000, 0)], axis=1).astype("float32")
    made = DrawnGroups([2, 3])([given, noise]).numpy()
    np.testing.assert_allclose(made[:, 0], np.tanh(0.7), rtol=1e-6)
    for columns, shares in ((slice(1, 3), [0.9, 0.1]), (slice(3, 6), [0.2, 0.3, 0.5])):
        np.testing.assert_allclose(made[:, columns].sum(axis=1), 1.0, rtol=1e-5)
        counts = np.bincount(made[:, columns].argmax(axis=1))
        assert stats.chisquare(counts, 6000 * np.array(shares)).pvalue > 0.001
        assert made[:, columns].max(axis=1).mean() > 0.8
    share = stats.norm.cdf(noise.astype("float64"))
    expected = special.softmax((given[:, 1:3] - np.log(-np.log(share[:, :2]))) / 0.2, axis=1)
    np.testing.assert_allclose(made[:, 1:3], expected, atol=1e-3)


def test_extreme_noise_is_finite():
    noise = np.array([[9.0, -9.0], [40.0, -40.0], [0.0, 0.0]], "float32")
    for dtype in ("float32", "mixed_float16"):
        made = DrawnGroups([2], dtype=dtype)([np.zeros((3, 2), "float32"), noise]).numpy()
        np.testing.assert_allclose(made, [[1, 0], [1, 0], [0.5, 0.5]], atol=1e-3)


@pytest.mark.parametrize("num_classes", [None, 2])
def test_generator_makes_rows_of_an_encoder(num_classes):
    generator, discriminator = synthesis.tabular_gan(7, num_classes, latent_dim=3, width=8, groups=[2, 4])
    assert generator.inputs[0].shape == (None, 3 + 6)
    noise = tf.random.normal((5, 9), seed=1)
    inputs = lambda noise: noise if num_classes is None else [noise, tf.constant([0, 1, 0, 1, 0])]
    made = generator(inputs(noise))
    assert made.shape == (5, 7) and discriminator.inputs[0].shape == (None, 7)
    np.testing.assert_allclose(tf.reduce_sum(made[:, 1:3], axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(made[:, 3:], axis=1), 1.0, rtol=1e-5)
    other = generator(inputs(tf.concat([noise[:, :3], -noise[:, 3:]], axis=1)))
    np.testing.assert_array_equal(other[:, 0], made[:, 0])  # the noise behind draws groups, and nothing else
    assert np.abs(other[:, 1:] - made[:, 1:]).max() > 0.1
    last = lambda value: generator(inputs(tf.concat([noise[:, :-1], tf.fill((5, 1), value)], axis=1)))
    assert (last(6.0)[:, -1] > last(-6.0)[:, -1] + 0.1).numpy().all()


def test_a_gan_takes_the_rows_as_they_are(encoder, frame, tmp_path):
    rows, y = encoder.encode(frame), np.arange(N) % 2
    networks = synthesis.tabular_gan(rows.shape[1], 2, latent_dim=3, width=8, groups=encoder.groups)
    gan = synthesis.GAN(*networks, num_classes=2, seed=1)
    gan.compile(run_eagerly=True)
    gan.fit(rows, y, batch_size=100, epochs=1, verbose=0)
    labels = [0, 1, 1, 0]
    made = gan.sample(labels, seed=1)
    np.testing.assert_allclose(tf.reduce_sum(made[:, -2:], axis=1), 1.0, rtol=1e-5)  # not standardized
    assert encoder.decode(made).dtypes.to_dict() == frame.dtypes.to_dict()
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "gan.keras").sample(labels, seed=1), made)
    with pytest.raises(ValueError, match=r"lie in \[-1, 1\]"):
        gan.fit(rows * 2.0, y, verbose=0)
