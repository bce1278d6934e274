import keras
import numpy as np

from keras_augsynth.balancing.fit_arguments import fit_arguments

X, Y = np.arange(8.0)[:, None], np.zeros((8, 1))


class Seen(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.given = fit_arguments(self.model)
        self.of_another = fit_arguments(compiled())


class Renamed(keras.Sequential):
    def fit(self, data, validation_data=None, **kwargs):
        return super().fit(data[0], data[1], validation_data=validation_data, **kwargs)


def compiled(cls=keras.Sequential):
    model = cls([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def given(model, *arguments, **kwargs):
    seen = Seen()
    model.fit(*arguments, epochs=1, verbose=0, callbacks=[seen], **kwargs)
    assert seen.of_another == {}
    return seen.given


def test_what_fit_was_given():
    found = given(compiled(), X, Y, validation_data=(X, Y), validation_steps=2)
    assert found["x"] is X and found["y"] is Y and found["validation_data"][0] is X and found["validation_steps"] == 2


def test_a_split_has_been_carried_out():
    found = given(compiled(), X, Y, validation_split=0.25)
    np.testing.assert_array_equal(found["x"], X[:6])
    np.testing.assert_array_equal(found["validation_data"][0], X[6:])


def test_a_fit_of_ones_own():
    assert given(compiled(Renamed), (X, Y))["y"] is Y


def test_without_a_fit():
    assert fit_arguments(compiled()) == {}
