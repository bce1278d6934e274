"""`Run`: one `fit` with a `SyntheticBalancer`, which owns everything that changes while it runs."""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing import weights
from keras_augsynth.balancing.epochs import factor
from keras_augsynth.balancing.injection import Rows
from keras_augsynth.balancing.labels import Target, bad_labels, from_classes, several, to_classes
from keras_augsynth.balancing.looks import Looks, logs_of
from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.report import BalanceReport, class_lines
from keras_augsynth.balancing.rows.added import Added, Mixture, Row, first_line, scope_of, used
from keras_augsynth.balancing.rows.class_rows import ClassRows, bytes_of, room_for
from keras_augsynth.balancing.rows.sources import Live, Pool, refilled
from keras_augsynth.balancing.rows.step_random import epoch_seed, step_random, step_seed
from keras_augsynth.balancing.settings import NAME, Settings
from keras_augsynth.balancing.tally import Tally
from keras_augsynth.balancing.targets import added_per_real, added_rows, class_shares, refill_every, rows_of_step
from keras_augsynth.balancing.trials.gate import Gate
from keras_augsynth.core.checks import wrong
from keras_augsynth.data.seeded import seeded

Tensor = Any

_UNCOUNTED = 1024  # real rows of a class that are kept while it is not known how many there are
_DRAWS = 2**32  # of an epoch, so that what is drawn in one does not depend on those before it


