"""`Gate`: how large a share of generated rows each class gets, found out in a training by looking at them."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.labels import classes_in_words
from keras_augsynth.balancing.looks import Looks
from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.rows.added import Mixture
from keras_augsynth.balancing.trials.fidelity import Fidelity, fidelity, mean_of
from keras_augsynth.balancing.trials.held_out import HeldOut
from keras_augsynth.balancing.trials.schedule import ENOUGH, budget, looks
from keras_augsynth.balancing.trials.validation import Validation, predicted
from keras_augsynth.balancing.trials.verdict import Verdict, best_of, verdict_on

Tensor = Any


class Gate:
    """Keeps generated rows out of a training until the model itself has told how many of them are good.

    The model has learned neither the generated rows nor the held-out ones. From time to time it predicts both; a
    source whose rows it recognizes like real ones gets a large share, one whose rows do not belong to their classes
    none.

    Args:
        owner: the name in errors.
        model: in `fit`.
        mixture: whose parts it moves.
        outputs: of the model.
        most: the largest share of the added rows.
        cost: most of the training's rows that looking may take, by what a prediction costs of a training step.
        seed: of the rows that are looked at.
    """

    def __init__(
        self,
        owner: str,
        model: keras.Model,
        mixture: Mixture,
        outputs: Outputs,
        most: float,
        cost: float,
        seed: int,
    ):
        self._owner, self._model, self._mixture, self._outputs = owner, model, mixture, outputs
        self._most, self._cost, self._seed = most, cost, seed
        self.shares = np.zeros(mixture.parts.shape, "float32")
        self.verdict, self.notes = "", []
        self.lines: dict[int, dict[str, Any]] = {}
        self.cost = {"rows": 0, "of": 0, "seconds": 0.0}
        self._validation: Validation | None = None
        self._held: HeldOut | None = None
        self._looks: tuple[int, ...] = ()
        self._seen: dict[str, list[Fidelity]] = {}
        self._late = False  # whether the model may have learned the held-out rows before
        self._closed = False

    def judge_by(self, validation: Validation, wanted: np.ndarray | None) -> None:
        """Takes rows that `fit` validates by.

        Args:
            validation: rows and labels.
            wanted: which classes get more rows, booleans `(classes,)`; None: not known yet.
        """
        self._validation = validation
        there = np.bincount(validation.labels, minlength=self.shares.shape[1])
        if wanted is not None and len(lacking := np.flatnonzero(wanted & (there == 0))):
            message = f"the validation data lack {classes_in_words(lacking)}, so the other classes decide there"
            warnings.warn(f"{self._owner}: {message}.", UserWarning, stacklevel=2)

    def hold_out(self, x: Any, labels: np.ndarray, share: float, late: bool) -> None:
        """Takes a part of the arrays of `fit`.

        Args:
            x: rows.
            labels: class numbers `(N,)`.
            share: of each class that is held out.
            late: whether another training may have learned these rows.
        """
        self._held = HeldOut(x, labels, self.shares.shape[1], share, self._seed)
        self._validation = Validation(self._held.x, self._held.labels)
        self._mixture.withheld, self._late = self._held.repeats, late

    def kept(self, x: Any, labels: Tensor) -> Tensor | None:
        """Which rows of a batch training may see; None: all, always."""
        return None if self._held is None else ops.logical_not(self._held.holds(x, labels))

    # While it runs.

    @property
    def waits(self) -> bool:
        """Whether looks are still to be planned."""
        return not self._looks and not self._closed

    @property
    def open(self) -> bool:
        """Whether rows may be generated, to be looked at or in training."""
        return not self._closed or bool(self.shares.any())

    def plan(self, calls: int, done: int, rows: float, may: np.ndarray) -> None:
        """Plans the looks, or closes, if there cannot be any.

        Args:
            calls: of the training function, in the whole training.
            done: of them.
            rows: in a call.
            may: which classes may get generated rows, booleans `(classes,)`.
        """
        self._may = may
        if not may.any():
            return self._close("no class may get generated rows")
        if not len(self._validation.labels):
            return self._close("there are no validation rows to judge by, so no rows are generated")
        if self._late:
            return self._close("an earlier training may have learned the held-out rows, so no rows are generated")
        self._looks = looks(calls, done)
        if not self._looks:
            return self._close("the training is too short to look at generated rows, so none are used")
        asked = np.count_nonzero(may) * len(self._mixture.sources)
        self._budget = budget(self._cost, rows * calls, len(self._validation.labels), asked)
        self._chosen = self._validation.at_most(self._budget.real, len(may), self._seed)
        self.cost["of"] = round(rows * calls)

    def step(self, number: int, run: Callable[[Any], Any], iterator: Any) -> Any:
        """One call of the training function, the one after `number` others."""
        if not self._closed and self._looks and number >= self._looks[0]:
            self._look(last=number >= self._looks[-1])
        return run(iterator)

    def _look(self, last: bool) -> None:
        start = time.perf_counter()
        self._looks = self._looks[1:]
        labels = np.repeat(np.flatnonzero(self._may), self._budget.generated).astype("int32")
        made = {name: rows for name in self._mixture.sources if (rows := self._generated(name, labels))}
        if not made:
            return self._close("")
        parts = [self._chosen.x, *(x for x, _ in made.values())]
        x = keras.tree.map_structure(lambda *each: np.concatenate(each), *parts)
        outputs = predicted(self._model, x)
        ends = np.cumsum([len(self._chosen.labels), *(len(asked) for _, asked in made.values())])
        real, *generated = np.split(self._outputs.of_arrays(outputs), ends[:-1])
        for (name, (_, asked)), rows in zip(made.items(), generated, strict=True):
            seen = fidelity(real, self._chosen.labels, rows, asked)
            if seen.tells.any():
                self._seen.setdefault(name, []).append(seen)
        self.cost["rows"] += int(ends[-1])
        self.cost["seconds"] += time.perf_counter() - start
        if max(map(len, self._seen.values()), default=0) == ENOUGH or last:
            self._decide()

    def _generated(self, name: str, labels: np.ndarray) -> tuple[Any, np.ndarray] | None:
        """Rows of a source in the form of the validation rows, and their labels; None if there are none."""
        like = keras.tree.map_structure(_as_trained, self._chosen.x)
        seed = lambda: tf.constant(self._seed + len(self._looks), "int64")
        rows, _, usable = self._mixture.sampled(name, like, tf.constant(labels), seed)
        usable = np.asarray(usable)
        if not usable.any():
            return None
        return keras.tree.map_structure(lambda part: np.asarray(part)[usable], rows), labels[usable]

    def _decide(self) -> None:
        means = {name: mean_of(looks) for name, looks in self._seen.items()}
        verdicts = [verdict_on(name, mean, self._most) for name, mean in means.items() if mean.tells.any()]
        if not verdicts:
            return self._close("the model does not tell the classes apart, so it cannot judge generated rows")
        best = best_of(verdicts)
        self.shares[list(self._mixture.sources).index(best.source)] = best.shares
        self.verdict = best.reason()
        for label in np.flatnonzero(self._may):
            self.lines[int(label)] = _line(best, label)
        self._mixture.parts.assign(self.shares)
        self._close("")

    def _close(self, note: str) -> None:
        """From now on nothing is looked at, and the rows that were held out are trained on."""
        self._closed = True
        if note:
            self.notes.append(note)
        if self._held is not None:
            self._held.release()

    def end(self) -> None:
        """The training is over."""
        if not self._closed:
            self._close("the training ended before generated rows were looked at, so none were used")

    # What is known of it.

    def recall(self) -> np.ndarray:
        """By class, on the held-out rows; NaN when training has seen them."""
        if self._closed:
            return np.full(self.shares.shape[1], np.nan)
        return Looks(self._model, self._outputs, self._validation, self.shares.shape[1])()

    def why_not(self, label: int) -> str:
        """Why a class gets no generated rows."""
        return "" if label not in self.lines else self.verdict

    def state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        lines = {str(label): line for label, line in self.lines.items()}
        return {
            "closed": self._closed,
            "shares": self.shares.tolist(),
            "verdict": self.verdict,
            "notes": self.notes,
            "lines": lines,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._late = False  # they were held out there, too
        self.shares = np.array(state["shares"], "float32").reshape(self.shares.shape)
        self.verdict, self.notes = state["verdict"], list(state["notes"])
        self.lines = {int(label): line for label, line in state["lines"].items()}
        if state["closed"]:
            self._close("")


def _line(verdict: Verdict, label: int) -> dict[str, Any]:
    """What the report says of a class."""
    seen = verdict.seen
    numbers = {
        "real": seen.real,
        "generated": seen.generated,
        "misfits": seen.misfits_of_classes,
        "kept": verdict.shares,
    }
    counted = {"synthesizer": verdict.source, "validation": int(seen.rows[label])}
    return counted | {name: float(values[label]) for name, values in numbers.items()}


def _as_trained(part: np.ndarray) -> Tensor:
    """A row in the dtype that Keras gives to arrays."""
    row = tf.convert_to_tensor(part[:1])
    return tf.cast(row, keras.config.floatx()) if row.dtype.is_floating else row
