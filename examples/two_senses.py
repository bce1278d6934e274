"""Digits that are seen and heard: what do augmentation, dropped senses and new pairs do when one sense fails?

    apt install espeak-ng                  # speaks the digits
    python examples/two_senses.py          # six methods, five seeds: a few minutes on two cores
    python examples/two_senses.py --smoke  # two short trainings, to see that it runs

The images are scikit-learn's digits. The recordings are synthetic speech by espeak-ng, so this says how the layers work
together, not how well people are understood. Images, voices and recordings of the test are not those of the training.
The digits 5 to 9 are rare: 5 rows each, beside 20 of each other. A network of two inputs meets both senses, one alone
(the other is zeros), or one in noise. Each run adds a line to two_senses.jsonl in --out, and one whose line is there is
skipped. Writes a table with standard errors there, too.

Needs: pip install "keras_augsynth[examples]"
"""

import argparse
import functools
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import wave

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import keras
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.metrics import balanced_accuracy_score

    from keras_augsynth import callbacks, layers, synthesis
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the examples need: pip install ".[examples]"')

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES, OTHER_VOICES = ("m1", "m2", "m3", "f1", "f2", "f3"), ("m4", "m5", "m6", "m7", "f4", "f5")
FREQUENT, RARE, TEST = 20, 5, 30  # rows of a digit
RATE, LENGTH = 7350, 5880  # samples in a second, and of a recording
METHODS = ("nothing", "augmentation", "senses dropped", "rare rows again", "rare rows in new pairs", "all of it")


# The data.


def spoken(digit, voice, rng):
    """One recording `(LENGTH,)`, at a speed and a pitch of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/word.wav"
        speed, pitch = (str(rng.integers(*limits)) for limits in ((140, 220), (30, 71)))
        command = ["espeak-ng", "-v", f"en-us+{voice}", "-s", speed, "-p", pitch, "-w", path, WORDS[digit]]
        subprocess.run(command, check=True)
        with wave.open(path) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
    sound = sound[: len(sound) // 3 * 3].reshape(-1, 3).mean(axis=1)[:LENGTH]  # espeak-ng has 22,050 samples a second
    return np.pad(sound, (0, LENGTH - len(sound))).astype("float32")


def recordings(counts, voices, seed):
    """`counts[digit]` recordings of each digit, in order."""
    rng = np.random.default_rng(seed)
    return np.stack([spoken(digit, voices[k % len(voices)], rng) for digit in range(10) for k in range(counts[digit])])


@functools.lru_cache(maxsize=1)  # espeak-ng is a process for each word
def data(seed):
    """(rows for training, their digits, rows for the test, theirs)."""
    pictures, digits = load_digits(return_X_y=True)
    pictures = (pictures.reshape(-1, 8, 8, 1) * (255.0 / 16.0)).astype("float32")
    rng = np.random.default_rng(seed)
    train, test = np.where(np.arange(10) < 5, FREQUENT, RARE), np.full(10, TEST)
    places = [rng.permutation(np.flatnonzero(digits == digit)) for digit in range(10)]
    images = [np.concatenate([pictures[p[s : s + n]] for p, s, n in zip(places, *cut, strict=True)])
              for cut in ((np.zeros(10, int), train), (train, test))]  # fmt: skip
    sounds = recordings(train, VOICES, seed), recordings(test, OTHER_VOICES, seed + 1000)
    rows = [{"images": image, "audio": sound} for image, sound in zip(images, sounds, strict=True)]
    return rows[0], np.repeat(np.arange(10), train), rows[1], np.repeat(np.arange(10), test)


def conditions(x, seed):
    """The rows of the test as they are, and with one sense missing or in noise."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0.0, 100.0, x["images"].shape)
    hiss = rng.normal(size=x["audio"].shape) * np.sqrt(np.mean(x["audio"] ** 2, axis=1, keepdims=True))
    return {
        "both senses": x,
        "only seen": {**x, "audio": np.zeros_like(x["audio"])},
        "only heard": {**x, "images": np.zeros_like(x["images"])},
        "seen in noise": {**x, "images": np.clip(x["images"] + grain, 0, 255).astype("float32")},
        "heard in noise": {**x, "audio": (x["audio"] + hiss).astype("float32")},  # as loud as the word
    }


# The methods.


def augmentation(seed):
    return layers.MultiModal(
        {
            "images": layers.Pipeline([layers.RandomRotation(0.04), layers.RandomTranslation(0.12, 0.12)]),
            "audio": layers.Pipeline([layers.RandomSpeed((0.85, 1.18)), layers.AddNoise((0.0, 30.0))]),
        },
        p=0.8,
        seed=seed,
    )


