"""Stretch and pitch shift make as many samples as they need; changes of speed in a row sample once."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.ops import fourier, frames

TIME, WINDOW = 600, 64
IDS = np.arange(5)
SEEN = []


class Pitch(layers.RandomPitchShift, listed=False):
    def apply(self, x, params):
        SEEN.append(int(params["room"].shape[0]))
        return super().apply(x, params)


class Stretch(layers.RandomTimeStretch, listed=False):
    def apply(self, x, params):
        SEEN.append(int(params["room"].shape[0]))
        return super().apply(x, params)


def sounds(rng):
    return (rng.normal(size=(5, TIME)) * np.hanning(TIME)).astype("float32")


def call(layer, x, **more):
    return layer({"audio": x, "sample_ids": IDS, **more}, training=True)["audio"].numpy()


@pytest.mark.parametrize(
    ("layer", "part"),
    [
        (Pitch(4.0), 2 ** (4 / 12)),
        (Pitch((1.0, 3.5)), 2 ** (4 / 12)),  # twelve lengths to an octave, so that not each range is compiled anew
        (Pitch((-9.0, -5.0)), 2 ** (-5 / 12)),
        (Pitch(12.0), 2.0),
        (Pitch(layers.Choice([-3.0, 2.0])), 2 ** (2 / 12)),
        (Pitch(layers.PerClass([(0.0, 1.0), (2.0, 5.0)])), 2 ** (5 / 12)),
        (Pitch(layers.Normal(0.0, 1.0, high=3.0)), 2 ** (3 / 12)),
        (Pitch(layers.Normal(0.0, 1.0)), 2.0),
        (Stretch((0.8, 1.25)), 1.0),
        (Stretch((1.5, 2.0)), 2 ** (-7 / 12)),
        (Stretch(4.0), 0.25),
    ],
    ids=str,
)
def test_as_much_is_made_as_the_range_needs(layer, part, rng):
    SEEN.clear()
    call(layer, sounds(rng), labels=np.zeros(5, "int32"))
    assert len(SEEN) == 1
    assert TIME * part <= SEEN[0] <= TIME * part + 2


def test_nothing_is_missing_from_a_range(rng):
    sound, ratio = sounds(rng)[:, None], np.full(5, 2 ** (4 / 12), "float32")
    expected = fourier.resampled(frames.stretched(sound, 1.0 / ratio, 2 * TIME, WINDOW), ratio, TIME)[:, 0]
    found = layers.RandomPitchShift((4.0, 4.0), window=WINDOW)(sound[:, 0])
    # The low-pass rings at the end of a transform, whose length differs; what is missing is a thousand times as much.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    rate = np.full(5, 1.5, "float32")
    expected = frames.stretched(sound, rate, TIME, WINDOW)[:, 0]
    found = layers.RandomTimeStretch(1.5, window=WINDOW)(sound[:, 0])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


LIVE = [
    (layers.RandomPitchShift, "semitones", (-3.0, -2.0), (9.0, 10.0)),
    (layers.RandomTimeStretch, "rate", (1.8, 2.0), (0.5, 0.6)),
]


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.xla)])
@pytest.mark.parametrize(("cls", "name", "short", "long"), LIVE, ids=["pitch", "stretch"])
def test_a_traced_function_follows_a_range_that_grows(cls, name, short, long, jit, rng):
    sound = sounds(rng)
    make = lambda value, jit: cls(**{name: value}, window=WINDOW, seed=1, jit=jit)
    layer = make(short, jit)
    step = tf.function(lambda x: layer({"audio": x, "sample_ids": IDS}, training=True)["audio"])
    eager = make(short, jit)
    for value in (short, long, short):
        for each in (layer, eager):
            setattr(each, name, value)
        expected = call(make(value, False), sound)  # compiled would take as long again
        np.testing.assert_allclose(step(sound), expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(call(eager, sound), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("cls", "name", "short", "long"), LIVE, ids=["pitch", "stretch"])
def test_what_was_drawn_counts_also_when_the_range_has_shrunk(cls, name, short, long, rng):
    sound, layer = sounds(rng), cls(**{name: long}, window=WINDOW, seed=1)
    record = layer.draw_params(IDS, shape=(TIME,))
    expected = layer.replay(sound, record)
    setattr(layer, name, short)
    np.testing.assert_allclose(layer.replay(sound, record), expected, rtol=0, atol=1e-5)


@pytest.mark.xla
@pytest.mark.parametrize(("cls", "name", "short", "long"), LIVE, ids=["pitch", "stretch"])
def test_inside_a_kernel_of_the_user_there_is_room_for_all(cls, name, short, long, rng):
    sound, layer = sounds(rng), cls(**{name: short}, window=WINDOW, seed=1)
    step = tf.function(lambda x: layer({"audio": x, "sample_ids": IDS}, training=True)["audio"], jit_compile=True)
    step(sound)
    setattr(layer, name, long)
    np.testing.assert_allclose(step(sound), call(layer, sound), rtol=0, atol=1e-4)


# Changes of speed in a row.


def row(fuse=True, **options):
    parts = [layers.RandomSpeed((0.6, 1.6), **options), layers.RandomSpeed((0.7, 1.5), **options)]
    return layers.Pipeline([*parts, layers.RandomSpeed(1.1, **options)], fuse=fuse, seed=3)


def test_neighbours_that_change_the_speed_sample_once():
    assert [len(row(fuse).plan.stages) for fuse in (True, False)] == [1, 3]


def test_neighbours_share_a_vocoder():
    speed, stretch, pitch = layers.RandomSpeed(0.9), layers.RandomTimeStretch(0.9), layers.RandomPitchShift()
    sizes = lambda *parts: [len(stage.steps) for stage in layers.Pipeline(list(parts)).plan.stages]
    assert sizes(stretch, pitch, layers.RandomSpeed(), speed) == [4]
    assert sizes(speed, pitch, stretch) == [1, 2]  # a vocoder hears what the tape gives it
    assert sizes(pitch, speed, stretch) == [2, 1]
    assert sizes(stretch, layers.RandomTimeStretch(0.9, window=512)) == [1, 1]


def vocoders(p=1.0, fuse=True, jit=None):
    parts = [
        layers.RandomTimeStretch((0.7, 0.9), window=WINDOW, p=p),
        layers.RandomPitchShift((3.0, 7.0), window=WINDOW, p=p),
        layers.RandomTimeStretch((1.3, 1.6), window=WINDOW, p=p),
        layers.RandomSpeed((1.1, 1.2), p=p),
    ]
    return layers.Pipeline(parts, fuse=fuse, seed=3, jit=jit)


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.xla)])
def test_a_shared_vocoder_has_the_product_of_all(jit, rng):
    """Of tempo and of pitch, as formulas say; with lengths, and what is not finite stays as long as it should."""
    sound = sounds(rng)
    sound[2, 70] = np.nan
    batch = {"audio": sound, "lengths": np.array([600, 500, 300, 1, 0]), "sample_ids": IDS}
    found, alone = vocoders(jit=jit)(batch, training=True), vocoders(fuse=False)(batch, training=True)
    np.testing.assert_array_equal(found["lengths"], alone["lengths"])
    np.testing.assert_array_equal(np.isnan(found["audio"]), np.isnan(alone["audio"]))
    first, second, third, last = (entry["params"] for entry in vocoders().draw_params(IDS, shape=(TIME,)).values())
    columns = np.stack([second["ratio"], last["ratio"]], axis=1)
    rate = first["rate"] * third["rate"] / second["ratio"]
    clean = np.where(np.isnan(sound) | (np.arange(TIME) >= batch["lengths"][:, None]), 0.0, sound)[:, None]
    expected = fourier.resampled(frames.stretched(clean, rate, 3 * TIME, WINDOW), columns, TIME)[:, 0].numpy()
    heard = np.arange(TIME) < np.array(found["lengths"])[:, None]
    kept = np.isfinite(found["audio"])
    np.testing.assert_allclose(np.array(found["audio"])[kept], np.where(heard, expected, 0.0)[kept], rtol=0, atol=1e-4)


def test_a_tone_behind_a_shared_vocoder():
    """Where it is heard, and how high, by SciPy's spectrum."""
    time = np.arange(8000)
    tone = (np.sin(2 * np.pi * 0.05 * time) * np.exp(-0.5 * ((time - 3000) / 400) ** 2)).astype("float32")
    parts = [layers.RandomTimeStretch(1.25, window=512), layers.RandomPitchShift((4.0, 4.0), window=512)]
    found = layers.Pipeline(parts)(tone[None]).numpy()[0].astype("float64")
    frequency, power = scipy.signal.periodogram(found, nfft=1 << 16)
    np.testing.assert_allclose(frequency[power.argmax()], 0.05 * 2 ** (4 / 12), rtol=2e-3)
    np.testing.assert_allclose(np.sum(time * found**2) / np.sum(found**2), 3000 / 1.25, rtol=2e-3)


