"""Rows that are no single array: several inputs, texts."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_augsynth import layers, synthesis
from keras_augsynth.callbacks import SyntheticBalancer

Y = np.repeat([0, 1], [40, 12])
IMAGE, META = np.ones((52, 3), "float32") * Y[:, None], np.ones((52, 2), "float32") * Y[:, None]


class Both:
    """Samples for two inputs, in any container."""

    def __init__(self, container):
        self.container = container

    def fit(self, x, y):
        return self

    def sample(self, labels, seed=None):
        image, meta = (tf.ones((tf.shape(labels)[0], size)) * tf.cast(labels, "float32")[:, None] for size in (3, 2))
        return {"image": image, "meta": meta} if self.container is dict else self.container([image, meta])


class Spy(keras.Model):
    def train_step(self, data):
        vars(self)["seen"] = data
        return super().train_step(data)


def two_inputs(container):
    inputs = {"image": keras.Input((3,), name="image"), "meta": keras.Input((2,), name="meta")}
    joined = keras.layers.Concatenate()(list(inputs.values()))
    given = inputs if container is dict else list(inputs.values())
    model = Spy(given, keras.layers.Dense(2, activation="softmax")(joined))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model, {"image": IMAGE, "meta": META} if container is dict else [IMAGE, META]


@pytest.mark.parametrize("mode", ["live", "pool"])
@pytest.mark.parametrize("container", [dict, list, tuple])
def test_samples_of_several_inputs(container, mode):
    model, x = two_inputs(container)
    balancer = SyntheticBalancer(Both(container), strategy="equal", resample_real=0.3, mode=mode, pool_size=50, seed=1)
    history = model.fit(x, Y, batch_size=52, shuffle=False, epochs=2, verbose=0, callbacks=[balancer]).history
    assert history["synthetic_share"][-1] > 0.1 and history["repeated_share"][-1] > 0.05
    seen, y, *_ = model.seen
    for part in keras.tree.flatten(seen):
        np.testing.assert_array_equal(part, np.ones_like(part) * np.asarray(y)[:, None])  # each row is of its class


def test_two_inputs_in_the_default_strategy():
    model, x = two_inputs(dict)
    balancer = SyntheticBalancer(Both(dict), seed=1)
    history = model.fit(x, Y, batch_size=52, validation_data=(x, Y), epochs=2, verbose=0, callbacks=[balancer]).history
    assert all(np.isfinite(history["val_worst_recall"]))


TEXTS = ["the cat sat"] * 40 + ["a dog ran off"] * 12
TEMPLATES = {0: ["the {animal} sat"], 1: ["a {animal} ran off"]}


def reader(own=keras.Sequential):
    """A model that begins with texts."""
    words = keras.layers.TextVectorization(output_mode="multi_hot", vocabulary=["the", "cat", "sat", "a", "dog", "ran"])
    model = own([keras.Input((1,), dtype="string"), words, keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    return model


@pytest.mark.parametrize("mode", ["live", "pool"])
def test_texts(mode):
    source = synthesis.TextTemplateSynthesizer(TEMPLATES, {"animal": ["cat", "dog", "bird"]})
    seen = []

    class Reader(keras.Sequential):
        def train_step(self, data):
            tf.py_function(lambda x, y: seen.append((x.numpy(), y.numpy())), data[:2], [])
            return super().train_step(data)

    x = tf.constant(TEXTS)[:, None]
    balancer = SyntheticBalancer(source, strategy="equal", resample_real=0.5, mode=mode, pool_size=40, seed=1)
    model = reader(Reader)
    history = model.fit(x, Y, batch_size=52, shuffle=False, epochs=2, verbose=0, callbacks=[balancer]).history
    assert history["synthetic_share"][-1] > 0.1 and history["repeated_share"][-1] > 0.05
    texts, labels = seen[-1]
    rare = {text.decode() for text in texts[labels == 1].ravel()}
    assert rare <= {f"a {animal} ran off" for animal in ("cat", "dog", "bird")} and len(rare) > 1
    assert {text.decode() for text in texts[labels == 0].ravel()} == {"the cat sat"}


@pytest.mark.parametrize("of_data_set", [False, True])
def test_texts_in_the_default_strategy(of_data_set):
    """TensorFlow's texts are bytes, of which Keras takes no arrays."""
    source = synthesis.TextTemplateSynthesizer(TEMPLATES, {"animal": ["cat", "dog", "bird"]})
    x, model = tf.constant(TEXTS)[:, None], reader(keras.Sequential)
    held_out = tf.data.Dataset.from_tensor_slices((x, Y)).batch(52) if of_data_set else (x, Y)
    balancer = SyntheticBalancer(source, trial_cost=1.0, seed=1)
    logs = model.fit(x, Y, batch_size=8, validation_data=held_out, epochs=6, verbose=0, callbacks=[balancer]).history
    assert np.isfinite(logs["val_worst_recall"]).all()
    assert "ended before" not in str(balancer.report_) and "failed" not in str(balancer.report_)


@pytest.mark.parametrize(
    ("mode", "source"),
    [
        ("live", synthesis.TableSynthesizer(lambda *shape: synthesis.GaussianSynthesizer(), modes=1)),
        ("pool", synthesis.GaussianCopulaSynthesizer()),
    ],
)
def test_rows_of_dataframes_for_a_feature_space(mode, source):
    """A synthesizer of DataFrames gives a model of their columns what it takes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(20, 30, 52) + 40 * Y, "job": np.where(Y, "smith", "clerk")})
    frame["rate"] = rng.normal(size=52).astype("float32")
    columns = tf.data.Dataset.from_tensor_slices(dict(frame))
    space = keras.utils.FeatureSpace({"age": "float_normalized", "job": "string_categorical", "rate": "float"})
    space.adapt(columns.batch(52))
    model = Spy(dict(space.get_inputs()), keras.layers.Dense(2, activation="softmax")(space.get_encoded_features()))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    balancer = SyntheticBalancer(source.fit(frame, Y), strategy="equal", mode=mode, pool_size=50, min_real=1, seed=1)
    data = tf.data.Dataset.zip((columns, tf.data.Dataset.from_tensor_slices(Y))).batch(52)
    balancer.adapt(Y)
    logs = model.fit(data, epochs=2, shuffle=False, verbose=0, callbacks=[balancer]).history
    assert logs["synthetic_share"][-1] > 0.2
    seen, y, *_ = (keras.tree.map_structure(np.asarray, part) for part in model.seen)
    assert len(y) > 60 and seen["age"].dtype == "int64"
    np.testing.assert_array_equal(seen["age"] > 45, y == 1)
    np.testing.assert_array_equal(seen["job"] == b"smith", y == 1)


def test_augment_of_several_kinds_of_data():
    """Added rows alone are turned over, in both inputs."""
    x = {"audio": np.ones((60, 30), "float32"), "features": np.ones((60, 3), "float32")}
    inputs = {key: keras.Input(part.shape[1:], name=key) for key, part in x.items()}
    model = Spy(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Concatenate()(list(inputs.values()))))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    augment = layers.MultiModal({"audio": layers.RandomPolarityInversion(1.0), "features": layers.Rescaling(-1.0)})
    callback = SyntheticBalancer(None, strategy="equal", augment=augment, seed=1)
    model.fit(x, np.repeat([0, 1], [50, 10]), batch_size=60, verbose=0, callbacks=[callback])
    for part in model.seen[0].values():
        assert len(part) > 70 and np.min(part[:60]) == 1 and np.max(part[60:]) == -1
