"""Neighbouring gains, filters and echoes are carried out together, as SciPy does one after the other."""

import numpy as np
import pytest
import scipy.signal

from keras_augsynth import layers

RATE, TIME = 8000, 1000
SAME = {"sample_rate": RATE}
ROOM = np.array([1.0, 0.0, -0.5, 0.25, 0.1])


def parts(**options):
    return [
        layers.RandomGain(6.0, **options),
        layers.RandomLowPass((900.0, 1500.0), **options),
        layers.RandomPolarityInversion(**{"p": 1.0, **options}),
        layers.RandomEQ(6.0, bands=3, **options),
        layers.RandomReverb(source=[ROOM], **options),
        layers.RandomFade((0.001, 0.003), **options),
    ]


def sizes(*chain, **options):
    return [len(stage.steps) for stage in layers.Pipeline(list(chain), **SAME, **options).plan.stages]


def test_linear_neighbours_become_one_stage():
    low, high, eq, fade = layers.RandomLowPass(), layers.RandomHighPass(), layers.RandomEQ(), layers.RandomFade()
    assert sizes(layers.RandomGain(), low, eq, layers.RandomReverb()) == [4]
    assert sizes(*parts()) == [6]
    assert sizes(*parts(), fuse=False) == [1] * 6
    assert sizes(fade, low, layers.RandomGain(), high, layers.RandomGainTransition()) == [5]
    # What changes in time cannot change places with a filter.
    assert sizes(low, fade, high, eq) == [2, 2]
    assert sizes(low, layers.RandomGainTransition(), high) == [2, 1]
    assert sizes(layers.RandomReverb(), layers.RandomReverb()) == [1, 1]
    assert sizes(low, layers.AddNoise(), high) == [1, 1, 1]


def kernel(response):
    """A filter without delay as a row of taps, from its response to frequencies in Hz."""
    taps = np.fft.fftshift(np.fft.irfft(response(np.fft.rfftfreq(4096, 1 / RATE))))
    return taps, len(taps) // 2


def butterworth(cutoff, kind):
    analog = scipy.signal.butter(4, cutoff, kind, analog=True)
    return lambda hertz: np.abs(scipy.signal.freqs(*analog, worN=hertz)[1])


def equalizer(gains):
    centers = np.log2(np.geomspace(60.0, RATE / 2, len(gains)))
    return lambda hertz: 10 ** (np.interp(np.log2(np.maximum(hertz, 1.0)), centers, gains) / 20)


def one_after_the_other(x, gain, cutoff, gains, fade_in, fade_out):
    """By `fftconvolve`, in float64, with all that rings beyond the ends, which is cut at last."""
    x, start = -gain * x.astype("float64"), 0
    for response in (butterworth(cutoff, "lowpass"), equalizer(gains)):
        taps, middle = kernel(response)
        x, start = scipy.signal.fftconvolve(x, taps), start + middle
    x = scipy.signal.fftconvolve(x, ROOM)[start : start + TIME]
    time = np.arange(TIME) + 0.5
    for seconds, passed in ((fade_in, time), (fade_out, TIME - time)):
        part = np.clip(passed / (seconds * RATE), 0, 1)
        x = x * (3 * part**2 - 2 * part**3)
    return x


@pytest.mark.parametrize("channels", [(), (2,)], ids=["mono", "stereo"])
def test_a_stage_is_what_scipy_does_one_after_the_other(rng, channels):
    sound = rng.normal(size=(3, TIME, *channels)).astype("float32")
    pipeline = layers.Pipeline(parts(), seed=4, **SAME)
    found = pipeline({"audio": sound, "sample_ids": np.arange(3)}, training=True)["audio"].numpy()
    record = [entry["params"] for entry in pipeline.draw_params(np.arange(3), shape=(TIME, *channels)).values()]
    for row in range(3):
        numbers = (np.asarray(record[k][name])[row] for k, name in ((0, "gain"), (1, "cutoff_hz"), (3, "gains_db")))
        fades = (np.asarray(record[5][name])[row] for name in ("seconds_in", "seconds_out"))
        arguments = (*numbers, *fades)
        waves = sound[row].reshape(TIME, -1).T
        expected = np.stack([one_after_the_other(wave, *arguments) for wave in waves], -1).reshape(TIME, *channels)
        # An equalizer's corners ring on for longer than the transforms are, whose lengths differ.
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=2e-4)


def short_parts(**options):
    """Filters that ring for less than 300 samples."""
    return [part for part in parts(**options) if not isinstance(part, layers.RandomEQ)] + [
        layers.RandomGain(6.0, **options),
        layers.RandomGainTransition(6.0, **options),
    ]


def quiet_at_the_ends(rng, channels=()):
    """Sounds of which nothing rings beyond the ends; behind their valid part there is something else."""
    lengths = np.array([TIME, 800, TIME, 700, TIME, 900])
    sound = np.zeros((6, TIME, *channels))
    sound[:, 300:400] = rng.normal(size=(6, 100, *channels)) * np.hanning(100).reshape(100, *(1 for _ in channels))
    for row, length in enumerate(lengths):
        sound[row, length:] = 0.5
    return sound.astype("float32"), lengths


