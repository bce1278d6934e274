"""Few voices: what do changes of speaker, room, noise and moment do for a small network that recognizes words?

    apt install espeak-ng                     # the voices; on macOS: brew install espeak-ng
    python examples/spoken_words.py           # seven methods, three seeds: some minutes on two cores
    python examples/spoken_words.py --seeds 5 # with smaller errors
    python examples/spoken_words.py --smoke   # a few steps of two methods, to see that it runs

The speech is synthetic: espeak-ng says ten words in twelve voices, each at four heights and speeds. For each seed three
other voices are those of the training, 120 recordings; the other nine are for testing, as they are and in white noise
and babble at 5 dB. Every method gets the same recordings, the same network and the same number of steps. Each run adds
a line to spoken_words.jsonl in --out, and one whose line is there is skipped. Writes a table with its errors there.

Needs: pip install keras_augsynth
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import wave

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth import layers

RATE, BATCH = 8000, 40
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland")
VARIANTS = ("m1", "f1", "m2", "f2", "m3", "f3", "m5", "f5", "m7", "linda", "Andy", "steph")
VOICES = [f"{accent}+{variant}" for accent, variant in zip(itertools.cycle(ACCENTS), VARIANTS, strict=False)]
PITCHES_AND_SPEEDS = ((35, 150), (50, 130), (60, 175), (75, 160))
NONE = "no augmentation"
METHODS = (NONE, "speaker", "room and microphone", "noise", "level and moment", "masks", "all")


def spoken(word, voice, pitch, words_per_minute, folder):
    """A recording of one second, float32 `(RATE,)`, the word in the middle."""
    path = pathlib.Path(folder) / "word.wav"
    options = ["-v", voice, "-p", str(pitch), "-s", str(words_per_minute), "-w", str(path)]
    subprocess.run(["espeak-ng", *options, word], check=True)
    with wave.open(str(path)) as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "int16") / 32768
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    sound = sound[loud[0] : loud[-1] + 1]
    size = len(sound) * RATE // rate  # by its spectrum, whose upper part does not fit
    sound = np.fft.irfft(np.fft.rfft(sound)[: size // 2 + 1], size) * size / len(sound)
    sound = sound[:RATE]
    before = (RATE - len(sound)) // 2
    return np.pad(sound, (before, RATE - len(sound) - before)).astype("float32")


def recordings(voices, settings):
    """(sounds `(voices, words * settings, RATE)`, the words' numbers `(words * settings,)`)."""
    said = list(itertools.product(range(len(WORDS)), settings))
    with tempfile.TemporaryDirectory() as folder:
        sounds = [[spoken(WORDS[word], voice, *how, folder) for word, how in said] for voice in voices]
    return np.array(sounds), np.array([word for word, _ in said])


def in_noise(sounds, snr_db=5.0):
    """White noise in every other recording, a babble of three others in the rest."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=sounds.shape)
    babble = sum(np.roll(sounds[rng.permutation(len(sounds))], rng.integers(RATE), axis=1) for _ in range(3))
    noise[1::2] = babble[1::2]
    level = lambda x: np.sqrt(np.mean(np.square(x), axis=1, keepdims=True))
    return (sounds + noise * level(sounds) / level(noise) * 10 ** (-snr_db / 20)).astype("float32")


def families(p):
    """Layers for waves and for spectrograms by what they imitate; each changes a recording with chance `p`."""
    some = {"p": p}
    return {
        "speaker": (
            [
                layers.RandomPitchShift(4.0, window=512, **some),
                layers.RandomSpeed((0.85, 1.15), **some),
                layers.RandomVTLP((0.87, 1.15), window=512, **some),
            ],
            [],
        ),
        "room and microphone": (
            [layers.RandomEQ(12.0, **some), layers.RandomReverb((0.1, 0.6), (0.0, 15.0), **some)],
            [],
        ),
        "noise": (
            [
                layers.RandomColoredNoise((0.0, 30.0), **some),
                layers.BackgroundNoise("batch", (0.0, 30.0), **some),
            ],
            [],
        ),
        "level and moment": ([layers.RandomTimeShift(0.15, **some), layers.RandomGain(12.0, **some)], []),
        "masks": (
            [],
            [
                layers.RandomTimeWarp(10, **some),
                layers.RandomFrequencyMask(8, **some),
                layers.RandomSpectrogramTimeMask(15, **some),
            ],
        ),
    }


def augmentation(method, seed):
    """(what is done to recordings, what is done to their spectrograms), each a Pipeline."""
    chosen = families(0.25 if method == "all" else 0.5)  # there are twelve layers in all
    parts = list(chosen.values()) if method == "all" else [chosen.get(method, ([], []))]
    chains = (list(itertools.chain.from_iterable(place)) for place in zip(*parts, strict=True))
    return tuple(layers.Pipeline(chain, sample_rate=RATE, seed=seed) for chain in chains)


def spectrograms():
    """Log-mel spectrograms `(batch, 101, 40)` of recordings, about from -1 to 1."""
    mel = keras.layers.MelSpectrogram(
        fft_length=256, sequence_stride=80, sampling_rate=RATE, num_mel_bins=40, max_freq=RATE / 2
    )
    return keras.Sequential([mel, keras.layers.Permute((2, 1)), keras.layers.Rescaling(1 / 40, 0.5)])


def network(shape):
    convolution = lambda filters: keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)
    blocks = [
        layer
        for filters in (16, 32, 64)
        for layer in (
            convolution(filters),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(2),
        )
    ]
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dropout(0.3), keras.layers.Dense(len(WORDS))]
    return keras.Sequential([keras.Input(shape), keras.layers.Reshape((*shape, 1)), *blocks, *head])


def accuracies(train, tests, method, seed, steps):
    """On each of the tests, after the last step."""
    keras.utils.set_random_seed(seed)
    of_waves, of_spectrograms = augmentation(method, seed)
    mel = spectrograms()
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(len(train[1]), seed=seed).repeat()
    data = data.batch(BATCH, drop_remainder=True)
    data = data.map(lambda x, y: (of_spectrograms(mel(of_waves(x, training=True)), training=True), y)).prefetch(2)
    model = network(data.element_spec[0].shape[1:])
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    model.fit(data, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False)
    return [model.evaluate(mel(x), y, verbose=0, batch_size=120)[1] for x, y in tests]


def table_of(found, runs):
    """Mean accuracies in percent, and the gain over no augmentation seed by seed, each ± standard error."""

    def shown(values, sign=""):
        error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
        return f"{np.mean(values):{sign}.1f}{error}" if len(values) else "–"

    lines = ["| | other voices | gain | other voices in noise | gain |", "| --- | --- | --- | --- | --- |"]
    for method in dict.fromkeys(name for _, name in runs):
        cells = []
        own, base = (
            {seed: 100 * np.array(found[seed, each]) for seed, _ in runs if (seed, each) in found}
            for each in (method, NONE)
        )
        for place in (0, 1):
            gains = [] if method == NONE else [own[seed][place] - base[seed][place] for seed in own if seed in base]
            cells += [shown([values[place] for values in own.values()]), shown(gains, "+")]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    missing = "; ".join(f"seed {run[0]}, {run[1]}" for run in runs if run not in found)
    return "\n".join(lines) + (f"\n\nNot run: {missing}." if missing else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=250, help=f"of training, with {BATCH} recordings each")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/spoken_words"))
    parser.add_argument("--smoke", action="store_true", help="five voices, two methods, two steps: to see that it runs")
    chosen = parser.parse_args()
    if shutil.which("espeak-ng") is None:
        sys.exit(
            "espeak-ng is not installed, which speaks the words: apt install espeak-ng, or brew install espeak-ng."
        )
    started, voices, settings, methods = time.time(), VOICES, PITCHES_AND_SPEEDS, METHODS
    path = chosen.out / "spoken_words.jsonl"
    if chosen.smoke:
        voices, settings, methods = voices[:5], settings[:2], (NONE, "noise")
        chosen.seeds, chosen.steps, path = 1, 2, chosen.out / "smoke.jsonl"
        path.unlink(missing_ok=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    sounds, y = recordings(voices, settings)
    print(f"{sounds.shape[0] * sounds.shape[1]} words spoken by espeak-ng: {time.time() - started:.0f} s", flush=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = {(line["seed"], line["method"]): line["accuracy"] for line in lines if line["steps"] == chosen.steps}
    runs = list(itertools.product(range(chosen.seeds), methods))
    for seed, method in runs:
        if (seed, method) in found:
            continue
        order = np.random.default_rng(seed).permutation(len(voices))
        few, others = (sounds[rows].reshape(-1, RATE) for rows in (order[:3], order[3:]))
        labels = lambda x: np.tile(y, len(x) // len(y))
        tests = [(others, labels(others)), (in_noise(others), labels(others))]
        found[seed, method] = accuracies((few, labels(few)), tests, method, seed, chosen.steps)
        line = {"seed": seed, "method": method, "steps": chosen.steps, "accuracy": found[seed, method]}
        with path.open("a") as file:
            file.write(json.dumps({**line, "voices": [voices[row] for row in order[:3]]}) + "\n")
        shown = " and ".join(f"{100 * value:.1f} %" for value in found[seed, method])
        print(f"seed {seed}, {method}: {shown}, {time.time() - started:.0f} s", flush=True)
        keras.backend.clear_session()
    text = f"Synthetic speech of espeak-ng, accuracies in percent.\n\n{table_of(found, runs)}"
    print(f"\n{text}\n\nWritten to {chosen.out}")
    path.with_suffix(".md").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
