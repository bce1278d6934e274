"""How a training with a `SyntheticBalancer` begins: classes counted, sources tried, validation rows found."""

import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.balancing.labels import Target, check_labels, classes_in_words, count_classes, weighted
from keras_augsynth.balancing.looks import Looks, validation_rows
from keras_augsynth.balancing.rows.added import first_line
from keras_augsynth.balancing.rows.class_rows import MEMORY
from keras_augsynth.balancing.rows.sources import Live, Pool
from keras_augsynth.balancing.rows.teachers import Teachers
from keras_augsynth.balancing.rows.units import check_units
from keras_augsynth.balancing.run import Run
from keras_augsynth.balancing.settings import NAME, Settings
from keras_augsynth.balancing.trials.gate import Gate
from keras_augsynth.core import keras_internals
from keras_augsynth.core.checks import wrong


def begin(
    settings: Settings, model: keras.Model, given: dict[str, Any], steps: int | None, known: np.ndarray | None
) -> Run:
    """A run, ready for its first epoch.

    Args:
        settings: what the balancer was given.
        model: in `fit`.
        given: arguments of `fit`.
        steps: of the whole training; None: not known.
        known: rows of each class, from `adapt`; None: to be counted.
    """
    target = Target(NAME, settings.target, getattr(model, "output_names", None) or ())
    y = given.get("y")
    counts = known if known is not None or y is None else count_classes(NAME, y, target, given.get("sample_weight"))
    classes = _classes(settings, model, target, counts)
    counts = None if counts is None else np.pad(counts, (0, classes - len(counts)))
    run = Run(settings, model, target, counts, classes, whole=given.get("steps_per_epoch") is None)
    arrays = None if y is None else _Arrays(given, target, classes)
    form = None if y is None else np.shape(target.of(y))[1:]
    judges = settings.validated and settings.synthesizers and bool(run.most)
    validation = None
    if judges or not hasattr(given.get("validation_data"), "__next__"):  # looking would use a generator up
        validation = validation_rows(NAME, given, target, classes, form)
    if validation is not None:
        run.looks = Looks(model, run.outputs, validation, classes)
        there = np.bincount(validation.labels, minlength=classes)
        if counts is not None and len(unseen := np.flatnonzero((there > 0) & (counts == 0))):
            message = f"the training data have no rows of {classes_in_words(unseen)}, which the validation data have"
            warnings.warn(f"{NAME}: {message}; is the data sorted by class?", UserWarning, stacklevel=3)
    few = (run.counts.numpy() < settings.min_real) & (run.counts.numpy() > 0)
    if few.any() and settings.synthesizers:
        reason = f"fewer than {settings.min_real} real rows of {classes_in_words(np.flatnonzero(few))}"
        run.notes.append(f"{reason}, so none are generated")
    if not run.most:
        if settings.max_share and not run.notes:
            run.notes.append("no class is rarer than the others, so nothing is added")
        return run
    if given.get("class_weight") is not None:
        message = f"{NAME}: `class_weight` beside it corrects the imbalance twice; leave it out."
        warnings.warn(message, UserWarning, stacklevel=3)
    wanted = run.wanted(run.counts).numpy()
    known_units = arrays or validation
    _begin_sources(
        run, model, arrays, None if known_units is None else known_units.x, steps, np.where(few, 0.0, wanted)
    )
    if judges:
        most = 1.0 - (settings.resample_real or 0.0)
        gate = Gate(NAME, model, run.mixture, run.outputs, most, settings.trial_cost, settings.seed)
        if validation is not None:
            gate.judge_by(validation, None if counts is None else wanted > 0)
        elif arrays is not None:
            late = bool(given.get("initial_epoch"))
            gate.hold_out(arrays.x, arrays.labels, settings.validation_share, late)
        else:
            reason = 'be "equal" or "sqrt", or `fit` be given `validation_data`: only arrays can be split'
            raise wrong(NAME, "strategy", reason, "validated")
        run.gate = gate
    run.set_parts()
    return run