def test_a_short_recording_rings_into_silence(rng):
    """However low the cutoff is, also one that is set later: nothing comes back at the other end."""
    sound = rng.normal(size=(2, 100)).astype("float32")
    layer = layers.RandomHighPass(400.0, **SAME, seed=1)
    for cutoff in (400.0, 60.0):
        layer.cutoff_hz = cutoff
        taps, middle = kernel(butterworth(cutoff, "highpass"))
        expected = [np.convolve(row, taps)[middle : middle + 100] for row in sound.astype("float64")]
        np.testing.assert_allclose(layer(sound, training=True), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("channels", [(), (2,)], ids=["mono", "stereo"])
def test_fused_is_unfused(rng, channels):
    """With lengths, chances, and a sample that is not finite."""
    sound, lengths = quiet_at_the_ends(rng, channels)
    sound[1, 5], sound[3, 650] = np.nan, np.inf
    batch = {"audio": sound, "lengths": lengths, "sample_ids": np.arange(6)}
    make = lambda fuse: layers.Pipeline(short_parts(p=0.5), fuse=fuse, seed=2, **SAME)
    gates = [entry["gate"] for entry in make(True).draw_params(np.arange(6), shape=(TIME, *channels)).values()]
    assert len({tuple(np.asarray(gate)) for gate in gates}) > 4  # other samples in each layer
    fused, unfused = (make(fuse)(batch, training=True)["audio"].numpy() for fuse in (True, False))
    assert len(make(True).plan.stages) == 1
    np.testing.assert_array_equal(np.isfinite(fused), np.isfinite(sound))
    np.testing.assert_allclose(fused, unfused, rtol=0, atol=3e-6)  # of values up to 4: float32
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(fused[row, length:], sound[row, length:])


def test_what_varies_in_time_stays_on_its_side_of_a_filter(rng):
    sound, _ = quiet_at_the_ends(rng)
    sound[:, TIME // 2 :] = 0.0
    fade, transition = layers.RandomFade((0.05, 0.1)), layers.RandomGainTransition(12.0)
    low = layers.RandomLowPass((300.0, 400.0))

    def call(*chain, **options):
        batch = {"audio": sound, "sample_ids": np.arange(6)}
        return layers.Pipeline(list(chain), **SAME, **options)(batch, training=True)["audio"].numpy()

    chain = fade, low, transition
    assert sizes(*chain) == [3]
    fused = call(*chain, seed=5)
    np.testing.assert_allclose(fused, call(*chain, seed=5, fuse=False), rtol=0, atol=1e-5)


def test_where_no_gate_is_open_nothing_changes(rng):
    sound = rng.normal(size=(16, 100)).astype("float32")
    pipeline = layers.Pipeline(
        [layers.RandomGain(6.0, p=0.3), layers.RandomLowPass(900.0, p=0.3), layers.RandomHighPass(p=0.3)],
        seed=1,
        **SAME,
    )
    assert len(pipeline.plan.stages) == 1
    found = pipeline({"audio": sound, "sample_ids": np.arange(16)}, training=True)["audio"].numpy()
    gates = [np.asarray(entry["gate"]) for entry in pipeline.draw_params(np.arange(16), shape=(100,)).values()]
    still = ~np.any(gates, axis=0)
    assert 0 < still.sum() < 16
    np.testing.assert_array_equal(found[still], sound[still])
    only_gain = gates[0] & ~gates[1] & ~gates[2]  # no rounding by a transform
    ratio = found[only_gain] / sound[only_gain]
    assert len(ratio) and np.ptp(ratio, axis=1).max() < 1e-6
    assert not np.isclose(found[~still], sound[~still]).all(axis=1).any()


def test_whole_numbers_are_pcm_in_a_stage(rng):
    sound, lengths = quiet_at_the_ends(rng)
    sound[np.arange(TIME) >= lengths[:, None]] = 0.0
    whole = np.round(sound * 8000).astype("int16")
    make = lambda **options: layers.Pipeline(short_parts(), seed=3, **SAME, **options)
    call = lambda layer, x: layer({"audio": x, "sample_ids": np.arange(6)}, training=True)["audio"].numpy()
    floats = call(make(), whole)
    np.testing.assert_allclose(floats, call(make(fuse=False), whole), rtol=0, atol=3e-6)
    np.testing.assert_allclose(floats, call(make(), whole / np.float32(32768)), rtol=0, atol=1e-6)
    half = call(make(dtype="float16"), whole)
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, floats, rtol=1e-3, atol=1e-4)
    pcm = call(make(dtype="int16"), whole)
    assert pcm.dtype == "int16"
    np.testing.assert_allclose(pcm, np.clip(np.round(floats * 32768), -32768, 32767), atol=1)
