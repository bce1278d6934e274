"""Few texts: what do EDA, AEDA, splicing and templates do for a small network? Ratings of vaderSentiment, four domains.

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2     # its ratings are in the source package alone
    apt install wordnet-base                                           # synonyms
    python examples/small_text.py --data vaderSentiment-3.3.2.tar.gz   # 500 and 2,000 texts, five seeds
    python examples/small_text.py --data … --texts 500                 # the smaller part
    python examples/small_text.py --smoke                              # made-up texts, to see that it runs

Texts that are rated above 0.5 are told from those below -0.5. For each seed other texts are drawn for training,
validation (a fifth as many) and test (4,000); every method gets the same ones, the same network, the same number of
steps, and keeps the epoch that is best on the validation texts. Each run adds a line to small_text.jsonl in --out, and
one whose line is there is skipped. Writes a table with standard errors there, too.

Needs: pip install keras_augsynth
"""

import argparse
import io
import itertools
import json
import os
import pathlib
import sys
import tarfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth import layers, synthesis

BATCH, LENGTH = 25, 50
COPIES = {500: 16, 2000: 8}  # new texts for each one, in the paper of EDA
WORDS = """
good great wonderful excellent lovely nice brilliant funny happy best perfect amazing
bad awful terrible poor boring ugly sad horrible worst stupid useless annoying
movie film story phone camera player plan decision day song idea product sound picture book
"""
POSITIVE, NEGATIVE, THINGS = (line.split() for line in WORDS.strip().splitlines())
SLOTS = {"good": POSITIVE, "bad": NEGATIVE, "thing": THINGS}
TEMPLATES = {
    0: ["The {thing} is {bad}.", "What a {bad} {thing}!", "I hate this {thing}, it is {bad}.", "{bad} {thing}"],
    1: ["The {thing} is {good}.", "What a {good} {thing}!", "I love this {thing}, it is {good}.", "{good} {thing}"],
}


def rated_texts(path):
    """(texts, 1 for positive and 0 for negative) from vaderSentiment's source package."""
    texts, ratings = [], []
    with tarfile.open(path) as outer:
        inner = next(name for name in outer.getnames() if name.endswith("hutto_ICWSM_2014.tar.gz"))
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(inner).read())) as files:
            for name in sorted(files.getnames()):
                if name.endswith("GroundTruth.txt") and "/._" not in name:
                    for line in files.extractfile(name).read().decode("utf-8", "replace").splitlines():
                        _, rating, text = line.split("\t", 2)
                        texts.append(text)
                        ratings.append(float(rating))
    texts, ratings = np.array(texts, object), np.array(ratings)
    clear = np.abs(ratings) > 0.5
    return texts[clear], (ratings[clear] > 0).astype("int32")


def made_up_texts(count=400):
    """Texts of the templates: enough to see that everything runs, and nothing more."""
    y = np.arange(count) % 2
    return synthesis.TextTemplateSynthesizer(TEMPLATES, SLOTS).sample(y, seed=1).numpy(), y.astype("int32")


def methods(table, texts, seed):
    """The augmentation of each method, or a source of texts that are added to each batch."""
    p = COPIES[min(COPIES, key=lambda size: abs(size - texts))]
    often = {"p": p / (p + 1), "seed": seed}
    return {
        "no augmentation": None,
        "EDA": layers.EDA(table, layers.EDA.recommended_rate(texts), **often),
        "AEDA": layers.RandomPunctuationInsertion(**often),
        "splice": layers.ParagraphSplice(p=0.5, seed=seed),
        "templates": synthesis.TextTemplateSynthesizer(TEMPLATES, SLOTS),
    }


def batches(x, y, method, seed):
    """Batches of texts without end, augmented; with templates, a fifth of each batch is theirs."""
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed).repeat()
    if not isinstance(method, synthesis.TextTemplateSynthesizer):
        data = data.batch(BATCH)
        return data if method is None else data.map(method)
    made = BATCH // 5
    random = tf.data.Dataset.random(seed=seed)

    def extended(real, number):
        labels = tf.range(made) % 2
        texts = method.sample(labels, seed=number)
        return tf.concat([real[0], texts], 0), tf.concat([real[1], labels], 0)

    return tf.data.Dataset.zip(data.batch(BATCH - made), random).map(extended)


@keras.saving.register_keras_serializable()
def in_words(texts):
    """Lower case, punctuation marks as words of their own: Keras would leave them out, and AEDA would do nothing."""
    return tf.strings.regex_replace(tf.strings.lower(texts), r"([.,;:!?])", r" \1 ")


def network(words):
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int64"),
            keras.layers.Embedding(words, 64),
            keras.layers.Conv1D(64, 3, activation="relu", padding="same"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )


