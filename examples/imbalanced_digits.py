"""Imbalanced real digits: what do augmentation, oversampling and generated rows of the rare classes do?

    python examples/imbalanced_digits.py             # five methods, one seed: 5 minutes on two cores
    python examples/imbalanced_digits.py --full      # nine methods, three seeds, more steps: the long form
    python examples/imbalanced_digits.py --smoke     # everything once, in a minute, to see that it runs
    python examples/imbalanced_digits.py --data mnist | fashion | DIR      # 60,000 images instead of 5,000

Ctrl-C stops it; the same command goes on after the last method that was finished. Writes a table, pictures, all
models and an exported one to --out, and calls the exported one with TensorFlow alone.

Needs: pip install "keras_augsynth[examples]"
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    from digits.quiet import quiet

    with quiet():
        import keras
        import numpy as np
        from digits import pictures
        from digits.data import CLASSES, SHORT_TAIL, DataError, load, oversampled, split
        from digits.progress import FitProgress, Progress, in_words
        from digits.results import Results, ResultsError, mean, save_whole, table

        from keras_augsynth import __version__, callbacks, export_savedmodel, layers, losses, synthesis
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the examples need: pip install ".[examples]"')
except KeyboardInterrupt:
    sys.exit("\nStopped before anything began; the same command starts it.")

BATCH = 64


# The network and the methods.


def classifier(*augmentation):
    """The same small network for every method, behind an augmentation or none, which is active in training only."""
    model = keras.Sequential([keras.Input((28, 28, 1)), *augmentation, layers.Rescaling(1 / 255)])
    for filters in (32, 64):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(0.3))
    model.add(keras.layers.Dense(CLASSES))
    return model


def augmentation():
    """Four layers, one resample. No mirroring: a mirrored digit is another digit, or none."""
    black = {"fill_mode": "constant"}
    return layers.Pipeline(
        [
            layers.RandomTranslation(0.1, 0.1, **black),
            layers.RandomRotation(0.04, **black),
            layers.RandomZoom(0.15, **black),
            layers.RandomShear(0.15, 0.15, **black),
        ]
    )


def make_gan(seed):
    """A convolutional GAN: one network for all classes."""
    networks = synthesis.dcgan((28, 28, 1), num_classes=CLASSES, width=16)
    augment = synthesis.DiffAugment(["translation", "cutout"], seed=seed)
    gan = synthesis.GAN(*networks, num_classes=CLASSES, augment=augment, value_range=(0, 255), seed=seed)
    gan.compile()
    return gan


@dataclass
class Training:
    """What a method trains, on which rows, by which loss."""

    model: keras.Model
    rows: object
    loss: object = None
    class_weight: dict | None = None
    balancer: object = None


def plain(rows, seed, gan):
    return Training(classifier(), rows)


def class_weights(rows, seed, gan):
    counts = np.bincount(rows.y)
    return Training(classifier(), rows, class_weight=dict(enumerate(len(rows.y) / CLASSES / counts)))


def logit_adjustment(rows, seed, gan):
    return Training(classifier(augmentation()), rows, loss=losses.LogitAdjusted(np.bincount(rows.y)))


def oversampling(rows, seed, gan):
    return Training(classifier(), oversampled(rows, seed))


def oversampling_and_augmentation(rows, seed, gan):
    return Training(classifier(augmentation()), oversampled(rows, seed))


def balancer_alone(rows, seed, gan):
    """Real rows of rare classes come again."""
    return Training(classifier(augmentation()), rows, balancer=callbacks.SyntheticBalancer(None, seed=seed))


def balancer_with_smote(rows, seed, gan):
    """Generated rows lie between real ones. The balancer finds out how many of them to use, if any."""
    smote = synthesis.SMOTE().fit(rows.x, rows.y)
    return Training(classifier(augmentation()), rows, balancer=callbacks.SyntheticBalancer(smote, seed=seed))


def balancer_with_gan(rows, seed, gan):
    return Training(classifier(augmentation()), rows, balancer=callbacks.SyntheticBalancer(gan, seed=seed))


def balancer_with_gan_equal(rows, seed, gan):
    """Nothing is found out: every class is brought up to the largest by generated rows."""
    balancer = callbacks.SyntheticBalancer(gan, strategy="equal", seed=seed)
    return Training(classifier(augmentation()), rows, balancer=balancer)


# name -> (what it trains, seconds that it is expected to take on two cores of an EPYC for 800 steps)
METHODS = {
    "plain": (plain, 14),
    "oversampling": (oversampling, 14),
    "oversampling + augmentation": (oversampling_and_augmentation, 16),
    "balancer + SMOTE": (balancer_with_smote, 36),
    "balancer + GAN": (balancer_with_gan, 36),
    "class weights": (class_weights, 14),
    "logit adjustment + augmentation": (logit_adjustment, 16),
    "balancer, real rows only": (balancer_alone, 28),
    "balancer + GAN, equal": (balancer_with_gan_equal, 28),
}
QUICK = list(METHODS)[:5]
AUGMENTED = [name for name in METHODS if "augmentation" in name or "balancer" in name]  # can be exported with it
GAN_SECONDS, LAST_SECONDS = 0.05, 20  # of a step of the GAN; of the test, the pictures and the export
GAN_JOB, LAST_JOB = "training the GAN", "test rows, pictures, export"


@dataclass(frozen=True)
class Task:
    """One seed's rows, and the budgets."""

    seed: int
    rows: object
    validation: object
    test: object
    steps: int
    gan_steps: int


