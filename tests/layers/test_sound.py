"""Recordings: accuracy against librosa and SciPy, levels, lengths, PCM, what is not finite."""

import pathlib

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import registry
from keras_augsynth.ops import fourier

GOLDEN = np.load(pathlib.Path(__file__).parents[1] / "data" / "librosa.npz")  # see README.md there
RATE = 8000


def db(reference, found):
    """How far `reference` stands above its difference from `found`, in decibels."""
    return 10 * np.log10(np.sum(reference**2) / np.sum((reference - found) ** 2))


def rms(x):
    return np.sqrt(np.mean(np.asarray(x, "float64") ** 2))


def tones(n, *frequencies):
    """A sum of sines, frequencies as parts of the sample rate."""
    time = np.arange(n)
    return np.sum([np.sin(2 * np.pi * f * time + k) for k, f in enumerate(frequencies)], 0).astype("float32")


# Playing faster and higher.


@pytest.mark.parametrize("rate", [0.75, 1.25])
def test_stretch_is_that_of_librosa(rate):
    expected = GOLDEN[f"stretch {rate}"]
    found = layers.RandomTimeStretch(rate, window=256)(GOLDEN["x"]).numpy()
    assert found.shape == GOLDEN["x"].shape
    size = min(len(expected), len(found))
    assert db(expected[:size], found[:size]) > 70
    assert db(expected[256 : size - 256], found[256 : size - 256]) > 75
    assert not found[size:].any()


def test_a_stretched_recording_goes_on_behind_silence():
    sound = tones(1200, 0.1)
    sound[300:700] = 0.0
    found = layers.RandomTimeStretch(0.8, window=64)(sound).numpy()
    assert rms(found[950:1150]) > 0.1  # not as loud as before: the phases of its frequencies begin anew


@pytest.mark.xla
def test_gradient_of_a_stretch_is_the_same_compiled(rng):
    sound, weights = keras.ops.convert_to_tensor(rng.normal(size=(2, 2, 200)).astype("float32"))

    def gradient(jit):
        with tf.GradientTape() as tape:
            tape.watch(sound)
            total = tf.reduce_sum(weights * layers.RandomTimeStretch(0.8, window=64, jit=jit)(sound, training=True))
        return tape.gradient(total, sound).numpy()

    compiled = gradient(True)
    np.testing.assert_allclose(compiled, gradient(False), rtol=0, atol=1e-3 * np.abs(compiled).max())
    # A step along the gradient changes the result by as much as the gradient says.
    stretch = lambda x: np.vdot(weights, layers.RandomTimeStretch(0.8, window=64, jit=False)(x, training=True))
    step = 1e-3 * compiled / np.linalg.norm(compiled)
    change = stretch(sound + step) - stretch(sound - step)
    np.testing.assert_allclose(change, 2e-3 * np.linalg.norm(compiled), rtol=0.02)


@pytest.mark.parametrize("semitones", [-5.0, 3.0])
def test_pitch_is_that_of_librosa(semitones):
    expected, found = GOLDEN[f"pitch {semitones}"], layers.RandomPitchShift((semitones,) * 2, window=256)(GOLDEN["x"])
    assert db(expected[256:-256], found.numpy()[256:-256]) > 40
    peaks = [np.abs(np.fft.rfft(wave)).argmax() for wave in (expected, found.numpy())]
    assert peaks[0] == peaks[1]


@pytest.mark.parametrize(("up", "down"), [(4, 5), (5, 4), (1, 2)])
def test_speed_is_that_of_scipy(up, down):
    sound = tones(1024, 0.01, 0.07, 0.19) * np.hanning(1024).astype("float32")
    taps = scipy.signal.firwin(128 * max(up, down) + 1, 0.97 / max(up, down), window=("kaiser", 10))
    expected = scipy.signal.resample_poly(sound, up, down, window=taps)
    found = layers.RandomSpeed(down / up)(sound).numpy()
    size = min(len(expected), 1024)
    assert db(expected[:size], found[:size]) > 60
    assert np.abs(found[size:]).max(initial=0) < 1e-3


@pytest.mark.parametrize(
    "layer", [layers.RandomSpeed(1.0), layers.RandomTimeStretch(1.0), layers.RandomPitchShift(0.0)]
)
def test_a_rate_of_one_changes_nothing(layer, rng):
    sound = rng.normal(size=(2, 300)).astype("float32")
    np.testing.assert_allclose(layer(sound), sound, atol=1e-5)


