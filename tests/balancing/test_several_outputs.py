"""A model with several outputs: one is balanced, and the others learn from real labels only."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import balanced_accuracy_score, recall_score

from keras_augsynth import synthesis
from keras_augsynth.callbacks import SyntheticBalancer

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], [45, 15])
X = (RNG.normal(size=(60, 4)) + 2 * Y[:, None]).astype("float32")
BOX = np.tile(np.arange(60, dtype="float32")[:, None] + 1.0, (1, 3))
LABELS = {"class": Y, "box": BOX}
SMOTE = synthesis.SMOTE().fit(X, Y)


class Spy(keras.Model):
    def train_step(self, data):
        vars(self)["seen"] = data
        return super().train_step(data)


def model(as_dict=True):
    x = keras.Input((4,))
    made = {
        "class": keras.layers.Dense(2, activation="softmax", name="class")(x),
        "box": keras.layers.Dense(3, name="box")(x),
    }
    result = Spy(x, made if as_dict else list(made.values()))
    losses = {"class": "sparse_categorical_crossentropy", "box": "mse"}
    result.compile(keras.optimizers.SGD(0.01), losses, run_eagerly=True)
    return result


def fit(made, synthesizer, y=LABELS, data=None, **options):
    balancer = SyntheticBalancer(synthesizer, **{"strategy": "equal", "target": "class", "seed": 1, **options})
    given = (X, y) if data is None else (data, None)
    extra = {"batch_size": 60} if data is None else {}
    history = made.fit(*given, shuffle=False, verbose=0, epochs=2, callbacks=[balancer], **extra).history
    return history, balancer


def test_a_repeated_row_brings_all_of_its_labels():
    made = model()
    fit(made, None)
    x, y, _ = keras.utils.unpack_x_y_sample_weight(made.seen)
    known = {row.tobytes(): place for place, row in enumerate(X)}
    places = [known[row.tobytes()] for row in np.asarray(x)]
    assert len(places) > 80
    np.testing.assert_array_equal(y["box"], BOX[places])
    np.testing.assert_array_equal(y["class"], Y[places])


@pytest.mark.parametrize("as_dict", [True, False])
def test_generated_rows_weigh_nothing_for_other_outputs(as_dict):
    made = model(as_dict)
    fit(made, SMOTE, LABELS if as_dict else [Y, BOX])
    x, y, weight = made.seen
    box = weight["box"] if as_dict else weight[1]
    own = weight["class"] if as_dict else weight[0]
    assert len(x) > 80 and np.all(np.asarray(own) == 1.0)
    assert not np.asarray(box)[60:].any()
    values = np.asarray(box)[:60]
    np.testing.assert_allclose(values.sum() / len(x), 1.0, rtol=1e-6)  # a mean over the real rows
    np.testing.assert_array_equal((y["box"] if as_dict else y[1])[:60], BOX)


def test_validation_rows_and_trials():
    made = model()
    balancer = SyntheticBalancer(SMOTE, target="class", seed=1)
    validation = (X[::2], {"class": Y[::2], "box": BOX[::2]})
    history = made.fit(X, LABELS, validation_data=validation, epochs=2, verbose=0, callbacks=[balancer]).history
    predicted = made.predict(X[::2], verbose=0)["class"].argmax(1)
    assert history["val_balanced_accuracy"][-1] == pytest.approx(balanced_accuracy_score(Y[::2], predicted))
    assert history["val_worst_recall"][-1] == pytest.approx(recall_score(Y[::2], predicted, average=None).min())


def test_the_loss_of_the_target_is_adjusted_alone():
    losses = []
    for adjustment in (None, "loss"):
        made = model()
        made.optimizer.learning_rate = 0.0
        made.set_weights([np.zeros(weight.shape) for weight in made.get_weights()])
        history, _ = fit(made, None, logit_adjustment=adjustment, schedule=lambda epoch, epochs: 0.0)
        losses.append((history["class_loss"][0], history["box_loss"][0]))
    prior = np.log(np.array([45, 15]) / 60)
    assert losses[0] == (pytest.approx(np.log(2), rel=1e-5), pytest.approx(np.mean(BOX**2), rel=1e-5))
    assert losses[1] == (pytest.approx(-np.mean(prior[Y]), rel=1e-4), losses[0][1])


@pytest.mark.parametrize("target", [None, "clas"])
@pytest.mark.parametrize("y", [LABELS, [Y, BOX], (Y, Y), None], ids=["dict", "list", "tuple", "stream"])
def test_the_output_must_be_named(y, target):
    data = tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(60) if y is None else None
    message = r"`target` must name the output whose classes are balanced, one of \['class', 'box'\]"
    with pytest.raises(ValueError, match=message):
        fit(model(isinstance(y, dict) or y is None), None, y, data, target=target)


def test_a_stream_of_them():
    data = tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(30)
    balancer = SyntheticBalancer(None, target="class")
    balancer.adapt(data)
    np.testing.assert_array_equal(balancer.class_counts, [45, 15])
    history, _ = fit(model(), SMOTE, data=data)
    assert 0.1 < history["synthetic_share"][0] <= history["synthetic_share"][-1]  # counted while the first epoch runs