class Run:
    """The source of an `Injection`: which rows are added to a batch, and what else is done to it.

    All that changes in a training lies in variables: no schedule and no decision leads to another trace.

    Args:
        settings: what the balancer was given.
        model: in `fit`.
        target: which of several outputs is balanced.
        counts: rows of each class, `(classes,)`; None if they are to be counted.
        classes: how many there are.
        whole: whether an epoch goes through all of the data.
    """

    def __init__(
        self,
        settings: Settings,
        model: keras.Model,
        target: Target,
        counts: np.ndarray | None,
        classes: int,
        whole: bool,
    ):
        self.settings, self._model, self._target, self._whole = settings, model, target, whole
        self.outputs = Outputs(NAME, model, target)
        self.looks: Looks | None = None
        self.gate: Gate | None = None  # None: shares are fixed
        self.notes: list[str] = []
        # Not attributes of the model: nothing of this is saved with it.
        variable = lambda value, dtype="float32": tf.Variable(value, dtype=dtype, trainable=False)
        self.counts = variable(np.zeros(classes) if counts is None else np.resize(counts, classes))
        self.counting, self.factor, self.draws = variable(counts is None), variable(1.0), variable(0, "int64")
        self.tally = Tally(classes)
        self.mixture = self._mixture({})
        self._fixed = np.zeros((0, classes), "float32")
        self._counted, self._annealed = counts is not None, False
        self._failed: set[str] = set()
        self._epoch = self._epochs = 0
        self.calls = self._calls_in_epoch = 0
        self._per_epoch: int | None = None
        self._rows_of_call = 0.0  # in the last epoch
        self._shares: list[list[float]] = []  # generated part of each class's rows, by epoch
        self._recalls: list[tuple[int, list[float]]] = []
        limit = settings.max_share / (1.0 - settings.max_share)
        # The most added rows per real row that any step will have.
        self.most = limit if counts is None else float(added_per_real(self.wanted(counts), counts, limit))
        self.real_statistics = settings.batch_norm == "real"
        self.adjusts = self._adjusts()

    def _adjusts(self) -> bool:
        """Whether the loss sees other outputs than the model's."""
        if self.settings.logit_adjustment == "auto":
            corrected = hasattr(self._target.of(self._model.loss), "class_counts")  # by a loss of this package
            return self.settings.validated and self.outputs.adjustable and not corrected
        return self.settings.logit_adjustment == "loss"

    def _mixture(self, sources: dict[str, Live | Pool | None]) -> Mixture:
        return Mixture(NAME, sources, self.counts.shape[0], self.new_seed, self.fail, self._beside)

    def use(self, sources: dict[str, Live | Pool | None], parts: np.ndarray) -> None:
        """Draws generated rows from these.

        Args:
            sources: by name.
            parts: of each class's added rows, `(sources, classes)`; what is left of 1 is real rows.
        """
        self.mixture, self._fixed = self._mixture(sources), parts.astype("float32")

    def wanted(self, counts: Tensor) -> Tensor:
        """How many rows each class should get beside `counts`, float32 `(classes,)`."""
        settings = self.settings
        min_real = 0 if settings.real_part else settings.min_real
        return added_rows(settings.strategy, counts, min_real, settings.max_multiple)

    def prior(self) -> Tensor:
        """Class shares of the rows that are trained on, added ones with them; `(C,)`, never 0."""
        return class_shares(self.counts, self.wanted(self.counts) * self.factor, self.most)

    # In the training graph.

    def rows(self, x: Any, y: Any, weight: Any) -> Rows | None:
        """The rows to append to a batch; None if no batch ever gets any."""
        batch: Row = {"x": x, "y": y} if weight is None else {"x": x, "y": y, "weight": weight}
        classes, padded = self.counts.shape[0], self._padded
        labels = to_classes(NAME, self._target.of(y), classes, checked=not padded)
        kept = None if self.gate is None else self.gate.kept(x, labels)
        counted = ops.ones_like(labels, "bool") if weight is None else weights.counted(self._target.of(weight))
        weighs = ops.cast(counted, "float32")
        kinds = ops.one_hot(labels, classes, dtype="float32") * ops.expand_dims(weighs, 1)
        self.counts.assign_add(self.counting * ops.sum(kinds, axis=0))
        self.tally.count_real(labels)
        if self.most == 0.0 and kept is None:
            return None
        if self.mixture.memory is not None:
            self.mixture.memory.put(batch, labels, counted if kept is None else counted & kept)
        wanted = self.wanted(self.counts) * self.factor
        per_real = added_per_real(wanted, self.counts, self.most)
        most = ops.cast(ops.ceil(ops.cast(ops.shape(labels)[0], "float32") * self.most), "int32")

        with tf.control_dependencies([labels]):  # no draw in a step that finds the data at their end
            seed = self.new_seed()
        rng = step_random(seed, ops.maximum(most, 1))
        number = rows_of_step(ops.sum(weighs), per_real, most, rng.uniform()[0])
        chosen, uniform = rng.categorical(ops.maximum(wanted, 1e-30))[:most], rng.uniform()[:most]
        # Beyond 1 no source has a part.
        uniform = ops.where(ops.take(self.counts, chosen) < self.settings.min_real, 2.0, uniform)
        if not padded:
            chosen, uniform = chosen[:number], uniform[:number]
        added = self.mixture.draw(batch, chosen, uniform, number, most, padded)
        added = added if padded else used(added, most)
        self.tally.count_added(added.labels, added.generated, added.usable)
        return Rows(self._augmented(added.rows["x"]), added.rows["y"], self._weights(added), kept)

    @property
    def _padded(self) -> bool:
        """XLA wants the same shapes in every step."""
        return bool(self._model.jit_compile)

    def _beside(self, labels: Tensor, like: Row) -> Row:
        """Labels and weights of generated rows: those of the batch's rows on average."""
        count = ops.shape(labels)[0]
        nothing = lambda part: tf.zeros((count, *part.shape[1:]), part.dtype)
        y = like["y"]
        own = from_classes(labels, self._target.of(y), self.counts.shape[0])
        row = {"y": self._target.put(keras.tree.map_structure(nothing, y), own)}
        if "weight" in like:
            row["weight"] = keras.tree.map_structure(lambda part: nothing(part) + weights.usual(part), like["weight"])
        return row

    def _weights(self, added: Added) -> Any:
        """Of the added rows; None if all weigh 1."""
        y, given = added.rows["y"], added.rows.get("weight")
        lacking = several(y) and bool(self.mixture.sources)
        if not (lacking or self._padded or self.settings.loss_weight < 1.0):
            return given
        own = ops.where(added.generated, self.settings.loss_weight, 1.0) * ops.cast(added.usable, "float32")
        return weights.of_added(given, y, self._target, own, ops.cast(ops.logical_not(added.generated), "float32"))

    def _augmented(self, rows: Any) -> Any:
        if self.settings.augment is None:
            return rows
        some = lambda: seeded(self.settings.augment, rows, self.new_seed())
        return tf.cond(ops.shape(keras.tree.flatten(rows)[0])[0] > 0, some, lambda: rows)

    def mixed(self, x: Any, y: Any) -> tuple[Any, Any]:
        if self.settings.mix is None:
            return x, y
        if several(y) or len(y.shape) != 2 or y.shape[1] == 1:
            reason = "be None, or the labels one-hot (and the loss categorical), of a single output"
            raise wrong(NAME, "mix", reason, self.settings.mix)
        return self.settings.mix(x, y, training=True)

    def corrected(self, model: keras.Model) -> keras.Model:
        """The model with predictions that are those for equally frequent classes."""
        return self.outputs.corrected(model, self.prior().numpy())

    def loss_outputs(self, y_pred: Any) -> Any:
        return self.outputs.adjusted(y_pred, ops.log(self.prior()))

    def new_seed(self) -> Tensor:
        """Another number from 0 to 2**31 - 1 each time it is asked for, and in each replica."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        draw = tf.convert_to_tensor(self.draws.assign_add(1))
        return step_seed(self.settings.seed, draw, replica)

    # Around a call of the training function.

    def around(self, run: Callable[[Any], Any], iterator: Any) -> Any:
        if self.mixture.memory is None and self.settings.remembers:
            self.mixture.memory = self._room(iterator.element_spec)
        logs = run(iterator) if self.gate is None else self.gate.step(self.calls, run, iterator)
        self.calls, self._calls_in_epoch = self.calls + 1, self._calls_in_epoch + 1
        return logs

    def _room(self, spec: Any) -> ClassRows:
        """For the real rows of the classes that get more."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(spec)
        batch = {"x": x, "y": y} if weight is None else {"x": x, "y": y, "weight": weight}
        batch = tf.nest.map_structure(lambda part: getattr(part, "_value_specs", [part])[0], batch)  # of replicas
        counts, size = self.counts.numpy(), bytes_of(batch)
        if not self._counted:
            return ClassRows(batch, room_for(size, np.full_like(counts, _UNCOUNTED), np.ones_like(counts, "bool")))
        return ClassRows(batch, room_for(size, counts, self.wanted(counts).numpy() > 0))

    def failed(self, error: Exception) -> bool:
        if (about_labels := bad_labels(error)) is not None:
            raise about_labels from error
        names = [name for name in self.mixture.sources if scope_of(name) in str(error)]
        for name in names:
            self.fail(name, error)
        return bool(names)

    def fail(self, name: str, error: Exception) -> None:
        """Goes on without a source that has raised an error."""
        if name in self._failed:
            return
        self._failed.add(name)
        self.mixture.sources[name] = None
        line = first_line(error)
        self.notes.append(f"{name} has failed ({line}), training went on with real rows")
        message = f"{NAME}: the synthesizer {name} has failed, training goes on without it: {line}"
        warnings.warn(message, UserWarning, stacklevel=2)

    # Epoch by epoch, and before each call.

    def begin_epoch(self, epoch: int, epochs: int, per_epoch: int | None) -> None:
        """Starts to count anew; `per_epoch` are calls of the training function, None where they are not known yet."""
        self._epoch, self._epochs, self._per_epoch = epoch, epochs, per_epoch or self._per_epoch
        self.factor.assign(factor(NAME, self.settings.schedule, epoch, epochs))
        self.draws.assign(epoch * _DRAWS)
        self.tally.clear()
        self._calls_in_epoch = 0
        self.calls = max(self.calls, epoch * (self._per_epoch or 0))
        generates = bool(self._fixed.any()) if self.gate is None else self.gate.open
        if self.most and generates and not self._annealed:
            every = self.settings.refresh
            if self._whole and self._counted and self.settings.accept is None:  # what a teacher accepts changes
                every = refill_every(every, self.settings.pool_size, self.wanted(self.counts), self.counts, self.most)
            filling, seed = (epoch_seed(self.settings.seed, one) for one in (epoch - epoch % every, epoch))
            self.mixture.counts.assign_add(refilled(self.mixture.sources, filling, seed, self.fail))

    def begin_call(self) -> None:
        """Plans the gate's looks when the classes are counted, and ends with real rows."""
        calls = self._epochs * self._per_epoch if self._per_epoch else None
        if self.gate is not None and self.gate.waits and self.calls and calls and self._counted:
            self._plan(calls)
        progress = self.calls / calls if calls else self._epoch / self._epochs
        if self.settings.anneal and progress >= 1.0 - self.settings.anneal and not self._annealed:
            self._annealed = True
            self.set_parts()

    def set_parts(self) -> None:
        """Lets the graph use what was fixed or decided, or generate nothing in the last part of the training."""
        parts = self._fixed if self.gate is None else self.gate.shares
        self.mixture.parts.assign(np.zeros_like(parts) if self._annealed else parts)

    def _plan(self, calls: int) -> None:
        counts = self.counts.numpy()
        may = (self.wanted(counts).numpy() > 0) & (counts >= self.settings.min_real)
        rows = self.tally.rows / self._calls_in_epoch if self._calls_in_epoch else self._rows_of_call
        self.gate.plan(calls, self.calls, rows, may)

    def end_epoch(self, epoch: int) -> dict[str, float]:
        """What there is to log: the same names after every epoch."""
        self._counted = True
        if self._whole:
            self.counting.assign(0.0)
            if self.mixture.memory is not None:
                self.mixture.memory.close_lap()
        self._per_epoch = self._per_epoch or self._calls_in_epoch
        self._rows_of_call = self.tally.rows / max(self._calls_in_epoch, 1)
        self._shares.append(self.tally.shares())
        logs = self.tally.logs(self.settings.remembers)
        if self.settings.accept is not None:
            asked, _, accepted = self.mixture.counts.numpy()
            logs["accept_rate"] = float(accepted / asked) if asked else 1.0
        recall = self._recall()
        if recall is not None:
            self._recalls.append((epoch, recall.tolist()))
            logs |= logs_of(recall)
        return logs

    def _recall(self) -> np.ndarray | None:
        """By class, on validation rows; NaN where it was not looked at, None if there are none."""
        if self.looks is not None:
            return self.looks()
        if self.gate is None:
            return None
        return self.gate.recall()

    def end(self) -> None:
        if self.gate is not None:
            self.gate.end()
        asked, _, accepted = self.mixture.counts.numpy()
        if asked and not accepted:
            self.notes.append("no generated row was finite and accepted, so none was used")

    def report(self) -> BalanceReport:
        gate = self.gate
        least = self.settings.min_real if self.mixture.sources else 0
        found, why_not = ({}, None) if gate is None else (gate.lines, gate.why_not)
        lines = class_lines(self.counts.numpy().astype(int), least, found, why_not)
        asked, finite, accepted = self.mixture.counts.numpy().astype(int).tolist()
        report = BalanceReport(lines, notes=list(self.notes))
        report.rows = {"asked": asked, "not finite": asked - finite, "not accepted": finite - accepted}
        report.shares = [np.array(shares) for shares in self._shares]
        report.recalls = [(epoch, np.array(recall)) for epoch, recall in self._recalls]
        if gate is not None:
            report.verdict, report.cost, report.notes = gate.verdict, gate.cost, [*self.notes, *gate.notes]
        return report

    def state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "calls": self.calls,
            "counts": self.counts.numpy().tolist(),
            "counting": float(self.counting),
            "counted": self._counted,
            "shares": self._shares,
            "recalls": self._recalls,
            "gate": None if self.gate is None else self.gate.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        if len(state["counts"]) != self.counts.shape[0] or (state["gate"] is None) != (self.gate is None):
            raise wrong(NAME, "state", "be of a balancer with the same classes and strategy", sorted(state))
        self.calls, self._counted = state["calls"], state["counted"]
        self.counts.assign(state["counts"])
        self.counting.assign(state["counting"])
        self._shares, self._recalls = list(state["shares"]), [tuple(look) for look in state["recalls"]]
        if self.gate is not None:
            self.gate.restore(state["gate"])
        self.set_parts()