def accuracy(train, val, test, method, seed, epochs):
    """On the test texts, with the weights of the epoch that is best on the validation texts."""
    keras.utils.set_random_seed(seed)
    words = keras.layers.TextVectorization(20_000, standardize=in_words, output_sequence_length=LENGTH)
    data, steps = batches(*train, method, seed), max(len(train[0]) // BATCH, 1)
    # Words that only an augmentation brings in are words, too.
    words.adapt(tf.concat([train[0], *(text for text, _ in data.take(4 * steps))], 0))
    model = network(len(words.get_vocabulary()))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)])
    best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
    data = data.map(lambda text, label: (words(text), label)).prefetch(2)
    model.fit(
        data,
        epochs=epochs,
        steps_per_epoch=steps,
        validation_data=(words(tf.constant(val[0])), val[1]),
        callbacks=[best],
        verbose=0,
        shuffle=False,
    )
    return model.evaluate(words(tf.constant(test[0])), test[1], verbose=0, batch_size=500)[1]


def table_of(found, runs):
    """Mean accuracies in percent; and the difference to no augmentation, from the same seeds, each ± standard error.

    Args:
        found: {(texts, seed, method): accuracy}.
        runs: those that belong to a full table.
    """
    sizes, names = (list(dict.fromkeys(run[place] for run in runs)) for place in (0, 2))

    def shown(values, sign=""):
        error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
        return f"{np.mean(values):{sign}.1f}{error}" if values else "–"

    lines = [
        "| | " + " | ".join(f"{size} texts | gain" for size in sizes) + " |",
        "| --- " * (1 + 2 * len(sizes)) + "|",
    ]
    for name in names:
        cells = []
        for size in sizes:
            own, base = (
                {run[1]: 100 * found[run] for run in runs if run in found and (run[0], run[2]) == (size, each)}
                for each in (name, "no augmentation")
            )
            gains = [] if name == "no augmentation" else [own[seed] - base[seed] for seed in own if seed in base]
            cells += [shown(list(own.values())), shown(gains, "+")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    missing = "; ".join(
        f"{size} texts, seed {seed}, {name}" for size, seed, name in runs if (size, seed, name) not in found
    )
    return "\n".join(lines) + (f"\n\nNot run: {missing}." if missing else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, help="vaderSentiment-3.3.2.tar.gz")
    parser.add_argument("--wordnet", type=pathlib.Path, default=pathlib.Path("/usr/share/wordnet"))
    parser.add_argument("--texts", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/small_text"))
    parser.add_argument("--table", action="store_true", help="only the table of the runs that are there")
    parser.add_argument("--smoke", action="store_true", help="made-up texts, two epochs, to see that it runs")
    chosen = parser.parse_args()
    if chosen.smoke:
        chosen.texts, chosen.seeds, chosen.epochs, most = [100], 1, 2, 100
        x, y = made_up_texts()
        table = layers.SynonymTable.from_dict({"good": ["fine"], "bad": ["poor"], "film": ["picture"]})
    elif chosen.data is None or not chosen.data.exists() or not chosen.wordnet.exists():
        sys.exit(f"--data and --wordnet must exist. How to get them:\n{__doc__}")
    else:
        (x, y), most = rated_texts(chosen.data), 4000
        table = layers.SynonymTable.from_wordnet(chosen.wordnet)
    runs = list(itertools.product(chosen.texts, range(chosen.seeds), methods(table, 500, 0)))
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / ("smoke.jsonl" if chosen.smoke else "small_text.jsonl")
    if chosen.smoke:
        path.unlink(missing_ok=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = {tuple(line["run"]): line["accuracy"] for line in lines if line["epochs"] == chosen.epochs}
    for size, seed, name in sorted(runs, key=lambda run: run[1]):  # a seed is finished before the next begins
        if chosen.table or (size, seed, name) in found:
            continue
        order = np.random.default_rng(seed).permutation(len(x))
        cuts = np.cumsum([size, size // 5, most])
        train, val, test = ((x[rows], y[rows]) for rows in np.split(order[: cuts[-1]], cuts[:-1]))
        value = accuracy(train, val, test, methods(table, size, seed)[name], seed, chosen.epochs)
        found[size, seed, name] = value
        with path.open("a") as file:
            file.write(json.dumps({"run": [size, seed, name], "epochs": chosen.epochs, "accuracy": value}) + "\n")
        print(f"{size} texts, seed {seed}, {name}: {100 * value:.1f} %", flush=True)
        keras.backend.clear_session()
    head = "Accuracies in percent on other texts, with standard errors over the seeds; "
    head += "gain: over no augmentation, seed by seed."
    text = f"{head}\n\n{table_of(found, runs)}"
    print(f"\n{text}\n\nWritten to {chosen.out}")
    path.with_suffix(".md").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
