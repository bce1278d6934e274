"""`Gate`: how large a share of generated rows each class gets, found out in a training by trials."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.rows.added import Mixture
from keras_augsynth.balancing.trials.held_out import HeldOut
from keras_augsynth.balancing.trials.schedule import WINDOW, Plan, affordable, plan
from keras_augsynth.balancing.trials.trials import Trials
from keras_augsynth.balancing.trials.validation import Validation, collected
from keras_augsynth.balancing.trials.verdict import FEWEST, Arm, shares_of
from keras_augsynth.core.checks import wrong

Tensor = Any


class Gate:
    """Keeps generated rows out of a training until trials have shown that they help.

    Args:
        owner: named in errors.
        model: in `fit`.
        mixture: whose parts it moves.
        outputs: of the model.
        candidates: shares that are tried.
        cost: most of the training's steps that trials may take on top.
        seed: of the rows that are looked at.
    """

    def __init__(
        self,
        owner: Any,
        model: keras.Model,
        mixture: Mixture,
        outputs: Outputs,
        candidates: Sequence[float],
        cost: float,
        seed: int,
    ):
        self._owner, self._model, self._mixture, self._outputs = owner, model, mixture, outputs
        self._candidates, self._cost, self._seed = candidates, cost, seed
        self.shares = np.zeros(mixture.parts.shape, "float32")
        self.verdict, self.notes = "", []
        self.lines: dict[int, dict[str, Any]] = {}
        self._validation: Validation | None = None
        self._held: HeldOut | None = None
        self._trials: Trials | None = None
        self._seen: np.ndarray | None = None  # validation rows of each class
        self._closed = False

    def judge_by(
        self, given: dict[str, Any], labels: np.ndarray | None, share: float, wanted: np.ndarray | None
    ) -> None:
        """Finds validation rows: those of `fit`, or a part of its arrays.

        Args:
            given: arguments of `fit`.
            labels: class numbers of the arrays; None if `fit` was given something else.
            share: of each class that is held out.
            wanted: which classes get more rows, booleans `(classes,)`; None: not known yet.
        """
        data, classes = given.get("validation_data"), self.shares.shape[1]
        if data is not None:
            form = None if labels is None else np.shape(given["y"])[1:]
            self._validation = collected(self._owner, data, given.get("validation_steps"), classes, form)
            there = np.bincount(self._validation.labels, minlength=classes)
            if wanted is not None and len(lacking := np.flatnonzero(wanted & (there == 0))):
                message = f"the validation data lack {classes_in_words(lacking)}, so no rows are generated there"
                warnings.warn(f"{type(self._owner).__name__}: {message}.", UserWarning, stacklevel=2)
        elif labels is not None:
            self._held = HeldOut(given["x"], labels, classes, share, self._seed)
            self._validation = Validation(self._held.x, self._held.labels)
            self._mixture.withheld = self._held.repeats
        else:
            reason = "be another one, or `fit` be given `validation_data`: only arrays can be split"
            raise wrong(self._owner, "strategy", reason, "validated")

    def kept(self, x: Any, labels: Tensor) -> Tensor | None:
        """Which rows of a batch training may see; None: all, always."""
        return None if self._held is None else ops.logical_not(self._held.holds(x, labels))

    # While it runs.

    @property
    def waits(self) -> bool:
        """Whether trials are still to be planned."""
        return self._trials is None and not self._closed

    @property
    def open(self) -> bool:
        """Whether rows may be generated, in trials or in training."""
        return not self._closed or bool(self.shares.any())

    @property
    def recall(self) -> np.ndarray | None:
        """By class, on the validation rows, when it was last looked at."""
        return None if self._trials is None else self._trials.recall

    def plan(
        self, calls: int, done: int, rows: float, counts: np.ndarray, may: np.ndarray, state: list[tf.Variable]
    ) -> None:
        """Plans the trials, or closes, if there cannot be any.

        Args:
            calls: of the training function, in the whole training.
            done: of them.
            rows: in a step.
            counts: of the classes' real rows.
            may: which classes may get generated rows, booleans `(classes,)`.
            state: variables that a step changes beside the model's.
        """
        classes = len(counts)
        there = np.bincount(self._validation.labels, minlength=classes)
        self._may = may & (there >= FEWEST)
        self._seen = there
        alive = [name for name, source in self._mixture.sources.items() if source is not None]
        if not alive or not self._candidates:
            return self._close("")
        if not self._may.any():
            return self._close("no class can be judged, so no rows are generated")
        if done > WINDOW[1] * calls:
            return self._close("the training went on behind the trials, so no rows are generated")

        def planned(arms: int) -> Plan | None:
            return plan(calls, self._cost, arms, rows, len(self._validation.labels), 2 * FEWEST * classes)

        found = affordable(alive, self._candidates, planned)
        if found is None:
            return self._close("the training is too short for trials, so no rows are generated")
        arms, the_plan = found
        chosen = self._validation.at_most(the_plan.rows, classes, self._seed)
        read, self._rows, self._calls = self._outputs.of_arrays, rows, calls
        self._trials = Trials(self._model, the_plan, arms, chosen.x, chosen.labels, read, self._try, state)

    def step(self, number: int, run: Callable[[Any], Any], iterator: Any) -> Any:
        """One call of the training function, the one after `number` others."""
        if self._trials is None or self._closed:
            return run(iterator)
        logs = self._trials(number, run, iterator)
        if self._trials.over:
            self._decide()
        return logs

    def _try(self, arm: Arm | None) -> None:
        shares = np.zeros_like(self.shares)
        if arm is not None:
            shares[self._row(arm)] = np.where(self._may, arm.share, 0.0)
        self._mixture.parts.assign(shares)

    def _row(self, arm: Arm) -> int:
        return list(self._mixture.sources).index(arm.synthesizer)

    def _decide(self) -> None:
        outcome, labels = self._trials.best, self._trials.labels
        if self._mixture.sources[outcome.arm.synthesizer] is None:
            return self._close("")
        shares, self.verdict = shares_of(outcome, labels, self._may)
        self.shares[self._row(outcome.arm)] = shares
        change, error = outcome.by_class(labels, len(shares))
        looked = np.bincount(labels, minlength=len(shares))
        without, with_them = np.mean(outcome.recalls, axis=0)
        for label in np.flatnonzero(self._may):
            numbers = {"change": change, "error": error, "without": without, "with_them": with_them, "kept": shares}
            self.lines[int(label)] = {
                "synthesizer": outcome.arm.synthesizer,
                "tried": outcome.arm.share,
                "validation": int(looked[label]),
                **{name: float(values[label]) for name, values in numbers.items()},
            }
        self._mixture.parts.assign(self.shares)
        self._close("")

    def _close(self, note: str) -> None:
        """From now on nothing is tried, and the rows that were held out are trained on."""
        self._closed = True
        if note:
            self.notes.append(note)
        if self._held is not None:
            self._held.release()

    def end(self) -> None:
        """The training is over."""
        if not self._closed:
            self._close("the training ended before the trials, so no rows were generated")

    # What is known of it.

    @property
    def cost(self) -> dict[str, float]:
        """Of the trials: steps on top, of how many, and seconds."""
        if self._trials is None:
            return {}
        steps = self._trials.plan.cost(len(self._trials.outcomes), self._rows)
        return {"steps": steps, "of": float(self._calls), "seconds": self._trials.seconds}

    def why_not(self, label: int) -> str:
        """Why a class gets no generated rows."""
        if label in self.lines:
            return "not shown to help"
        few = self._seen is not None and self._seen[label] < FEWEST
        return f"fewer than {FEWEST} validation rows" if few else ""

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
        self.shares = np.array(state["shares"], "float32").reshape(self.shares.shape)
        self.verdict, self.notes = state["verdict"], list(state["notes"])
        self.lines = {int(label): line for label, line in state["lines"].items()}
        if state["closed"]:
            self._close("")


def classes_in_words(labels: Sequence[int]) -> str:
    """ "class 3", or "classes 3, 4"."""
    return f"class {labels[0]}" if len(labels) == 1 else f"classes {', '.join(map(str, labels))}"
