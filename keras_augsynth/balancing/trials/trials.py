"""Trials during a training: the same batches from the same state, with generated rows and without."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.balancing.trials.schedule import Plan
from keras_augsynth.balancing.trials.verdict import Arm, Outcome, log_losses, recalls

_MOST_BYTES = 2**29  # of batches that are kept to be gone through again


class Trials:
    """Runs a plan, call by call of a model's training function.

    In a round the training goes on as usual for some calls, and their batches are kept. Then, for each arm, the state
    from before is put back and the same batches are gone through with the arm's share of generated rows. Each branch
    is judged by its mean weights over its second half, on the validation rows; then the training's own state is put
    back. So trials leave no trace in the model. After each round the worse half of the arms is dropped.

    Args:
        model: in training.
        the_plan: of it.
        arms: candidates.
        x: validation rows.
        labels: theirs, `(N,)`.
        to_probabilities: of the model's outputs, `(N, classes)`.
        use: lets the training use an arm's shares, or none.
        state: variables that a step changes beside the model's own.
    """

    def __init__(
        self,
        model: keras.Model,
        the_plan: Plan,
        arms: list[Arm],
        x: Any,
        labels: np.ndarray,
        to_probabilities: Callable[[np.ndarray], np.ndarray],
        use: Callable[[Arm | None], None],
        state: list[tf.Variable],
    ):
        self.plan, self.labels = the_plan, labels
        self.outcomes = {arm: Outcome(arm) for arm in arms}
        self.seconds = 0.0
        self.recall: np.ndarray | None = None
        self._model, self._x, self._to_probabilities, self._use, self._state = model, x, to_probabilities, use, state
        self._left = list(arms)
        self._calls = the_plan.calls
        self._batches: list[list[Any]] = []
        self._rounds = self._choosing = 0

    @property
    def over(self) -> bool:
        return self._rounds == len(self.plan.starts)

    @property
    def best(self) -> Outcome | None:
        """What the arm that was left at the end has shown; None before any trial."""
        outcome = self.outcomes[self._left[0]]
        # The rounds by which it was chosen flatter it, and do not count where there are others.
        later = min(self._choosing, len(outcome.changes) - 1)
        return Outcome(outcome.arm, outcome.changes[later:], outcome.recalls[later:]) if outcome.changes else None

    def __call__(self, number: int, run: Callable[[Any], Any], iterator: Any) -> Any:
        """One call of the training function.

        Args:
            number: of calls before it.
            run: the training function.
            iterator: over batches.
        """
        if self.over or number < self.plan.starts[self._rounds]:
            return run(iterator)
        batches = list(itertools.islice(iterator, self._model.steps_per_execution))
        if not batches:
            raise StopIteration
        if not self._batches:
            self._calls = max(min(self.plan.calls, _MOST_BYTES // max(_nbytes(batches), 1)), 1)
            self._before, self._average = self._snapshot(), _Average(self._model, self._calls)
        self._batches.append(batches)
        logs = run(batches)  # which takes anything that can be iterated, and is not traced again for it
        self._average.take()
        if len(self._batches) == self._calls:
            start = time.perf_counter()
            self._round(run)
            self.seconds += time.perf_counter() - start
        return logs

    def _round(self, run: Callable[[Any], Any]) -> None:
        after = self._snapshot()
        self._average.use()
        probabilities = self.probabilities()
        usual, self.recall = log_losses(probabilities, self.labels), recalls(probabilities, self.labels)
        for arm in self._left:
            self._restore(self._before)
            self._use(arm)
            average = _Average(self._model, self._calls)
            for batches in self._batches:
                run(batches)
                average.take()
            average.use()
            probabilities = self.probabilities()
            self.outcomes[arm].changes.append(log_losses(probabilities, self.labels) - usual)
            self.outcomes[arm].recalls.append((self.recall, recalls(probabilities, self.labels)))
        self._use(None)
        self._restore(after)
        self._batches, self._before = [], []
        self._rounds += 1
        balanced = {arm: self.outcomes[arm].balanced(self.labels)[0] for arm in self._left}
        self._choosing += len(self._left) > 1
        self._left = sorted(self._left, key=balanced.get)[: max(len(self._left) // 2, 1)]

    def probabilities(self) -> np.ndarray:
        return self._to_probabilities(self._model.predict(self._x, batch_size=256, verbose=0))

    def _variables(self) -> list[Any]:
        model = self._model
        # Read anew each time: layers and optimizers make variables when they are first used.
        return [*model.variables, *model.optimizer.variables, *model.metrics_variables, *self._state]

    def _snapshot(self) -> list[tuple[Any, np.ndarray]]:
        return [(variable, variable.numpy()) for variable in self._variables()]

    def _restore(self, snapshot: list[tuple[Any, np.ndarray]]) -> None:
        for variable, value in snapshot:
            variable.assign(value)


class _Average:
    """Mean of a model's weights over the second half of some calls: without the noise of the last step."""

    def __init__(self, model: keras.Model, calls: int):
        self._weights, self._left, self._taken = model.trainable_variables, calls - max(calls // 2, 1), 0
        self._sum: list[Any] = []

    def take(self) -> None:
        if self._left > 0:
            self._left -= 1
            return
        values = [tf.identity(weight.value) for weight in self._weights]
        self._sum = [a + b for a, b in zip(self._sum, values, strict=True)] if self._sum else values
        self._taken += 1

    def use(self) -> None:
        for weight, total in zip(self._weights, self._sum, strict=True):
            weight.assign(total / self._taken)


def _nbytes(batches: list[Any]) -> int:
    """Of all tensors in batches, which may be spread over replicas."""
    parts = [part for part in tf.nest.flatten(batches, expand_composites=True) if tf.is_tensor(part)]
    return sum(part.shape.num_elements() * part.dtype.size for part in parts)
