"""`TableSynthesizer`: a source of rows of numbers between the two ways of a `TableEncoder`."""

import random

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_augsynth import export_savedmodel, synthesis
from keras_augsynth.core.table_schema import TableSchema

Table = synthesis.TableSynthesizer
N = 120
Y = np.arange(N) % 2


@pytest.fixture(scope="module")
def frame():
    """Smiths are old, clerks have two ages; some values are missing."""
    rng = np.random.default_rng(0)
    age = np.where(Y == 1, rng.normal(70.0, 1.0, N), np.where(rng.random(N) < 0.5, 20.0, 40.0) + rng.normal(size=N))
    return pd.DataFrame(
        {
            "age": np.round(age).astype("int64"),
            "job": pd.Series(np.where(Y == 1, "smith", "clerk")).mask(rng.random(N) < 0.2),
            "rate": pd.Series(rng.lognormal(size=N), dtype="float32").mask(rng.random(N) < 0.3),
            3: rng.random(N) < 0.5,
        }
    )


def densities(features, num_classes, groups):
    return synthesis.GaussianMixtureSynthesizer(2)


def small_vae(features, num_classes, groups):
    encoder, decoder = synthesis.vae_mlp((features,), num_classes, latent_dim=2, width=4)
    vae = synthesis.VAE(encoder=encoder, decoder=decoder, num_classes=num_classes)
    vae.compile(run_eagerly=True)
    return vae


@pytest.fixture(scope="module", params=[densities, small_vae])
def fitted(request, frame):
    return Table(request.param, modes=3, seed=1).fit(frame, Y, epochs=1, verbose=0)


def test_saved_and_loaded(fitted, tmp_path):
    """Also the dtypes of columns whose names are numbers; what made the source is not in the file."""
    fitted.save(tmp_path / "it.npz")
    loaded = Table.load(tmp_path / "it.npz")
    pd.testing.assert_frame_equal(loaded.sample(Y[:9], seed=1), fitted.sample(Y[:9], seed=1))
    assert isinstance(loaded.source, type(fitted.source))
    assert getattr(fitted.source, "run_eagerly", True)  # a model stays compiled as it was made
    assert loaded.get_config() == fitted.get_config()
    with pytest.raises(RuntimeError, match="`make` must be given again"):
        loaded.fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1])
    with np.load(tmp_path / "it.npz") as file:
        arrays = dict(file)
    for broken in ({"counts": np.ones(3, int)}, {"source": arrays["source"][:99]}, {"encoder": np.array("{}")}):
        np.savez(tmp_path / "other.npz", **{**arrays, **broken})
        with pytest.raises(ValueError, match="damaged, or something else"):
            Table.load(tmp_path / "other.npz")


def test_exported(fitted, frame, tmp_path):
    """As a dictionary of columns, whose names are texts."""
    source = Table(fitted.make, modes=1, seed=1).fit(frame[["age", "job"]], Y, epochs=1, verbose=0)
    export_savedmodel(source, tmp_path)
    served = tf.saved_model.load(tmp_path)
    made = served.sample_seeded(tf.constant([1, 0] * 20), 7)
    assert made["age"].dtype == "int64" and made["age"].shape == (40,)
    assert b"" in made["job"].numpy() and set(made["job"].numpy()) <= {b"smith", b"clerk", b""}  # "": none is there


def test_classes_columns_and_gaps_are_learned(frame):
    made = Table(densities, modes=3, seed=1).fit(frame, Y).sample(np.repeat([0, 1], 500), seed=1)
    clerks, smiths = made[:500], made[500:]
    assert np.mean(clerks["job"].dropna() == "clerk") > 0.97 and np.mean(smiths["job"].dropna() == "smith") > 0.97
    assert smiths["age"].min() > 60 and np.mean(clerks["age"] < 50) > 0.97
    for part, mine in ((clerks, frame[Y == 0]), (smiths, frame[Y == 1])):
        for name in ("job", "rate"):
            assert abs(part[name].isna().mean() - mine[name].isna().mean()) < 0.12


def test_arguments_reach_the_encoder_and_the_configuration(frame):
    table = Table(densities, categorical=["age"], modes=3, seed=4).fit(frame[["age", "job"]], Y)
    assert table.encoder.groups == [frame["age"].nunique(), 3]  # both jobs, and none
    assert set(table.sample(Y, seed=1)["age"]) <= set(frame["age"])
    config = table.get_config()
    assert (config["categorical"], config["modes"], config["seed"], table.encoder.seed) == (["age"], 3, 4, 4)