def adapted(settings: Settings, y: Any) -> np.ndarray:
    """Rows of each class of labels, or of a data set of them."""
    counts = count_classes(NAME, y, Target(NAME, settings.target))
    if settings.num_classes is not None and len(counts) > settings.num_classes:
        raise wrong(NAME, "y", f"be below num_classes={settings.num_classes}", len(counts) - 1)
    if np.count_nonzero(counts) < 2:
        raise wrong(NAME, "y", "hold at least two classes", f"class counts {counts.tolist()}")
    return counts


class _Arrays:
    """The arrays of `fit`, without the rows that are not trained on.

    Attributes:
        x: rows.
        y: labels as they were given.
        labels: class numbers `(N,)` of the target.
    """

    def __init__(self, given: dict[str, Any], target: Target, classes: int):
        self.x, self.y = given["x"], given["y"]
        self.labels = check_labels(NAME, target.of(self.y), "y", classes)
        weight = given.get("sample_weight")
        counted = weighted(None if weight is None else target.of(weight), len(self.labels))
        if not counted.all():
            some = lambda part: np.asarray(part)[counted]
            self.x, self.y = keras.tree.map_structure(some, (self.x, self.y))
            self.labels = self.labels[counted]


def _classes(settings: Settings, model: keras.Model, target: Target, counts: np.ndarray | None) -> int:
    """How many there are by all that tells it: the model may have an output for a class that has no rows."""
    known = [settings.num_classes, *(getattr(each, "num_classes", None) for each in settings.synthesizers.values())]
    known.append(None if counts is None else len(counts))
    known.append(max(settings.strategy, default=-1) + 1 if isinstance(settings.strategy, dict) else None)
    output = target.of(keras_internals.symbolic_outputs(model))
    columns = None if output is None else output.shape[-1]
    if not any(known) and columns is None:
        raise wrong(NAME, "num_classes", "be given, or `adapt` be called: the model does not tell it", None)
    known.append(2 if columns == 1 else columns)
    return max(number or 0 for number in known)


def _begin_sources(
    run: Run,
    model: keras.Model,
    arrays: _Arrays | None,
    known: Any,
    steps: int | None,
    wanted: np.ndarray,
) -> None:
    """Tries them, and fills the run with them; `known` are rows whose units are right, or None."""
    settings, accept = run.settings, run.settings.accept
    if accept == "teacher":
        if arrays is None:
            raise wrong(NAME, "accept", 'be another than "teacher", or `fit` be given arrays', accept)
        of_each = int(np.clip(0.1 * (steps or 0), 200, 600))
        x, y, labels = arrays.x, arrays.y, arrays.labels
        accept = Teachers(model, x, y, labels, of_each, run.outputs.probabilities, settings.seed)
    sources: dict[str, Live | Pool | None] = {}
    for name, each in settings.synthesizers.items():
        sources[name] = source = Live(each, accept)
        rows = _tried(name, source, each, int(wanted.argmax()), settings.seed)
        check_units(name, rows, known, settings.augment, stacklevel=6)
        if settings.mode == "pool":
            spec = keras.tree.map_structure(lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype), rows)
            relative = wanted if wanted.any() else np.ones_like(wanted)
            sources[name] = Pool(source, spec, settings.pool_size, relative, MEMORY)
    shares = settings.shares or dict.fromkeys(sources, 1.0)
    generated = 0.0 if settings.validated else 1.0 - settings.real_part
    parts = [np.full(len(wanted), generated * shares[name] / sum(shares.values())) for name in sources]
    run.use(sources, np.reshape(parts, (len(sources), len(wanted))))


def _tried(name: str, source: Live, synthesizer: Any, label: int, seed: int) -> Any:
    """Two samples; an error if it cannot make any."""
    there = getattr(synthesizer, "class_counts", None)
    if there is not None and not (label < len(there) and there[label]):
        label = int(np.argmax(there))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*sampled before any training")
            return source.draw(tf.constant([label, label], "int32"), tf.constant(seed, "int64"))[0]
    except Exception as error:
        message = f"be fitted before, and make samples of class {label} ({first_line(error)})"
        raise wrong(NAME, "synthesizer", message, name) from error
