"""Recordings and spectrograms in another scale, form or unit get one warning, which says what to write."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import registry

RNG = np.random.default_rng(0)
SOUNDS = (0.2 * RNG.standard_normal((2, 8000))).clip(-1, 1).astype("float32")
PADDED = SOUNDS * (np.arange(8000) < [[100], [80]])
PCM = (32767 * SOUNDS).astype("int16")
MELS = RNG.standard_normal((2, 100, 80)).astype("float32")
DECIBELS = np.minimum(15 * MELS - 40, 0)


def shift():
    return layers.RandomTimeShift(0.1, sample_rate=16000)


def with_lengths(x, lengths):
    return {"audio" if x.shape[1] > 1000 else "spectrograms": x, "lengths": np.array(lengths)}


WRONG = {
    "floats of 16 bits": (layers.RandomBitCrush, PCM.astype("float32"), "Divide them by 32768, or give them as int16;"),
    "mu law": (layers.RandomMuLaw, PCM.astype("float64"), "RandomMuLaw: recordings must lie from -1 to 1, but"),
    "standardized": (layers.RandomBitCrush, SOUNDS * 40, "Put the layer before what standardizes them"),
    "behind a map": (
        lambda: layers.Pipeline([layers.Rescaling(1 / 2), layers.RandomGain(), layers.RandomMuLaw()]),
        PCM,
        "Pipeline: recordings for RandomMuLaw must lie from -1 to 1, but",
    ),
    "PCM out of floats": (
        lambda: layers.RandomPolarityInversion(dtype="int16"),
        PCM.astype("float32"),
        "recordings that become int16 must lie from -1 to 1, but these are louder by far. Divide them by 32768",
    ),
    "32 bits": (layers.RandomGain, PCM.astype("int32"), 'nearly silent then. Write tf.cast(x, "int16").'),
    "64 bits": (layers.RandomGain, PCM.astype("int64"), "divided by 2**63, but these are of 16 bits, and nearly"),
    "32 of 64 bits": (layers.RandomGain, PCM.astype("int64") << 16, 'Write tf.cast(x, "int32").'),
    "channels first": (shift, SOUNDS.reshape(2, 2, 4000), "Write tf.transpose(x, (0, 2, 1))."),
    "mono": (layers.RandomGain, SOUNDS[:, None], "Write tf.transpose(x, (0, 2, 1))."),
    "spectrograms": (shift, MELS, "as if they were spectrograms. Give recordings, or take layers of"),
    "milliseconds": (
        lambda: layers.RandomTimeMask(100.0, sample_rate=16000),
        SOUNDS,
        "RandomTimeMask: `seconds` is up to 100 seconds, but the recordings last no more than a tenth of that at 16000",
    ),
    "milliseconds of a part": (
        lambda: layers.Pipeline([layers.RandomGain(), layers.RandomTimeShift(100.0)], sample_rate=16000),
        SOUNDS,
        "Pipeline: `shift_seconds` of RandomTimeShift is up to 100 seconds",
    ),
    "kilohertz": (
        lambda: layers.RandomTimeShift(0.1, sample_rate=16),
        SOUNDS,
        "`sample_rate` is 16 Hz, at which these recordings would last more than four minutes. Write 16000 if 16 kHz is",
    ),
    "kilohertz of all": (
        lambda: layers.Pipeline([layers.RandomGain(), layers.RandomTimeShift(0.1)], sample_rate=22.05),
        SOUNDS,
        "Write 22050 if 22.05 kHz is meant.",
    ),
    "lengths in frames": (layers.AddNoise, with_lengths(SOUNDS, [90, 50]), "`lengths` must be in samples, but there"),
    "lengths in seconds": (
        layers.AddNoise,
        with_lengths(PCM[..., None], [1, 1]),
        "Multiply seconds by the sample rate.",
    ),
    "lengths in samples": (
        layers.RandomFrequencyMask,
        with_lengths(MELS, [16000, 12000]),
        "`lengths` must be in frames, but all of them are more than 32 times what there is. Divide samples by the hop",
    ),
    "recordings": (layers.SpecAugment, SOUNDS, "Take layers of recordings, or make spectrograms by tf.signal.stft."),
    "stereo": (layers.SpecAugment, np.stack([SOUNDS] * 2, -1), "Take layers of recordings"),
    "recordings, channels first": (layers.SpecAugment, np.stack([SOUNDS] * 2, 1), "Take layers of recordings"),
    "channel first": (layers.SpecAugment, MELS[:, None], "Write tf.transpose(x, (0, 3, 2, 1))."),
    "decibels": (layers.SpecAugment, DECIBELS, "`fill_value` is 0, but nearly all values lie far below"),
    "logarithms": (
        lambda: layers.Pipeline([layers.RandomTimeWarp(2), layers.RandomSpectrogramTimeMask(9)]),
        2 * MELS - 6,
        "`fill_value` of RandomSpectrogramTimeMask is 0",
    ),
}
RIGHT = {
    "floats": (layers.RandomBitCrush, SOUNDS),
    "PCM": (layers.RandomMuLaw, PCM),
    "loud": (layers.RandomMuLaw, 3 * SOUNDS),
    "quiet": (layers.RandomMuLaw, SOUNDS / 1000),
    "long pauses": (lambda: layers.RandomTimeMask(5.0, sample_rate=16000), SOUNDS[:, :100]),
    "a map behind what reads PCM": (
        lambda: layers.Pipeline([layers.RandomGain(), layers.Rescaling(0.5), layers.RandomBitCrush()]),
        PCM,
    ),
    "bytes": (layers.RandomBitCrush, (100 * SOUNDS + 128).astype("uint8")),
    "32 bits": (layers.RandomBitCrush, (2.0**31 * SOUNDS.astype("float64")).astype("int32")),
    "24 of 32 bits": (layers.RandomBitCrush, PCM.astype("int32") << 8),
    "32 bits of silence": (layers.RandomGain, 0 * PCM.astype("int32")),
    "floats of 16 bits where the scale does not matter": (layers.AddNoise, PCM.astype("float32")),
    "a map in front": (
        lambda: layers.Pipeline([layers.Rescaling(1 / 32768), layers.RandomBitCrush()]),
        PCM.astype("float32"),
    ),
    "a map of PCM": (lambda: layers.Pipeline([layers.Rescaling(1 / 32768), layers.RandomBitCrush()]), PCM),
    "a mean, which is unknown": (
        lambda: layers.Pipeline([layers.Rescaling(1.0, 3.0), layers.RandomBitCrush()]),
        PCM.astype("float32"),
    ),
    "PCM out of PCM": (lambda: layers.RandomGain(dtype="int16"), PCM),
    "stereo": (shift, np.stack([SOUNDS] * 2, -1)),
    "128 electrodes": (lambda: layers.RandomTimeShift(0.1, sample_rate=256), RNG.standard_normal((2, 100, 128))),
    "16 microphones": (shift, RNG.standard_normal((2, 1600, 16)) / 5),
    "short clips": (lambda: layers.RandomTimeMask(0.05, sample_rate=8000), SOUNDS[:, :80]),
    "a slow sensor": (lambda: layers.RandomTimeShift(1.0, sample_rate=16), SOUNDS[:, :1600]),
    "words": (layers.RandomGain, RNG.standard_normal((2, 10, 300))),
    "a very short part": (layers.AddNoise, with_lengths(PADDED, [100, 80])),
    "a short part of bytes": (
        layers.AddNoise,
        with_lengths((100 * PADDED + 128).astype("uint8"), [100, 80]),
    ),
    "nothing valid": (layers.AddNoise, with_lengths(SOUNDS, [0, 0])),
    "one of them": (layers.AddNoise, with_lengths(SOUNDS, [50, 8000])),
    "no end": (layers.AddNoise, with_lengths(SOUNDS, [2**31 - 1] * 2)),
    "lengths of what was cut": (layers.AddNoise, with_lengths(SOUNDS, [160000, 90000])),
    "frames": (layers.SpecAugment, with_lengths(MELS, [100, 40])),
    "standardized": (layers.SpecAugment, MELS),
    "standardized, a quiet one": (layers.SpecAugment, MELS / 4 - 1.5),
    "amplitudes": (layers.SpecAugment, np.exp(3 * MELS)),
    "decibels and their mean": (lambda: layers.SpecAugment(fill_value="mean"), DECIBELS),
    "decibels that are not masked": (layers.RandomTimeWarp, DECIBELS),
    "decibels above and below 0": (layers.SpecAugment, DECIBELS + 40),
    "standardized by the pipeline": (
        lambda: layers.Pipeline([layers.Normalization(mean=-40.0, variance=100.0), layers.SpecAugment()]),
        DECIBELS,
    ),
    "fine spectra": (layers.SpecAugment, RNG.standard_normal((3, 8193))),
    "two channels": (layers.SpecAugment, RNG.standard_normal((2, 100, 80, 2))),
    "mixing": (layers.MixUp, {"audio": PCM.astype("int64"), "labels": np.eye(2, dtype="float32")}),
}


def named(cases):
    return pytest.mark.parametrize(("make", "given", *["text"] * (cases is WRONG)), cases.values(), ids=list(cases))


@named(WRONG)
def test_an_eager_call_warns_once(make, given, text):
    layer = make()
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        layer(given)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert str(caught[0].message).startswith(f"{type(layer).__name__}: ")
    layer(given)  # warnings are errors


@named(WRONG)
def test_a_traced_function_prints_it_once(make, given, text, capfd):
    data = tf.data.Dataset.from_tensors(given).repeat(2).map(make())
    for _ in range(2):
        list(data)
    assert capfd.readouterr().err.count(text) == 1


@named(RIGHT)
def test_what_fits_is_not_warned_of(make, given, capfd):
    make()(given)
    list(tf.data.Dataset.from_tensors(given).map(make()))
    assert capfd.readouterr().err == ""


def test_silence_says_nothing_about_what_comes_next():
    layer = layers.RandomBitCrush()
    layer(0 * SOUNDS)
    with pytest.warns(UserWarning, match="Divide them by 32768"):
        layer(PCM.astype("float32"))


def test_a_warm_up_says_nothing_about_what_comes_next():
    layer = layers.RandomBitCrush()
    layers.warm_up(layer, (2, 8000), dtype="float32", verbose=0)
    with pytest.warns(UserWarning, match="Divide them by 32768"):
        layer(PCM.astype("float32"))


def test_whole_numbers_that_a_model_takes_as_floats(capfd):
    model = keras.Sequential([keras.Input((8000,)), layers.RandomBitCrush(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(PCM, np.zeros((2, 1)), epochs=2, verbose=0)
    assert capfd.readouterr().err.count("Divide them by 32768, or give them as int16;") == 1


def test_the_first_element_of_an_enumerated_data_set(capfd):
    data = tf.data.Dataset.from_tensors(PCM.astype("float32"))
    with pytest.warns(UserWarning, match="Divide them by 32768") as caught:
        numbered = layers.enumerated(data, layers.RandomBitCrush())
    assert caught[0].filename == __file__
    list(numbered)
    assert capfd.readouterr().err == ""


SOUND = [cls for cls in registry.layers("audio") if hasattr(cls, "knows_full_scale")]


@pytest.mark.parametrize("cls", SOUND, ids=lambda cls: cls.__name__)
def test_every_layer_whose_result_depends_on_the_scale_knows_it(cls):
    results = []
    for scale in (0.5, 1024.0):
        layer = cls(**{**cls.at_strength(1.0), "seed": 1, "sample_rate": 16000})
        layer.looks_left = frozenset()
        results.append(layer({"audio": scale * SOUNDS})["audio"] / scale)
    same = np.allclose(results[0], results[1], atol=1e-4)
    assert same != cls.knows_full_scale


def test_recordings_have_one_sample_rate():
    fade = lambda rate: layers.RandomFade(0.1, sample_rate=rate)
    with pytest.raises(ValueError, match="`sample_rate` must be the same everywhere: give it to the outermost layer"):
        layers.Pipeline([fade(8000)], sample_rate=16000)
    with pytest.raises(ValueError, match=r"Pipeline: .*\('RandomFade', 8000.0\), \('RandomFade', 9000.0\)"):
        layers.Pipeline([fade(8000), fade(9000)])
    with pytest.raises(ValueError, match="OneOf: `sample_rate` must be the same"):
        layers.OneOf([layers.Pipeline([fade(8000)]), layers.Pipeline([shift()], sample_rate=16000)])
    resample = keras.layers.Lambda(lambda x: x[:, ::2])
    layers.Pipeline([layers.Pipeline([shift()]), resample, fade(8000)], sample_rate=16000)


def mel():
    return keras.layers.MelSpectrogram(num_mel_bins=20, fft_length=256, sequence_stride=128, sampling_rate=8000)


@pytest.mark.parametrize("between", [[], [keras.layers.Rescaling(2.0), layers.Rescaling(0.5)]], ids=len)
def test_spectrograms_of_keras_have_frequencies_first(between):
    mask = lambda: layers.RandomSpectrogramTimeMask(9, fill_value="mean")
    text = "RandomSpectrogramTimeMask: .* but MelSpectrogram gives .batch, frequency, time.. Put keras"
    with pytest.warns(UserWarning, match=text) as caught:
        model = keras.Sequential([keras.Input((8000,)), mel(), *between, mask(), keras.layers.Flatten()])
    assert len(caught) == 1
    model(SOUNDS, training=True)  # warnings are errors
    turned = [keras.Input((8000,)), mel(), *between, keras.layers.Permute((2, 1)), mask()]
    assert keras.Sequential(turned)(SOUNDS, training=True).shape[2] == 20
    parts = layers.Pipeline([layers.Rescaling(0.5), mask()])
    with pytest.warns(UserWarning, match=text):
        keras.Sequential([keras.Input((8000,)), mel(), parts])
