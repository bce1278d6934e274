"""`Balancing`: what a `SyntheticBalancer` does inside the training graph."""

import re
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.injection import Rows, filled
from keras_augsynth.balancing.labels import from_classes, to_classes
from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.report import BalanceReport, ClassLine
from keras_augsynth.balancing.rows.added import Mixture, scope_of
from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.balancing.rows.sources import Live, Pool
from keras_augsynth.balancing.targets import added_per_real, added_rows, class_shares, rows_of_step
from keras_augsynth.balancing.trials.gate import Gate
from keras_augsynth.core.checks import wrong
from keras_augsynth.data.seeded import seeded
from keras_augsynth.ops.compiled import shared
from keras_augsynth.synthesis.seeds import mixed, random_for

Tensor = Any

_UNCOUNTED = 1024  # real rows of a class that are kept while it is not known how many there are


class Balancing:
    """The source of an `Injection`: which rows are added to a batch, and what else is done to it.

    All that changes in a training lies in variables: no schedule and no decision leads to another trace.

    Args:
        settings: the callback, whose arguments these are.
        model: in `fit`.
        counts: rows of each class, `(classes,)`; zeros if they are to be counted.
        known: whether they are not.
    """

    gate: Gate | None = None
    """None: shares are fixed."""

    def __init__(self, settings: Any, model: keras.Model, counts: np.ndarray, known: bool):
        self._settings, self._model = settings, model
        classes = len(counts)
        # Not attributes of the model: nothing of this is saved with it.
        variable = lambda value, dtype="float32": tf.Variable(value, dtype=dtype, trainable=False)
        self.counts, self.counting = variable(counts), variable(not known)
        self.factor, self.draws = variable(1.0), variable(0, "int64")
        self.added, self.repeated, self.seen = (variable(np.zeros(shape)) for shape in (classes, classes, ()))
        self.class_weights = variable(np.ones(classes))
        self.mixture = Mixture(settings, {}, classes, self.new_seed, self.fail)
        self.read: Outputs | None = None  # set where the outputs must be understood
        self.notes: list[str] = []
        self.calls = self.calls_in_epoch = 0
        self.mean_rows = 0.0  # in a step of the last epoch
        self._fixed = np.zeros((0, classes), "float32")
        self._failed: set[str] = set()
        self._shares: list[list[float]] = []  # generated part of each class's rows, by epoch
        self._recalls: list[tuple[int, list[float]]] = []
        self.most = self._most_per_real(counts, known)

    @property
    def adjusts(self) -> bool:
        """Whether the loss sees other outputs than the model's."""
        if self._settings.logit_adjustment == "auto":
            corrected = hasattr(self._model.loss, "class_counts")  # by a loss of this package
            return self._settings.validated and self.read.from_logits is not None and not corrected
        return self._settings.logit_adjustment == "loss"

    @property
    def real_statistics(self) -> bool:
        return self._settings.batch_norm == "real"

    def use(self, sources: dict[str, Live | Pool | None], parts: np.ndarray) -> None:
        """Draws generated rows from these.

        Args:
            sources: by name.
            parts: of each class's added rows, `(sources, classes)`; what is left of 1 is real rows.
        """
        self.mixture = Mixture(self._settings, sources, self.counts.shape[0], self.new_seed, self.fail)
        self._fixed = parts

    def set_parts(self, annealed: bool) -> None:
        """Lets the graph use what was fixed or decided, or generate nothing."""
        parts = self._fixed if self.gate is None else self.gate.shares
        self.mixture.parts.assign(np.zeros_like(parts) if annealed else parts)

    @property
    def generates(self) -> bool:
        """Whether rows may be generated from here on."""
        return bool(self._fixed.any()) if self.gate is None else self.gate.open

    def _most_per_real(self, counts: np.ndarray, known: bool) -> float:
        """The most added rows per real row that any step will have."""
        limit = self._settings.max_share / (1.0 - self._settings.max_share)
        if not known:
            return limit
        return float(added_per_real(self.wanted(counts), counts, limit))

    def wanted(self, counts: Tensor) -> Tensor:
        """How many rows each class should get beside `counts`, float32 `(classes,)`."""
        settings = self._settings
        min_real = 0 if self.real_part else settings.min_real
        return added_rows(settings.strategy, counts, min_real, settings.max_multiple)

    @property
    def real_part(self) -> float:
        """Part of the added rows that are real, if no trial says otherwise."""
        if not self._settings.synthesizers:
            return 1.0
        if self._settings.resample_real is not None:
            return self._settings.resample_real
        return 1.0 if self._settings.validated else 0.0

    @property
    def remembers(self) -> bool:
        """Whether real rows are kept, to be drawn again."""
        return self._settings.validated or self.real_part > 0.0

    # In the training graph.

    def rows(self, x: Any, y: Tensor) -> Rows:
        """The rows to append to a batch."""
        classes = self.counts.shape[0]
        labels = to_classes(self._settings, y, classes, checked=not self._padded)
        count = ops.shape(labels)[0]
        kept = None if self.gate is None else self.gate.kept(x, labels)
        real = ops.ones((count,), "bool") if kept is None else kept
        self.counts.assign_add(self.counting * ops.sum(ops.one_hot(labels, classes, dtype="float32"), axis=0))
        if self.mixture.memory is not None:
            self.mixture.memory.put(x, labels, real)
        wanted = self.wanted(self.counts) * self.factor
        per_real = added_per_real(wanted, self.counts, self.most)
        most = ops.cast(ops.ceil(ops.cast(count, "float32") * self.most), "int32")

        with tf.control_dependencies([labels]):  # no draw in a step that finds the data at their end
            seed = self.new_seed()
        _, rng = random_for(seed, ops.maximum(most, 1))
        number = rows_of_step(count, per_real, most, rng.uniform()[0])
        chosen, uniform = rng.categorical(ops.maximum(wanted, 1e-30))[:most], rng.uniform()[:most]
        if not self._padded:
            chosen, uniform = chosen[:number], uniform[:number]
        added = self.mixture.draw(x, chosen, uniform, number, most, self._padded)

        kinds = ops.one_hot(added.labels, classes, dtype="float32")
        tally = lambda which: ops.sum(kinds * ops.expand_dims(ops.cast(which, "float32"), 1), axis=0)
        self.added.assign_add(tally(added.generated & added.usable))
        self.repeated.assign_add(tally(ops.logical_not(added.generated) & added.usable))
        self.seen.assign_add(ops.cast(count, "float32"))
        return self._weighed(self._augmented(added.x), from_classes(added.labels, y, classes), added, kept)

    @property
    def _padded(self) -> bool:
        """XLA wants the same shapes in every step."""
        return bool(self._model.jit_compile)

    def _augmented(self, rows: Any) -> Any:
        if self._settings.augment is None:
            return rows
        some = lambda: seeded(self._settings.augment, rows, self.new_seed())
        return tf.cond(ops.shape(keras.tree.flatten(rows)[0])[0] > 0, some, lambda: rows)

    def _weighed(self, rows: Any, y: Tensor, added: Any, kept: Tensor | None) -> Rows:
        """Rows that cannot be used have no weight under XLA, and give way to others elsewhere."""
        weight = None
        if self._settings.loss_weight < 1.0:
            weight = ops.where(added.generated, self._settings.loss_weight, 1.0)
        if self._padded:
            return Rows(rows, y, ops.cast(added.usable, "float32") * (1.0 if weight is None else weight), kept)
        some = ops.any(added.usable)
        rows, y, weight = filled((rows, y, weight), added.usable)
        none = lambda part: None if part is None else part[: ops.where(some, ops.shape(part)[0], 0)]
        return Rows(keras.tree.map_structure(none, rows), none(y), none(weight), kept)

    def row_weights(self, y: Tensor) -> Tensor | None:
        if self._settings.reweight is None:
            return None
        return ops.take(self.class_weights, to_classes(self._settings, y, self.counts.shape[0], checked=False))

    def mixed(self, x: Any, y: Tensor) -> tuple[Any, Tensor]:
        if self._settings.mix is None:
            return x, y
        if len(y.shape) != 2 or y.shape[1] == 1:
            reason = "be None, or the labels one-hot (and the loss categorical)"
            raise wrong(self._settings, "mix", reason, self._settings.mix)
        return self._settings.mix(x, y, training=True)

    def outputs(self, y_pred: Tensor) -> Tensor:
        return self.read.adjusted(y_pred, self._settings.tau * ops.log(self.prior(self.counts)))

    def prior(self, counts: Tensor) -> Tensor:
        """Class shares of the rows that are trained on, added ones with them; `(C,)`, never 0."""
        return class_shares(counts, self.wanted(counts) * self.factor, self.most)

    def new_seed(self) -> Tensor:
        """Another number from 0 to 2**31 - 1 each time it is asked for, and in each replica."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        draw = tf.convert_to_tensor(self.draws.assign_add(1))
        return shared(mixed)(self._settings.seed, draw, ops.cast(replica, "int64"))

    # Around a call of the training function.

    def around(self, run: Callable[[Any], Any], iterator: Any) -> Any:
        if self.mixture.memory is None and self.remembers:
            self.mixture.memory = self._room(iterator.element_spec)
        logs = run(iterator) if self.gate is None else self.gate.step(self.calls, run, iterator)
        self.calls, self.calls_in_epoch = self.calls + 1, self.calls_in_epoch + 1
        return logs

    def _room(self, spec: Any) -> ClassRows:
        """For the real rows of the classes that get more."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(spec)
        x = tf.nest.map_structure(lambda part: getattr(part, "_value_specs", [part])[0], x)  # of replicas
        size = 0
        for part in keras.tree.flatten(x):
            if None in part.shape[1:]:
                raise wrong(self._settings, "x", "have rows of one fixed shape, if real rows are repeated", part.shape)
            size += part.shape[1:].num_elements() * part.dtype.size
        counts = self.counts.numpy()
        wanted = self.wanted(counts).numpy() > 0 if not float(self.counting) else np.ones(len(counts), "bool")
        fair = max(self._settings.memory // max(size, 1) // max(np.count_nonzero(wanted), 1), 1)
        most = counts if not float(self.counting) else np.full(len(counts), _UNCOUNTED)
        return ClassRows(x, np.where(wanted, np.minimum(most, fair), 0))

    def failed(self, error: Exception) -> bool:
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
        message = f"SyntheticBalancer: the synthesizer {name} has failed, training goes on without it: {line}"
        warnings.warn(message, UserWarning, stacklevel=2)

    # Between epochs.

    def begin_epoch(self, factor: float) -> None:
        """Starts to count anew.

        Args:
            factor: on the added rows.
        """
        self.factor.assign(factor)
        for tally in (self.added, self.repeated, self.seen):
            tally.assign(tf.zeros_like(tally))
        self.calls_in_epoch = 0

    def fill_pools(self, epoch: int) -> None:
        for name, source in self.mixture.sources.items():
            if not isinstance(source, Pool):
                continue
            seed = int(mixed(self._settings.seed, tf.constant(epoch, "int64"))) // 2
            if epoch % self._settings.refresh and source.filled:
                source.turn(seed)
                continue
            try:
                rows = source.refresh(seed)
            except Exception as error:
                self.fail(name, error)
            else:
                self.mixture.counts.assign_add(np.array(rows, "float32"))

    def end_epoch(self, epoch: int) -> dict[str, float]:
        """What there is to log."""
        self.counting.assign(0.0)
        if self.mixture.memory is not None:
            self.mixture.memory.close_lap()
        added, repeated, seen = self.added.numpy(), self.repeated.numpy(), float(self.seen)
        rows = added.sum() + repeated.sum() + seen
        self.mean_rows = rows / max(self.calls_in_epoch, 1)
        counts = self.counts.numpy()
        of_class = added + repeated + seen * counts / max(counts.sum(), 1.0)
        self._shares.append((added / np.maximum(of_class, 1.0)).tolist())
        logs = {"synthetic_share": float(added.sum() / rows) if rows else 0.0}
        if self.remembers:
            logs["repeated_share"] = float(repeated.sum() / rows) if rows else 0.0
        if self._settings.accept is not None:
            asked, _, accepted = self.mixture.counts.numpy()
            logs["accept_rate"] = float(accepted / asked) if asked else 1.0
        return logs

    def plan(self, calls: int) -> None:
        """Lets the gate plan when it looks.

        Args:
            calls: of the training function, in the whole training.
        """
        counts = self.counts.numpy()
        may = (self.wanted(counts).numpy() > 0) & (counts >= self._settings.min_real)
        rows = float(self.seen + ops.sum(self.added) + ops.sum(self.repeated))
        rows = rows / self.calls_in_epoch if self.calls_in_epoch else self.mean_rows
        self.gate.plan(calls, self.calls, rows, may)

    # What is known of it.

    def report(self) -> BalanceReport:
        gate, lines = self.gate, []
        for label, count in enumerate(self.counts.numpy().astype(int)):
            line = {} if gate is None else gate.lines.get(label, {})
            why = gate.why_not(label) if gate is not None and not line.get("kept") else ""
            if self.mixture.sources and count < self._settings.min_real:
                why = f"fewer than {self._settings.min_real} real rows"
            lines.append(ClassLine(label, int(count), why=why, **line))
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
            "draws": int(self.draws.numpy()),
            "counts": self.counts.numpy().tolist(),
            "counting": float(self.counting),
            "shares": self._shares,
            "recalls": self._recalls,
            "gate": None if self.gate is None else self.gate.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        if len(state["counts"]) != self.counts.shape[0] or (state["gate"] is None) != (self.gate is None):
            raise wrong(self._settings, "state", "be of a balancer with the same classes and strategy", sorted(state))
        self.calls = state["calls"]
        for variable, name in ((self.draws, "draws"), (self.counts, "counts"), (self.counting, "counting")):
            variable.assign(state[name])
        self._shares, self._recalls = list(state["shares"]), [tuple(look) for look in state["recalls"]]
        if self.gate is not None:
            self.gate.restore(state["gate"])


def first_line(error: Exception) -> str:
    """An exception's kind and the first line of its message; of one in TensorFlow's graph, those of its cause."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    causes = [line.strip() for line in lines[1:] if re.match(r"\s*\w*(Error|Exception): .", line)]
    return causes[0] if isinstance(error, tf.errors.OpError) and causes else lines[0]