# One run.


def train(method, task, gan, progress):
    """The model of a method after the budget of steps, the generated part of its rows, and the balancer's report."""
    keras.utils.set_random_seed(task.seed)
    training = METHODS[method][0](task.rows, task.seed, gan)
    model, x, y = training.model, training.rows.x, training.rows.y
    epochs, per_epoch = epochs_for(task.steps, len(y))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * per_epoch)
    loss = training.loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    extra = [FitProgress(progress, epochs * per_epoch)]
    options = {"batch_size": BATCH, "epochs": epochs, "verbose": 0, "class_weight": training.class_weight}
    if training.balancer is not None:
        # Generated rows are compared with the validation rows; Keras itself looks at them at the end only.
        extra.append(training.balancer)
        options |= {"validation_data": (task.validation.x, task.validation.y), "validation_freq": epochs}
    history = model.fit(x, y, callbacks=extra, **options).history
    generated = float(np.mean(history.get("synthetic_share", 0.0)))
    return model, generated, training.balancer and training.balancer.report_


def epochs_for(steps, rows):
    """(epochs, steps of each): whole passes over the rows that are as many steps, or a few more."""
    per_epoch = -(-rows // BATCH)
    return -(-steps // per_epoch), per_epoch


def recalls(model, rows):
    """Of each class, the part that is recognized."""
    predicted = model.predict(rows.x, batch_size=500, verbose=0).argmax(1)
    return [float(np.mean(predicted[rows.y == label] == label)) for label in range(CLASSES)]


def trained_gan(task, results, progress):
    """A GAN after its budget of steps, on as many rows of each class."""
    gan, rows = make_gan(task.seed), oversampled(task.rows, task.seed)
    epochs, per_epoch = epochs_for(task.gan_steps, len(rows.y))
    folder = results.folder / f"gan_progress_{task.seed}"
    grid = callbacks.SampleGrid(folder, columns=10, every=max(epochs // 5, 1))
    bar = FitProgress(progress, epochs * per_epoch)
    gan.fit(rows.x, rows.y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[bar, grid])
    return gan


def run(method, task, results, progress, job):
    """Trains one model, and puts it and what it reaches on the validation rows on disk."""
    gan = the_gan(task, results, progress, job) if "GAN" in method else None
    progress.begin(job(method, task.seed))
    start = time.monotonic()
    model, generated, report = train(method, task, gan, progress)
    seconds, found = time.monotonic() - start, recalls(model, task.validation)
    save_whole(model, results.path(method, task.seed))
    if report is not None and any(line.synthesizer for line in report.classes):
        report.plot().savefig(results.folder / results.path(method, task.seed, ".png").name, dpi=110)
    said = "" if report is None else str(report)
    of_run = {"method": method, "seed": task.seed, "seconds": seconds, "generated": generated, "balancer": said}
    results.add(**of_run, validation=found, test=None)
    progress.end(f"{mean([np.mean(found)])} % on the validation rows")


def the_gan(task, results, progress, job):
    """The GAN of a seed: from disk, or trained and put there."""
    path = results.path("gan", task.seed)
    if path.exists():
        return keras.saving.load_model(path)
    progress.begin(job(GAN_JOB, task.seed))
    gan = trained_gan(task, results, progress)
    save_whole(gan, path)
    progress.end("trained")
    return gan


# The end: what all models do on the test rows, pictures, export.


def finish(tasks, results, progress):
    """Looks at the test rows once, draws pictures, exports the model that is best on the validation rows."""
    task, folder = tasks[0], results.folder
    progress.begin(LAST_JOB)
    for one in results.runs:
        if one["test"] is None:
            one["test"] = recalls(keras.saving.load_model(results.path(one["method"], one["seed"])), task.test)
    results.write()
    progress.at(0.3)

    gan, counts = keras.saving.load_model(results.path("gan", task.seed)), np.bincount(task.rows.y)
    pictures.overview(task.rows, augmentation(), gan, folder / "digits.png")
    pictures.pairs(task.rows, gan, folder / "generated_and_nearest.png")
    pictures.recalls(results.runs, counts, folder / "recall.png")
    progress.at(0.5)

    best = results.best(AUGMENTED)
    export_savedmodel(keras.saving.load_model(results.path(best["method"], best["seed"])), folder / "served")
    np.savez(folder / "validation_rows.npz", x=task.validation.x, y=task.validation.y)
    progress.at(0.8)
    said = call_served(folder)
    progress.end(f"in {folder}")

    print(f"\n{table(results.runs)}\n")
    print(
        f"Balanced accuracy (mean recall of the classes) on the validation and the test rows, and of the test rows the "
        f"worst recall and that of each class, in percent; {seeds_in_words(len(tasks))}, {task.steps} steps each. "
        f"Generated: part of all training rows."
    )
    if len(tasks) == 1:  # with several seeds the table has standard errors
        noise = 2 * np.sqrt(2 * np.mean([p * (1 - p) for p in best["test"]]) / len(task.test.y))
        print(f"Differences on the test rows below {100 * noise:.1f} points can be chance (two standard errors).")
    print(f"\nExported: {best['method']}, the best on the validation rows of those with augmentation.")
    print(f"Called with TensorFlow alone on the validation rows:\n{said}")
    print("\nPictures: digits.png, generated_and_nearest.png, recall.png and what the balancers have found.")


def call_served(folder):
    """What the exported model says in a process that has neither Keras nor this package."""
    script = pathlib.Path(__file__).parent / "digits" / "served.py"
    command = [sys.executable, str(script), str(folder / "served"), str(folder / "validation_rows.npz")]
    # In a session of its own: Ctrl-C is this process's to answer, which ends the other one.
    done = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
    if done.returncode:
        sys.exit(f"The exported model could not be called:\n{done.stderr}")
    return done.stdout.rstrip()


# The command.


def jobs(tasks, methods, job):
    """{job: seconds that it is expected to take}, in their order."""
    expected = {}
    for task in tasks:
        for method in methods:
            if "GAN" in method:
                expected.setdefault(job(GAN_JOB, task.seed), 10 + GAN_SECONDS * task.gan_steps)
            expected[job(method, task.seed)] = 5 + METHODS[method][1] * task.steps / 800
    return expected | {LAST_JOB: LAST_SECONDS}


def finished(tasks, methods, results, job):
    """The jobs that an earlier run has done."""
    done = [job(method, task.seed) for task in tasks for method in methods if results.find(method, task.seed)]
    return done + [job(GAN_JOB, task.seed) for task in tasks if results.path("gan", task.seed).exists()]


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all methods, three seeds, 1,500 steps, a longer GAN")
    parser.add_argument("--smoke", action="store_true", help="a minute, to see that everything runs")
    parser.add_argument("--data", default="embedded", help="embedded, mnist, fashion, or a folder with idx files")
    parser.add_argument("--seeds", type=positive, help="how many; 1, or 3 with --full")
    parser.add_argument("--steps", type=positive, help="training steps of each classifier, of 64 rows; 800 or 1,500")
    parser.add_argument("--gan-steps", type=positive, help="training steps of the GAN; 1,600 or 4,000")
    parser.add_argument("--out", type=pathlib.Path, help="folder for everything; out/imbalanced_digits")
    parser.add_argument("--restart", action="store_true", help="forget what an earlier run has finished")
    options = parser.parse_args()
    kind = "_full" if options.full else "_smoke" if options.smoke else ""
    usual = {"": (1, 800, 1600), "_full": (3, 1500, 4000), "_smoke": (1, 10, 4)}[kind]
    for name, value in zip(("seeds", "steps", "gan_steps"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.restart |= options.smoke and options.out is None
    options.out = options.out or pathlib.Path(f"out/imbalanced_digits{kind}")
    options.methods = list(METHODS) if options.full else QUICK
    return options


def main():
    options = arguments()
    settings = {name: getattr(options, name) for name in ("data", "seeds", "steps", "gan_steps", "methods")}
    job = lambda name, seed: name if options.seeds == 1 else f"seed {seed}: {name}"
    progress = results = None
    try:
        results = Results(options.out, {"version": __version__, **settings}, options.restart)
        source, counts = load(options.data), [max(n // 4, 5) for n in SHORT_TAIL] if options.smoke else None
        budgets = options.steps, options.gan_steps
        tasks = [Task(seed, *split(*source, seed, counts), *budgets) for seed in range(options.seeds)]
        progress = Progress(jobs(tasks, options.methods, job), finished(tasks, options.methods, results, job))
        introduce(tasks[0], options, results, progress)
        for task in tasks:
            for method in options.methods:
                if results.find(method, task.seed) is None:
                    run(method, task, results, progress, job)
        finish(tasks, results, progress)
    except (DataError, ResultsError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename or options.out} cannot be written or read ({error.strerror}). Give another --out.")
    except KeyboardInterrupt:
        stopped(results, progress, options)


def introduce(task, options, results, progress):
    rows = np.bincount(task.rows.y)
    print(
        f"{len(task.rows.y):,} training images of {CLASSES} classes, {rows.max():,} of the largest and {rows.min()} of "
        f"the smallest; {len(task.validation.y)} to validate and {len(task.test.y):,} to test."
    )
    there = f" {len(results.runs)} trainings are finished already." if results.runs else ""
    parts = f"{len(progress.jobs)} parts with the GAN and the pictures"
    print(f"{len(options.methods)} methods, {seeds_in_words(options.seeds)}, {parts}.{there}")
    print(f"This takes about {in_words(progress.expected)} on two cores.")
    print(f"Ctrl-C stops it; the same command goes on from there. Results are in {options.out}.\n", flush=True)


def seeds_in_words(count):
    return "one seed" if count == 1 else f"{count} seeds"


def stopped(results, progress, options):
    """One sentence that says what was kept, and what to do."""
    if progress is not None:
        progress.clear()
    count = 0 if results is None else len(results.runs)
    kept = f"{count} of {len(options.methods) * options.seeds} trainings are finished and kept in {options.out}"
    print(f"\nStopped: {kept}; the same command goes on from there.")
    sys.exit(130)


if __name__ == "__main__":
    main()