def source(method):
    """What the balancer adds: rows that came by before, or new pairs of them; None where there is no balancer."""
    if method == "rare rows again":
        return synthesis.AugmentedResampler()
    return synthesis.PairedResampler() if method in ("rare rows in new pairs", "all of it") else None


def network(method, seed):
    """Images and sounds, each by its own branch; what is drawn in training rests in `predict`."""
    inputs = {"images": keras.Input((8, 8, 1), name="images"), "audio": keras.Input((LENGTH,), name="audio")}
    senses = inputs
    if method in ("augmentation", "all of it"):
        senses = augmentation(seed)(senses)
    if method in ("senses dropped", "all of it"):
        senses = layers.RandomModalityDrop(0.3, seed=seed)(senses)
    seen = keras.layers.Rescaling(1.0 / 255.0)(senses["images"])
    seen = keras.layers.Conv2D(16, 3, activation="relu")(seen)
    seen = keras.layers.Conv2D(32, 3, activation="relu")(seen)
    seen = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(seen))
    bands = keras.layers.MelSpectrogram(256, 128, sampling_rate=RATE, num_mel_bins=24, min_freq=60, max_freq=RATE / 2)
    heard = keras.layers.Rescaling(1.0 / 40.0)(bands(senses["audio"]))  # from decibels
    heard = keras.layers.Conv1D(32, 5, strides=2, activation="relu")(keras.layers.Permute((2, 1))(heard))
    heard = keras.layers.Conv1D(32, 5, strides=2, activation="relu")(heard)
    heard = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(heard))
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Concatenate()([seen, heard])))


def run(method, seed, epochs):
    """Balanced accuracy in percent, by condition."""
    x, y, test_x, test_y = data(seed)
    keras.utils.set_random_seed(seed)
    model = network(method, seed)
    model.compile(keras.optimizers.Adam(2e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    added = source(method)
    used = [] if added is None else [callbacks.SyntheticBalancer(added.fit(x, y), strategy="equal", seed=seed)]
    model.fit(x, y, batch_size=24, epochs=epochs, verbose=0, callbacks=used)
    found = {}
    for name, rows in conditions(test_x, seed).items():
        guessed = model.predict(rows, batch_size=300, verbose=0).argmax(axis=1)
        found[name] = 100 * balanced_accuracy_score(test_y, guessed)
    return found


def table(lines, runs):
    """Means over the seeds with their standard errors."""

    def shown(values):
        error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
        return f"{np.mean(values):.1f}{error}" if values else "–"

    names = list(next(iter(lines.values())))
    text = ["| in training | " + " | ".join(names) + " |", "| --- " * (1 + len(names)) + "|"]
    for method in dict.fromkeys(method for _, method in runs):
        own = [lines[one] for one in runs if one in lines and one[1] == method]
        text.append(f"| {method} | " + " | ".join(shown([line[name] for line in own]) for name in names) + " |")
    missing = "; ".join(f"seed {seed}, {method}" for seed, method in runs if (seed, method) not in lines)
    return (
        f"Balanced accuracy in percent, seeds {sorted({seed for seed, _ in lines})}; synthetic speech.\n\n"
        + "\n".join(text)
        + (f"\n\nNot run: {missing}." if missing else "")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--smoke", action="store_true", help="two methods, one seed, two epochs")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/two_senses"))
    options = parser.parse_args()
    if shutil.which("espeak-ng") is None:
        sys.exit("espeak-ng, which speaks the digits, is not installed: apt install espeak-ng")
    runs = list(itertools.product(range(options.seeds), METHODS))
    if options.smoke:
        runs, options.epochs = [(0, method) for method in (METHODS[0], METHODS[-1])], 2
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / ("smoke.jsonl" if options.smoke else "two_senses.jsonl")
    if options.smoke:
        path.unlink(missing_ok=True)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    lines = {tuple(line["run"]): line["accuracy"] for line in known if line["epochs"] == options.epochs}
    for seed, method in runs:
        if (seed, method) in lines:
            continue
        lines[seed, method] = run(method, seed, options.epochs)
        with path.open("a") as file:
            line = {"run": [seed, method], "epochs": options.epochs, "accuracy": lines[seed, method]}
            file.write(json.dumps(line) + "\n")
        print(f"seed {seed}, {method}: {lines[seed, method]['both senses']:.1f} % with both senses", flush=True)
        keras.backend.clear_session()
    text = table(lines, runs)
    print(f"\n{text}\n\nWritten to {options.out}")
    path.with_suffix(".md").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