def test_frequencies_that_do_not_fit_are_left_out():
    """At twice the speed 0.4 of the sample rate would become 0.8, and be heard as 0.2."""
    found = layers.RandomSpeed(2.0)(tones(1024, 0.4)).numpy()
    assert rms(found[50:450]) < 1e-3


def test_vocal_tract_moves_resonances_and_not_the_pitch():
    pulses = np.zeros(4096)
    pulses[::80] = 1.0  # 100 Hz
    radius, angle = 0.97, 2 * np.pi * 1500 / RATE
    vowel = scipy.signal.lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], pulses).astype("float32")
    found = layers.RandomVTLP(1.25, window=512, sample_rate=RATE)(vowel).numpy()
    loudness = np.abs(np.fft.rfft(found[1024:3072] * np.hanning(2048)))
    frequency = np.fft.rfftfreq(2048, 1 / RATE)
    assert abs(frequency[loudness.argmax()] - 1.25 * 1500) <= 100  # one harmonic
    harmonics = loudness[(frequency % 100 < 12) | (frequency % 100 > 88)]  # the window's main lobe is 8 Hz to a side
    assert np.sum(harmonics**2) > 0.95 * np.sum(loudness**2)


# Filters.


def measured(layer, size=8192):
    """(frequencies in Hz, the layer's response) by an impulse in the middle."""
    impulse = np.zeros(size, "float32")
    impulse[size // 2] = 1.0
    return np.fft.rfftfreq(size, 1 / RATE), np.abs(np.fft.rfft(layer(impulse).numpy()))


@pytest.mark.parametrize(
    ("layer", "kind", "edges"),
    [
        (layers.RandomLowPass(900.0, sample_rate=RATE), "lowpass", [900.0]),
        (layers.RandomHighPass(300.0, order=6, sample_rate=RATE), "highpass", [300.0]),
        (layers.RandomBandPass(1000.0, 1.0, sample_rate=RATE), "bandpass", [1000 / 2**0.5, 1000 * 2**0.5]),
        (layers.RandomBandStop(800.0, 2.0, sample_rate=RATE), "bandstop", [400.0, 1600.0]),
    ],
)
def test_filters_take_3_db_where_they_say(layer, kind, edges):
    frequency, response = measured(layer)
    crossings = frequency[:-1][np.diff(response > np.sqrt(0.5)) != 0]
    np.testing.assert_allclose(crossings, edges, rtol=0.02)
    analog = scipy.signal.butter(layer.order, edges if len(edges) > 1 else edges[0], kind, analog=True)
    _, expected = scipy.signal.freqs(*analog, worN=frequency)
    np.testing.assert_allclose(response, np.abs(expected), atol=2e-3)


def test_equalizer_has_its_gain_at_each_frequency():
    layer = layers.RandomEQ(12.0, bands=5, sample_rate=RATE, seed=2)
    frequency, response = measured(layer)
    gains = layer.draw_params([0])  # another call: as many numbers, others
    assert gains[next(iter(gains))]["params"]["gains_db"].shape == (1, 5)
    centers = np.geomspace(60.0, RATE / 2, 5)
    weights = fourier.equalizer(frequency.astype("float32"), centers, np.array([[0.0, 6.0, -3.0, 9.0, 1.0]], "float32"))
    found = 20 * np.log10(np.interp(centers, frequency, weights.numpy()[0]))
    np.testing.assert_allclose(found, [0, 6, -3, 9, 1], atol=0.1)
    assert np.abs(20 * np.log10(response[1:])).max() < 13.0 and np.ptp(20 * np.log10(response[1:])) > 1.0


def test_good_lengths_are_the_same_for_known_and_unknown_sizes():
    for size in (1, 5, 8, 9, 100, 640, 641, 769, 1024, 1025, 16000, 160001):
        known = fourier.good_length(size)
        assert known >= size and int(fourier.good_length(keras.ops.convert_to_tensor(size))) == known


# Noise and rooms.

NOISY = {
    "white": layers.AddNoise(7.0, seed=1),
    "pink": layers.RandomColoredNoise(7.0, 3.0, seed=1),
    "bank": layers.BackgroundNoise([np.sin(np.arange(70.0)), np.cos(np.arange(30.0) ** 2)], 7.0, seed=1),
    "batch": layers.BackgroundNoise("batch", 7.0, seed=1),
}


@pytest.mark.parametrize("name", NOISY)
def test_noise_has_its_level_over_the_valid_part(name, rng):
    sound = rng.normal(size=(4, 256)).astype("float32")
    sound[1] *= 1e-3
    sound[2, :60] = 0  # a silent recording
    lengths = np.array([256, 100, 60, 500])
    result = NOISY[name]({"audio": sound, "lengths": lengths}, training=True)["audio"].numpy()
    for row, length in ((0, 256), (1, 100), (3, 256)):
        ratio = 20 * np.log10(rms(sound[row, :length]) / rms((result - sound)[row, :length]))
        silent_partner = name == "batch" and np.array_equal(result[row], sound[row])
        if not silent_partner:
            np.testing.assert_allclose(ratio, 7.0, rtol=0, atol=0.1)
        np.testing.assert_array_equal(result[row, length:], sound[row, length:])
    np.testing.assert_array_equal(result[2], sound[2])


@pytest.mark.parametrize("decay", [0.0, 3.0, 6.0, -3.0])
def test_noise_has_its_color(decay):
    silence = np.full((16, 1024), 1e-6, "float32")
    noise = layers.RandomColoredNoise(-60.0, decay, seed=1)(silence).numpy() - silence
    frequency, power = scipy.signal.welch(noise, nperseg=256)
    power = power.mean(0)[2:-2]
    slope = np.polyfit(np.log2(frequency[2:-2]), 10 * np.log10(power), 1)[0]
    np.testing.assert_allclose(slope, -decay, rtol=0, atol=0.4)


def test_echo_dies_away_as_it_should():
    """RT60 by Schroeder's integral, from -5 to -25 dB."""
    impulse = np.zeros((24, 4096), "float32")
    impulse[:, 0] = 1.0
    found = layers.RandomReverb(0.3, 6.0, sample_rate=RATE, seed=1)(impulse).numpy()
    np.testing.assert_array_equal(found[:, 0].round(5), 1.0)
    energy = np.sum(found[:, 1:] ** 2, axis=1)
    np.testing.assert_allclose(10 * np.log10(1 / energy.mean()), 6.0, rtol=0, atol=0.3)
    left = np.cumsum(np.mean(found[:, 1:] ** 2, 0)[::-1])[::-1]
    level = 10 * np.log10(left / left[0])
    steep = (level < -5) & (level > -25)
    slope = np.polyfit(np.flatnonzero(steep) / RATE, level[steep], 1)[0]
    np.testing.assert_allclose(-60 / slope, 0.3, rtol=0.05)


def test_measured_rooms_are_convolved_with(rng):
    sound, room = rng.normal(size=(2, 200)).astype("float32"), np.array([1.0, 0.0, -0.5, 0.25])
    found = layers.RandomReverb(source=[room], sample_rate=RATE)(sound).numpy()
    again = layers.RandomReverb(source=[np.concatenate([[0.0, 0.1], -2 * room])], sample_rate=RATE)(sound)
    np.testing.assert_allclose(again, found, atol=1e-5)  # begins with its loudest sample, which becomes 1
    with pytest.raises(ValueError, match="RandomReverb: `source` must not be silent"):
        layers.RandomReverb(source=[np.zeros(3)])
    for row, wave in zip(found, sound, strict=True):
        np.testing.assert_allclose(row, scipy.signal.fftconvolve(wave, room)[:200], atol=1e-5)


def test_a_bank_is_learned_and_saved(tmp_path, rng):
    layer = layers.BackgroundNoise(snr_db=0.0, seed=1)
    with pytest.raises(ValueError, match="BackgroundNoise: `source` must be given, or learned by `adapt`"):
        layer(np.ones((1, 8), "float32"))
    layer.adapt([rng.normal(size=7), rng.normal(size=(2, 5)), (rng.normal(size=4) * 1000).astype("int16")])
    sound = np.ones((3, 20), "float32")
    model = keras.Sequential([keras.Input((20,)), layer])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(layer(sound), again(sound))
    with pytest.raises(ValueError, match="BackgroundNoise: `source` must be finite"):
        layers.BackgroundNoise([[np.nan]])
    read = "recordings, not names of files: read them, by tf.audio.decode_wav"
    for files in ("rain.wav", ["rain.wav"], pathlib.Path("rain.wav"), np.array(["rain.wav"])):
        with pytest.raises(TypeError, match=f'BackgroundNoise: `source` must be "batch", or {read}'):
            layers.BackgroundNoise(files)
        with pytest.raises(TypeError, match=f"RandomReverb: `source` must be {read}"):
            layers.RandomReverb(source=files)


# Levels and time.


def test_gain_transition_and_fade():
    ones = np.ones((50, 400), "float32")
    found = layers.RandomGainTransition(12.0, 0.02, sample_rate=RATE, seed=1)(ones).numpy()
    slope = np.diff(20 * np.log10(found), axis=1)
    moving = np.abs(slope) > 1e-4
    assert np.all(np.abs(moving.sum(1) - 160) <= 1)  # 0.02 s
    assert np.abs(20 * np.log10(found)).max() < 12.01
    faded = layers.RandomFade((0.01, 0.01), sample_rate=RATE)(ones).numpy()[0]
    np.testing.assert_allclose(faded[80:320], 1.0)
    np.testing.assert_allclose(faded, faded[::-1], atol=1e-6)
    assert np.all(np.diff(faded[:80]) > 0) and faded[0] < 1e-3


def test_moves_in_time():
    sound = np.array([[1.0, 2.0, 3.0, 4.0, 9.0]])
    data = {"audio": sound, "lengths": [4]}
    shift = lambda seconds, **kwargs: layers.RandomTimeShift((seconds,) * 2, sample_rate=1, **kwargs)(data)["audio"]
    np.testing.assert_array_equal(shift(1), [[0, 1, 2, 3, 9]])
    np.testing.assert_array_equal(shift(-1), [[2, 3, 4, 0, 9]])
    np.testing.assert_array_equal(shift(-1, fill_mode="wrap"), [[2, 3, 4, 1, 9]])
    np.testing.assert_array_equal(shift(1e15), [[0, 0, 0, 0, 9]])
    np.testing.assert_array_equal(layers.RandomReverse(1.0)(data)["audio"], [[4, 3, 2, 1, 9]])


def test_crop_cuts_within_the_valid_part():
    sound = np.tile(np.arange(1.0, 11.0), (200, 1))
    data = {"audio": sound, "lengths": np.repeat([6, 3], 100)}
    result = layers.RandomAudioCrop(4, seed=1)(data, training=True)
    long, short = result["audio"].numpy()[:100], result["audio"].numpy()[100:]
    assert {tuple(row) for row in long} == {tuple(range(k, k + 4)) for k in (1, 2, 3)}
    assert np.all(short == [1, 2, 3, 0])
    np.testing.assert_array_equal(result["lengths"], np.repeat([4, 3], 100))
    np.testing.assert_array_equal(layers.RandomAudioCrop(4)(data, training=False)["audio"][0], [2, 3, 4, 5])


def test_masks_are_as_long_as_they_should():
    ones = np.ones((300, 200), "float32")
    found = layers.RandomTimeMask(0.01, sample_rate=RATE, seed=1)(ones).numpy()
    silent = (found == 0).sum(1)
    assert silent.min() == 0 and silent.max() == 80
    assert np.all(np.abs(np.diff(found, axis=1)).sum(1) <= 2)  # one piece
    half = layers.RandomTimeMask((9.0, 9.0), sample_rate=RATE)({"audio": ones, "lengths": [100] * 300})["audio"].numpy()
    assert np.all((half == 0).sum(1) == 50) and np.all(half[:, 100:] == 1)


def test_speed_changes_lengths():
    data = {"audio": np.ones((2, 100), "float32"), "lengths": np.array([80, 200])}
    fast = layers.RandomSpeed(2.0)(data)
    np.testing.assert_array_equal(fast["lengths"], [40, 50])
    assert not fast["audio"].numpy()[0, 40:].any() and fast["audio"].numpy()[0, 30] > 0.9
    np.testing.assert_array_equal(layers.RandomTimeStretch(0.5, window=64)(data)["lengths"], [100, 100])


# Distortions.


def test_levels_of_mu_law_and_bit_crush():
    sound = np.linspace(-1.2, 1.2, 4801, dtype="float32")
    found = layers.RandomMuLaw(8)(sound).numpy()
    # librosa's formula for mu = 255, with levels from -128 to 127
    companded = np.sign(sound) * np.log1p(255 * np.minimum(np.abs(sound), 1)) / np.log1p(255)
    level = np.clip(np.round(companded * 128), -128, 127) / 128
    expected = np.sign(level) / 255 * ((1 + 255.0) ** np.abs(level) - 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert 200 < len(np.unique(found)) <= 256
    crushed = layers.RandomBitCrush(4)(sound).numpy()
    np.testing.assert_array_equal(np.unique(crushed), np.arange(-8, 8) / 8)


def test_clipping_cuts_a_part_of_the_peak():
    found = layers.RandomClipping((0.25, 0.25))(np.array([[0.1, -0.4, 0.35], [10.0, -40.0, 35.0]])).numpy()
    np.testing.assert_allclose(found, [[0.1, -0.3, 0.3], [10, -30, 30]], rtol=1e-6)


def test_compression_brings_loud_and_quiet_together():
    sound = tones(3200, 0.05)
    sound[:1600] *= 0.1  # -20 dB
    layer = layers.RandomCompression(-12.0, ratio=4.0, seconds=0.01, sample_rate=RATE)
    found = layer(np.stack([sound, 50 * sound])).numpy()
    change = 20 * np.log10([rms(found[0, part]) / rms(sound[part]) for part in (slice(200, 1400), slice(1800, 3000))])
    np.testing.assert_allclose(change, [0.0, -9.0], atol=0.1)  # 12 dB above the threshold become 3
    np.testing.assert_allclose(found[1], 50 * found[0], rtol=1e-4)  # whatever the level


def test_compression_over_more_than_the_recording_takes_no_room_for_it(rng):
    sound = rng.normal(size=(2, 64)).astype("float32")
    layer = layers.RandomCompression(-20.0, ratio=4.0, seconds=60.0, sample_rate=1e9)
    np.testing.assert_allclose(layer(sound), 10 ** (-15 / 20) * sound, rtol=1e-5)  # there is one moment, the loudest


@pytest.mark.parametrize("longest", [2**32, np.iinfo("int64").max], ids=["32 bits", "64 bits"])
def test_a_length_without_an_end_is_the_whole_recording(longest, rng):
    """Of such a number the lower 32 bits would be 0, or -1."""
    sound, layer = rng.normal(size=(2, 64)).astype("float32"), layers.RandomReverse(1.0)
    found = layer({"audio": sound, "lengths": np.array([longest, 32])}, training=True)["audio"]
    np.testing.assert_array_equal(found[0], sound[0, ::-1])
    np.testing.assert_array_equal(found[1], [*sound[1, 31::-1], *sound[1, 32:]])


# What all of them have in common.

SOUND = registry.layers("audio")
SOUND = [cls for cls in SOUND if cls.modalities[0].name == "audio"]
each_layer = pytest.mark.parametrize("cls", SOUND, ids=lambda cls: cls.__name__)
IN_TIME = [cls for cls in SOUND if cls.keeps_time]


def made(cls, **kwargs):
    return cls(**{"seed": 3, **cls.at_strength(0.6), **({"window": 16} if "window" in cls.at_strength(0.6) else {})})


@pytest.mark.parametrize("cls", IN_TIME, ids=lambda cls: cls.__name__)
def test_beyond_its_length_a_recording_is_neither_touched_nor_counted(cls, rng):
    """What lies there makes no difference, and NaN stays where it is and is silence to the rest."""
    sound = rng.normal(size=(2, 64)).astype("float32")
    loud = sound.copy()
    loud[:, 40:] = 1000.0
    sound[0, 9] = loud[0, 9] = np.nan
    layer = made(cls)
    run = lambda x: layer({"audio": x, "lengths": [40, 30], "sample_ids": [5, 6]}, training=True)["audio"].numpy()
    first, second = run(sound), run(loud)
    np.testing.assert_array_equal(first[1, 30:], sound[1, 30:])
    np.testing.assert_array_equal(second[0, 40:], loud[0, 40:])
    np.testing.assert_array_equal(first[:, :30], second[:, :30])
    assert np.array_equal(np.flatnonzero(np.isnan(first)), [9])


@each_layer
def test_channels_of_a_recording_belong_together(cls, rng):
    """What is drawn is drawn once for all channels; added noise is another one in each."""
    mono = rng.normal(size=(2, 64)).astype("float32")
    layer = made(cls)
    run = lambda x: layer({"audio": x, "sample_ids": [5, 6]}, training=True)["audio"].numpy()
    stereo = run(np.stack([mono, mono], axis=-1))
    assert stereo.shape == (2, len(stereo[0]), 2)
    if cls not in (layers.AddNoise, layers.RandomColoredNoise):
        np.testing.assert_allclose(stereo[..., 0], stereo[..., 1], atol=1e-5)
        np.testing.assert_allclose(stereo[..., 0], run(mono), atol=1e-4)


def test_whole_numbers_are_pcm():
    pcm = np.array([[-32768, 0, 16384, 32767]], "int16")
    scaled = np.array([[-1.0, 0.0, 0.5, 32767 / 32768]], "float32")
    layer = layers.RandomPolarityInversion(1.0)
    np.testing.assert_array_equal(layer(pcm), -scaled)
    np.testing.assert_array_equal(layer(pcm, training=False), scaled)
    np.testing.assert_array_equal(layer(np.array([[0, 128, 255]], "uint8"), training=False), [[-1, 0, 127 / 128]])
    chain = layers.Pipeline([layers.RandomGain((0.0, 0.0)), layer])
    np.testing.assert_array_equal(chain(pcm), -scaled)  # once
    back = layers.RandomPolarityInversion(1.0, dtype="int16")
    np.testing.assert_array_equal(back(pcm), [[32767, 0, -16384, -32767]])
    np.testing.assert_array_equal(back(pcm, training=False), pcm)


@pytest.mark.parametrize("mixer", [layers.MixUp, layers.CutMix])
def test_whole_numbers_are_pcm_where_recordings_are_mixed(mixer):
    pcm = np.full((4, 64), 16384, "int16")
    for chain in ([mixer(modality="audio")], [mixer(), layers.RandomGain((0.0, 0.0))]):
        for training in (True, False):
            floats = layers.Pipeline(chain, modality="audio")(pcm, training=training)
            np.testing.assert_allclose(floats, np.full((4, 64), 0.5), rtol=1e-6)
    back = layers.Pipeline([layers.RandomGain((0.0, 0.0)), mixer()], modality="audio", dtype="int16")
    np.testing.assert_array_equal(back(pcm), pcm)


def test_booleans_are_no_pcm():
    """As bytes True would be (1 - 128) / 128."""
    booleans = np.array([[True, False, True]])
    np.testing.assert_array_equal(layers.RandomGain((0.0, 0.0))(booleans), booleans.astype("float32"))


def test_sample_rates():
    sound = np.ones((1, 64), "float32")
    with pytest.raises(ValueError, match="RandomLowPass: `sample_rate` must be given, to the layer or to the Pipeline"):
        layers.RandomLowPass(500.0)(sound)
    inside = layers.Pipeline([layers.RandomLowPass(500.0, seed=1)], sample_rate=RATE)
    np.testing.assert_allclose(inside(sound), layers.RandomLowPass(500.0, sample_rate=RATE)(sound), atol=1e-6)
    with pytest.raises(
        ValueError, match=r"RandomHighPass: `cutoff_hz` must stay below half of the sample rate, 4000 Hz"
    ):
        layers.RandomHighPass((100.0, 5000.0), sample_rate=RATE)
    with pytest.raises(ValueError, match="RandomBandStop: `center_hz` must stay below"):
        layers.Pipeline([layers.RandomBandStop(3000.0)], sample_rate=4000)(sound)
    with pytest.raises(ValueError, match="RandomEQ: `sample_rate` must be above 120"):
        layers.RandomEQ(sample_rate=100)(sound)


@each_layer
def test_one_sample_silence_and_no_valid_sample(cls):
    """Clips shorter than any window or empty, silence, a length of 0: nothing that is not finite comes out."""
    layer = made(cls)
    extremes = np.zeros((2, 0)), np.ones((2, 1)), np.zeros((2, 64)), np.full((2, 64), 1e30)
    for sound in (each.astype("float32") for each in extremes):
        assert np.isfinite(layer(sound, training=True)).all()
    nothing = layer({"audio": np.ones((2, 64), "float32"), "lengths": [0, -3]}, training=True)
    assert np.isfinite(nothing["audio"]).all()