def test_each_row_of_a_shared_vocoder_has_its_own_chance(rng):
    """One that only one layer changes is changed as by that layer; one that none changes stays."""
    sound, ids = np.tile(sounds(rng), (8, 1)), np.arange(40)
    once, apart = (
        vocoders(0.3, fuse)({"audio": sound, "sample_ids": ids}, training=True)["audio"] for fuse in (True, False)
    )
    gates = np.array([entry["gate"] for entry in vocoders(0.3).draw_params(ids, shape=(TIME,)).values()])
    alone = gates.sum(axis=0) == 1
    assert set(gates[:, alone].argmax(axis=0)) == {0, 1, 2, 3}
    np.testing.assert_allclose(once.numpy()[alone], apart.numpy()[alone], rtol=0, atol=2e-4)
    silent = ~gates.any(axis=0)
    assert silent.any()
    np.testing.assert_array_equal(once.numpy()[silent], sound[silent])


@pytest.mark.parametrize("channels", [(), (2,)], ids=["mono", "stereo"])
def test_sampled_once_is_sampled_three_times(channels, rng):
    """With lengths, chances, and samples that are not finite; of a sound of which nothing is cut off on the way."""
    sound = np.zeros((8, TIME, *channels), "float32")
    sound[:, 100:200] = rng.normal(size=(8, 100, *channels)) * np.hanning(100).reshape(100, *(1 for _ in channels))
    # White noise has what one low-pass takes away and two take away twice: so both ways have to do the same.
    sound[1, 205:300:2] = np.nan
    batch = {"audio": sound, "lengths": np.array([600, 300, 250, 600, 599, 400, 1, 0]), "sample_ids": np.arange(8)}
    once, thrice = (row(fuse, p=0.7)(batch, training=True) for fuse in (True, False))
    gates = np.array([entry["gate"] for entry in row(p=0.7).draw_params(np.arange(8), shape=(TIME,)).values()])
    assert len(set(map(tuple, gates.T))) > 2
    np.testing.assert_array_equal(once["lengths"], thrice["lengths"])
    once, thrice = once["audio"].numpy(), thrice["audio"].numpy()
    np.testing.assert_array_equal(np.isfinite(once), np.isfinite(thrice))
    assert np.isnan(once).any()
    size = np.sum(np.nan_to_num(thrice) ** 2)
    assert np.sum(np.nan_to_num(once - thrice) ** 2) < 1e-6 * size  # 60 dB
    for number in np.flatnonzero(~gates.any(axis=0)):
        np.testing.assert_array_equal(once[number], sound[number])


def test_what_is_not_finite_moves_to_the_same_places_sampled_once(rng):
    """Each change of speed rounds to whole samples: in another order it would be other samples."""
    sound = np.where(rng.uniform(size=(16, TIME)) < 0.5, np.nan, 0.0).astype("float32")
    once, thrice = (np.isnan(row(fuse)(sound, training=True)) for fuse in (True, False))
    np.testing.assert_array_equal(once, thrice)
    assert np.all(once.any(axis=1)) and not once.all(axis=1).any()