@pytest.mark.parametrize(("rows", "batch_size"), [(60, 32), (3200, 100), (20_000, 500)])
def test_the_source_is_a_gan_of_tabular_gan(rows, batch_size, monkeypatch):
    """With the encoder's groups, trained on its rows; the seed decides what it starts from."""
    seen = {}
    monkeypatch.setattr(synthesis.GAN, "fit", lambda self, x, y, **kwargs: seen.update(kwargs, x=x, y=y, gan=self))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.choice(["x", "y"], rows)})
    before = random.getstate()
    table = Table(modes=2, seed=5).fit(frame, np.arange(rows) % 3, callbacks=["mine"])
    assert random.getstate() == before
    encoder = synthesis.TableEncoder(2, seed=5).fit(frame)
    np.testing.assert_array_equal(seen["x"], encoder.encode(frame))
    np.testing.assert_array_equal(seen["y"], np.arange(rows) % 3)
    assert (seen["epochs"], seen["batch_size"], seen["callbacks"]) == (100, batch_size, ["mine"])
    gan = table.source
    assert gan is seen["gan"] and gan.compiled and gan.num_classes == 3
    assert gan.latent_dim == 32 + sum(encoder.groups)  # noise for the draws of groups
    random.seed(5)
    generator, discriminator = synthesis.tabular_gan(5, 3, width=256, groups=encoder.groups)
    random.setstate(before)
    for mine, expected in ((gan.generator, generator), (gan.discriminator, discriminator)):
        for weight, other in zip(mine.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, other)


def test_a_model_that_is_not_compiled_gets_its_defaults(frame):
    def make(features, num_classes, groups):
        return synthesis.VAE((features,), num_classes)

    table = Table(make, modes=1, seed=2).fit(frame[["age"]], Y, epochs=0, batch_size=100, verbose=0)
    assert table.source.compiled and isinstance(table.source.optimizer, keras.optimizers.Adam)


class Unsaved:
    def fit(self, x, y, **kwargs):
        self.given = kwargs

    def sample(self, labels, seed=None):
        return np.zeros((len(labels), 3))


def test_any_source_will_do(tmp_path):
    table = Table(lambda *shape: Unsaved(), modes=2).fit(
        pd.DataFrame({"a": [1.0, 1.0, 9.0, 9.0]}), [0, 0, 0, 2], epochs=7
    )
    assert table.source.given == {"epochs": 7, "batch_size": 32}
    assert (
        table.fit(pd.DataFrame({"a": [1.0, 1.0, 9.0, 9.0]}), [0, 0, 0, 2], batch_size=3).source.given["batch_size"] == 3
    )
    assert len(table.sample([0, 2, 0])) == 3
    with pytest.raises(ValueError, match="classes that had rows"):
        table.sample([1])
    with pytest.raises(TypeError, match="`make` must return something with `save`"):
        table.save(tmp_path / "it.npz")


KNOWN = TableSchema({"age": "numeric", "job": ("categorical", ["clerk"]), "rate": "numeric", 3: "numeric"})


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda f: Table(3), TypeError, "`make` must be a function"),
        (lambda f: Table(modes=0), ValueError, "TableSynthesizer: `modes` must"),
        (lambda f: Table(categorical="job"), TypeError, "TableSynthesizer: `categorical` must be a list"),
        (lambda f: Table(schema={"a": "numeric"}), TypeError, "`schema` must be a TableSchema"),
        (lambda f: Table(seed=0.5), TypeError, "`seed` must"),
        (lambda f: Table().sample([0]), RuntimeError, "`sample` must come after `fit`"),
        (lambda f: Table().save("it.npz"), RuntimeError, "`save` must come after `fit`"),
        (lambda f: Table(lambda *shape: 3).fit(f, Y), TypeError, "`make` must return something with `fit` and"),
        (lambda f: Table().fit(f.to_numpy(), Y), TypeError, "must be a pandas DataFrame"),
        (lambda f: Table().fit(f, Y[1:]), ValueError, "TableSynthesizer: `y` must have one label for each sample"),
        (lambda f: Table().fit(f, Y, batch_size=0), ValueError, "`batch_size` must"),
        (lambda f: Table().fit(f.assign(day=pd.Timestamp("2020-01-01")), Y), TypeError, "hold dates"),
        (lambda f: Table().fit(f.assign(rate=np.nan), Y), ValueError, r"values alone in \['rate'\]"),
        (lambda f: Table().fit(f.assign(rate=np.inf), Y), ValueError, "infinity in column 'rate'"),
        (lambda f: Table(schema=KNOWN).fit(f, Y), ValueError, r"hold the categories \['clerk'\] in column 'job'"),
        (lambda f: Table(schema=KNOWN).fit(f[["age"]], Y), ValueError, "`frame` must have the columns"),
        (lambda f: Table(schema=KNOWN).fit(f.assign(job="clerk", rate=np.inf), Y), ValueError, "infinity in"),
    ],
)
def test_wrong_use(frame, call, kind, message):
    with pytest.raises(kind, match=message):
        call(frame)


@pytest.mark.full
def test_a_gan_learns_modes_and_what_hangs_together():
    """Two peaks a class, and a category that says which one."""
    rng = np.random.default_rng(0)
    y, low = np.arange(2000) % 2, rng.random(2000) < 0.5
    frame = pd.DataFrame({"x": np.where(low, -3.0, 3.0) + 10.0 * y + rng.normal(0.0, 0.3, 2000), "low": low})
    made = Table(modes=5, seed=1).fit(frame, y, epochs=10, verbose=0).sample(y, seed=1)
    near = np.abs(made["x"] - 10.0 * y - np.where(made["low"], -3.0, 3.0))
    assert np.mean(near < 1.5) > 0.9 and 0.3 < made["low"].mean() < 0.7
