"""`SyntheticBalancer`: more rows of rare classes in every training batch, real and generated, as many as help."""

import json
import math
import pathlib
import random as python_random
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.callbacks.balance_report import BalanceReport, ClassLine
from keras_augsynth.callbacks.class_rows import ClassRows
from keras_augsynth.callbacks.fit_arguments import fit_arguments
from keras_augsynth.callbacks.gate import Gate, classes_in_words
from keras_augsynth.callbacks.injection import Injection, Rows, injected, remove
from keras_augsynth.callbacks.mixture import Mixture, scope_of
from keras_augsynth.callbacks.outputs import Outputs
from keras_augsynth.callbacks.sources import LEVELS, Accept, Live, Pool
from keras_augsynth.callbacks.strategies import (
    Strategy,
    added_rows,
    check_labels,
    check_strategy,
    count_classes,
    effective_weights,
    from_classes,
    to_classes,
)
from keras_augsynth.callbacks.teachers import Teachers
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_choice, check_integer, check_number, check_seed, wrong
from keras_augsynth.core.seeded import seeded
from keras_augsynth.losses import PriorCorrection
from keras_augsynth.ops.compiled import shared
from keras_augsynth.synthesis.seeds import mixed, random_for
from keras_augsynth.synthesis.synthesizer import Synthesizer

Tensor = Any

_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda part: 1.0,
    "linear": lambda part: 1.0 - part,
    "cosine": lambda part: 0.5 + 0.5 * math.cos(math.pi * part),
}


class SyntheticBalancer(keras.callbacks.Callback):
    """Adds rows of rare classes to every training batch, in the training graph: real ones again, and generated ones.

    Real rows are added to, not displaced. How many of the added rows are generated is found out during `fit`: from time
    to time some steps are done with generated rows and, from the same state and on the same batches, without, and
    both are judged on validation rows. A share of generated rows must earn its place: it stays 0 unless it lowers the
    mean loss of the classes by two standard errors. `report_` has the numbers, and `fit` ends with a sentence.

    It works with arrays, `tf.data`, `PyDataset` and generators; sparse, one-hot and binary labels; sample weights; any
    `train_step`. Metrics in the logs are those of the real rows; "synthetic_share", the generated part of all rows,
    stands beside them, "accept_rate" and "val_recall_0", … where they are known. The loss is the one that is minimized,
    over all rows. After `fit`, an exception or Ctrl-C the model is as it was before.

    Labels must name one class for each row. Several classes at once, masks and regression are refused.

    Args:
        synthesizer: anything with `fit(x, y)` and `sample(labels, seed)`, already fitted, whose samples have the
            shape, the dtype and the range of the training data; or {name: synthesizer}; None adds real rows only.
        strategy: "validated" brings every class up to the largest, mostly by real rows, as described above. It needs
            `validation_data`, or holds out a part of arrays until it has decided. "equal" does so by generated rows;
            "sqrt" brings each class's ratio to the largest to its square root; a dictionary {class: share} gives the
            added part of a class's rows, from 0 to 1.
        max_share: the most that may be added of all rows, from 0 to below 1.
        max_multiple: the most added rows of a class as a multiple of its real ones; None: no limit.
        resample_real: part of the added rows that are real rows of the class, drawn from those that came by, from 0 to 1;
            1 is oversampling. None: 0, or for "validated" all that the trials leave. Generated rows that cannot be used
            are replaced by real ones wherever this is not 0.
        shares: {name: part} of the generated rows that each of several synthesizers gives; None: equal parts. With
            "validated" the trials choose one of them.
        accept: which samples may be used. "teacher": two copies of the model, each trained before on one half of the real
            rows (arrays only), agree with the label; "discriminator": the synthesizer's own test, if it has one; a
            function of (samples, labels) that returns booleans `(N,)`; None: all that are finite.
        mode: "live" samples inside the step; "pool" between epochs, into memory.
        pool_size: rows of the pool.
        refresh: after how many epochs the pool is filled anew.
        memory: bytes that the pool, and as many that the kept real rows may take. A larger pool lies on disk.
        augment: a layer or `Pipeline` that all added rows pass.
        mix: `MixUp` or `CutMix` for the whole batch; labels must be one-hot.
        schedule: factor on the added rows over the epochs: "constant", "linear" or "cosine" (both down to 0 at the
            end), or a function from (epoch, epochs) to a number from 0 to 1.
        anneal: last part of the training in which no row is generated, from 0 to 1. None: 0.2 for "validated", else 0.
        loss_weight: of generated rows, from 0 to 1.
        batch_norm: "all", or "real": batch normalization takes its statistics from the real rows of the batch only.
        logit_adjustment: "loss" adds the logarithm of the class shares in training, added rows with them, to the logits
            that the loss sees: what of the imbalance is left does not bias the model. "post-hoc": `adjusted(model)` does
            it at the end. None: neither.
        tau: strength of the logit adjustment.
        reweight: part of the training from which on the loss weighs each class by the inverse of its effective number
            of rows (deferred re-weighting), from 0 to 1; None: never.
        min_real: classes with fewer real rows get no generated ones.
        candidates: generated parts of the added rows that are tried beside 0.
        trial_cost: most of the steps that trials may take on top of those of the training, from 0 to 1.
        validation_share: part of each class of arrays that is held out when `fit` has no `validation_data`. The rows
            join the training when the trials are over.
        num_classes: None reads it from `adapt`, the synthesizer or the model's output.
        seed: integer for the draws.

    Raises:
        TypeError: for something that is no synthesizer.
        ValueError: for shares out of range; in `fit`, for samples that don't have the batch's shape and dtype, a
            synthesizer that was not fitted, labels of another form than described, "validated" without validation rows.

    Warns:
        UserWarning: for `class_weight` beside it, which corrects twice; classes that the validation data lack; a
            synthesizer that fails in the middle of the training, which goes on without it.

    Example:

    >>> balancer = SyntheticBalancer(SMOTE().fit(x, y), seed=1)
    >>> history = model.fit(x, y, validation_data=(x, y), epochs=1, verbose=0, callbacks=[balancer])
    SyntheticBalancer: the training is too short for trials: no generated rows.

    Reference:
        Synthesis by validation: Nakada et al.: Synthetic oversampling. 2024. Menon et al.: Long-tail learning via logit
        adjustment. ICLR 2021. Cao et al.: Learning imbalanced datasets with LDAM. NeurIPS 2019 (deferred re-weighting).
    """

    def __init__(
        self,
        synthesizer: Synthesizer | Mapping[str, Synthesizer] | None,
        *,
        strategy: str | Mapping[int, float] = "validated",
        max_share: float = 0.5,
        max_multiple: float | None = None,
        resample_real: float | None = None,
        shares: Mapping[str, float] | None = None,
        accept: str | Accept | None = None,
        mode: str = "live",
        pool_size: int = 2048,
        refresh: int = 1,
        memory: int = 2**28,
        augment: Augmentation | None = None,
        mix: Augmentation | None = None,
        schedule: str | Callable[[int, int], float] = "constant",
        anneal: float | None = None,
        loss_weight: float = 1.0,
        batch_norm: str = "all",
        logit_adjustment: str | None = None,
        tau: float = 1.0,
        reweight: float | None = None,
        min_real: int = 5,
        candidates: Sequence[float] = (0.25, 0.5),
        trial_cost: float = 0.12,
        validation_share: float = 0.2,
        num_classes: int | None = None,
        seed: int | None = None,
    ):
        super().__init__()
        number = lambda value, name, low=0.0, high=1.0: check_number(self, value, name, low, high)
        maybe = lambda value, *rest: None if value is None else number(value, *rest)
        self.synthesizer, self._synthesizers = synthesizer, self._named(synthesizer)
        self.strategy: Strategy = check_strategy(self, strategy)
        self.max_share = number(max_share, "max_share")
        if self.max_share == 1.0:
            raise wrong(self, "max_share", "be below 1", max_share)
        self.max_multiple = maybe(max_multiple, "max_multiple", 0.0, math.inf)
        self.resample_real = maybe(resample_real, "resample_real")
        self.shares = self._check_shares(shares)
        if not callable(accept) and accept is not None:
            check_choice(self, accept, "accept", ("teacher", "discriminator"))
        self.accept, self.mode = accept, check_choice(self, mode, "mode", ("live", "pool"))
        self.pool_size = check_integer(self, pool_size, "pool_size", 1)
        self.refresh, self.memory = check_integer(self, refresh, "refresh", 1), check_integer(self, memory, "memory", 1)
        for name, layer in (("augment", augment), ("mix", mix)):
            if layer is not None and not isinstance(layer, Augmentation):
                raise wrong(self, name, "be a layer of keras_augsynth, or None", layer, TypeError)
        if augment is not None and augment.mixes:
            raise wrong(self, "augment", "change each row by itself; `mix` is for layers that mix them", augment)
        if mix is not None and not mix.mixes:
            raise wrong(self, "mix", "be a layer that mixes rows, such as MixUp(); `augment` is for others", mix)
        self.augment, self.mix = augment, mix
        self.schedule = schedule if callable(schedule) else check_choice(self, schedule, "schedule", tuple(_SCHEDULES))
        self.anneal = maybe(anneal, "anneal")
        self.loss_weight = number(loss_weight, "loss_weight")
        self.batch_norm = check_choice(self, batch_norm, "batch_norm", ("all", "real"))
        self.real_statistics = batch_norm == "real"
        if logit_adjustment is not None:
            check_choice(self, logit_adjustment, "logit_adjustment", ("loss", "post-hoc"))
        self.logit_adjustment, self.adjusts = logit_adjustment, logit_adjustment == "loss"
        self.tau, self.reweight = number(tau, "tau", 0.0, math.inf), maybe(reweight, "reweight")
        self.min_real = check_integer(self, min_real, "min_real", 0)
        self.candidates = tuple(sorted(number(share, "candidates") for share in candidates))
        if not self.candidates or not self.candidates[0]:
            raise wrong(self, "candidates", "be shares above 0; 0 is tried in any case", candidates)
        self.trial_cost = number(trial_cost, "trial_cost")
        self.validation_share = number(validation_share, "validation_share")
        self.num_classes = None if num_classes is None else check_integer(self, num_classes, "num_classes", 2)
        seed = check_seed(self, seed)
        self.seed = python_random.randint(1, 10**9) if seed is None else seed
        self.class_counts: np.ndarray | None = None
        self._state: dict[str, Any] = {}

    def _named(self, synthesizer: Any) -> dict[str, Synthesizer]:
        named = synthesizer if isinstance(synthesizer, Mapping) else {type(synthesizer).__name__: synthesizer}
        if synthesizer is None:
            return {}
        for each in named.values():
            if not isinstance(each, Synthesizer):
                raise wrong(self, "synthesizer", "have the methods `fit` and `sample`", each, TypeError)
        if not named:
            raise wrong(self, "synthesizer", "be at least one, or None", synthesizer)
        return {str(name): each for name, each in named.items()}

    def _check_shares(self, shares: Any) -> dict[str, float] | None:
        if shares is None:
            return None
        if not isinstance(shares, Mapping) or set(shares) != set(self._synthesizers):
            raise wrong(self, "shares", f"name each synthesizer of {list(self._synthesizers)}", shares)
        checked = {name: check_number(self, share, "shares", 0.0) for name, share in shares.items()}
        if not sum(checked.values()):
            raise wrong(self, "shares", "not all be 0", shares)
        return checked

    def adapt(self, y: Any) -> None:
        """Counts the classes of the training labels. Without it arrays are counted in `fit`, other data as they pass.

        Args:
            y: class numbers `(N,)` or `(N, 1)`, one-hot rows `(N, classes)`, or a data set of `(x, y, ...)`.

        Raises:
            ValueError: for labels of a single class, or that are no class numbers.
        """
        counts = count_classes(self, y)
        if self.num_classes is not None and len(counts) > self.num_classes:
            raise wrong(self, "y", f"be below num_classes={self.num_classes}", len(counts) - 1)
        if np.count_nonzero(counts) < 2:
            raise wrong(self, "y", "hold at least two classes", f"class counts {counts.tolist()}")
        self.class_counts = counts

    def adjusted(self, model: keras.Model) -> keras.Model:
        """The model with a layer at its end that takes the class shares of the training out of its predictions.

        Args:
            model: after `fit` with this callback and `logit_adjustment="post-hoc"`.

        Returns:
            A model that can be saved and exported.
        """
        prior = self._prior(self._counts).numpy() ** self.tau
        correction = PriorCorrection(prior / prior.sum(), from_logits=self._outputs.from_logits)
        inputs = [keras.Input(part.shape[1:], dtype=part.dtype, name=part.name) for part in model.inputs]
        packed = keras.tree.pack_sequence_as(model.input, inputs) if len(inputs) > 1 else inputs[0]
        return keras.Model(packed, correction(model(packed)))

    @property
    def report_(self) -> BalanceReport:
        """What was decided, and why; from `fit` on."""
        if not hasattr(self, "_counts"):
            raise wrong(self, "report_", "be asked for after `fit`", "before", AttributeError)
        return self._report()

    # How a training begins.

    def on_train_begin(self, logs: dict | None = None) -> None:
        given = fit_arguments(self.model)
        y = given.get("y")
        known = self.class_counts if y is None or self.class_counts is not None else count_classes(self, y)
        classes = self._classes(known)
        counts = np.zeros(classes)
        if known is not None:
            counts[: len(known)] = known
        labels = None if y is None else check_labels(self, y, "y", classes)
        # Not attributes of the model: nothing of this is saved with it.
        variable = lambda value, dtype="float32": tf.Variable(value, dtype=dtype, trainable=False)
        self._counts, self._counting = variable(counts), variable(known is None)
        self._factor, self._draws = variable(1.0), variable(0, "int64")
        self._added, self._repeated, self._seen = (variable(np.zeros(shape)) for shape in (classes, classes, ()))
        self._class_weights = variable(np.ones(classes))
        self._most = self._most_per_real(counts, known is not None)
        self._notes, self._failures, self._history = [], {}, {"shares": [], "recalls": []}
        self._calls = self._calls_in_epoch = self._epoch = 0
        self._annealed = self._reweighted = False
        self._mean_rows = 0.0
        steps = self.params.get("steps")
        self._per_epoch = None if steps is None else -(-steps // self.model.steps_per_execution)
        self._parts = np.zeros((0, classes), "float32")
        self._mixture, self._gate = Mixture(self, {}, classes, self._new_seed, self._fail), None
        if not self._most:
            if self.max_share:
                self._notes.append("no class is rarer than the others, so nothing is added")
            return
        if given.get("class_weight") is not None:
            message = "SyntheticBalancer: `class_weight` beside it corrects the imbalance twice; leave it out."
            warnings.warn(message, UserWarning, stacklevel=2)
        reads = self._validated or self.logit_adjustment is not None or self.accept == "teacher"
        self._outputs = Outputs(self, self.model) if reads else None
        wanted = self._wanted(counts).numpy()
        few = (counts < self.min_real) & (counts > 0)
        if few.any() and self._synthesizers:
            reason = f"fewer than {self.min_real} real rows of {classes_in_words(np.flatnonzero(few))}"
            self._notes.append(f"{reason}, so none are generated")
        self._begin_sources(given, labels, np.where(few, 0.0, wanted), classes)
        self._parts[:, few] = 0.0
        if self._validated and self._synthesizers:
            most = 1.0 - (self.resample_real or 0.0)
            tried = [share for share in self.candidates if share <= most]
            self._gate = Gate(self, self.model, self._mixture, self._outputs, tried, self.trial_cost, self.seed)
            self._gate.judge_by(given, labels, self.validation_share, wanted > 0 if known is not None else None)
        state, backup = self._state, self._backup(given)
        if not state and backup is not None and backup.exists():
            state = json.loads(backup.read_text())
        if state:
            self._restore(state)
        self._set_parts()
        Injection(self.model, self)

    @property
    def _validated(self) -> bool:
        return self.strategy == "validated"

    def _classes(self, counts: np.ndarray | None) -> int:
        known = [self.num_classes, *(getattr(each, "num_classes", None) for each in self._synthesizers.values())]
        known.append(None if counts is None else len(counts))
        known.append(max(self.strategy, default=-1) + 1 if isinstance(self.strategy, dict) else None)
        if not any(known):
            outputs = getattr(self.model, "output_shape", None)
            if not isinstance(outputs, tuple) or not isinstance(outputs[-1], int):
                raise wrong(self, "num_classes", "be given, or `adapt` be called: the model does not tell it", None)
            known.append(max(outputs[-1], 2))
        return max(number or 0 for number in known)

    def _most_per_real(self, counts: np.ndarray, known: bool) -> float:
        """The most added rows per real row that any step will have."""
        limit = self.max_share / (1.0 - self.max_share)
        if not known:
            return limit
        return min(limit, float(ops.sum(self._wanted(counts))) / max(float(counts.sum()), 1.0))

    def _wanted(self, counts: Tensor) -> Tensor:
        counts = ops.cast(counts, "float32")
        wanted = added_rows("equal" if self._validated else self.strategy, counts)
        if not self._real_part:
            wanted = ops.where(counts >= self.min_real, wanted, 0.0)
        if self.max_multiple is not None:
            wanted = ops.minimum(wanted, self.max_multiple * counts)
        return wanted

    @property
    def _real_part(self) -> float:
        """Part of the added rows that are real, if no trial says otherwise."""
        if not self._synthesizers:
            return 1.0
        return (1.0 if self._validated else 0.0) if self.resample_real is None else self.resample_real

    def _begin_sources(
        self, given: dict[str, Any], labels: np.ndarray | None, wanted: np.ndarray, classes: int
    ) -> None:
        accept = self._teachers(given, labels) if self.accept == "teacher" else self.accept
        sources: dict[str, Live | Pool | None] = {}
        for name, each in self._synthesizers.items():
            sources[name] = source = Live(each, accept)
            rows = self._probed(name, source, each, int(wanted.argmax()))
            if self.mode == "pool":
                spec = keras.tree.map_structure(lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype), rows)
                relative = wanted if wanted.any() else np.ones(classes)
                sources[name] = Pool(source, spec, self.pool_size, relative, self.memory)
        self._mixture = Mixture(self, sources, classes, self._new_seed, self._fail)
        parts = self.shares or dict.fromkeys(sources, 1.0)
        generated = 0.0 if self._validated else 1.0 - self._real_part
        plain = [[generated * parts[name] / sum(parts.values())] * classes for name in sources]
        self._parts = np.reshape(np.array(plain, "float32"), (len(sources), classes))

    def _probed(self, name: str, source: Live, synthesizer: Synthesizer, label: int) -> Any:
        """Two samples; an error if it cannot make any."""
        there = getattr(synthesizer, "class_counts", None)
        if there is not None and not (label < len(there) and there[label]):
            label = int(np.argmax(there))
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message=".*sampled before any training")
                return source.draw(tf.constant([label, label], "int32"), tf.constant(self.seed, "int64"))[0]
        except Exception as error:
            message = f"be fitted before, and make samples of class {label} ({_first_line(error)})"
            raise wrong(self, "synthesizer", message, name) from error

    def _teachers(self, given: dict[str, Any], labels: np.ndarray | None) -> Teachers:
        if labels is None:
            raise wrong(self, "accept", 'be another than "teacher", or `fit` be given arrays', self.accept)
        steps = int(np.clip(0.1 * self.params["epochs"] * self.params["steps"], 50, 400))
        x, y = given["x"], given["y"]
        return Teachers(self.model, x, y, labels, steps, self._outputs.probabilities, self.seed)

    # In the training graph.

    def rows(self, x: Any, y: Tensor) -> Rows:
        """The rows to append to a batch."""
        classes = self._counts.shape[0]
        labels = to_classes(self, y, classes, checked=not self._padded)
        count = ops.shape(labels)[0]
        kept = None if self._gate is None else self._gate.kept(x, labels)
        real = ops.ones((count,), "bool") if kept is None else kept
        self._counts.assign_add(self._counting * ops.sum(ops.one_hot(labels, classes, dtype="float32"), axis=0))
        if self._mixture.memory is not None:
            self._mixture.memory.put(x, labels, real)
        wanted = self._wanted(self._counts) * self._factor
        per_real = ops.minimum(ops.sum(wanted) / ops.maximum(ops.sum(self._counts), 1.0), self._most)
        most = ops.cast(ops.ceil(ops.cast(count, "float32") * self._most), "int32")

        _, rng = random_for(self._new_seed(), ops.maximum(most, 1))
        level = ops.maximum(most // LEVELS, 1)
        levels = ops.cast(count, "float32") * per_real / ops.cast(level, "float32")
        number = ops.minimum(level * ops.cast(ops.floor(levels + rng.uniform()[0]), "int32"), most)
        chosen, uniform = rng.categorical(ops.maximum(wanted, 1e-30))[:most], rng.uniform()[:most]
        if not self._padded:
            chosen, uniform = chosen[:number], uniform[:number]
        added = self._mixture.draw(x, chosen, uniform, number, most, self._padded)

        kinds = ops.one_hot(added.labels, classes, dtype="float32")
        tally = lambda which: ops.sum(kinds * ops.expand_dims(ops.cast(which, "float32"), 1), axis=0)
        self._added.assign_add(tally(added.generated & added.usable))
        self._repeated.assign_add(tally(ops.logical_not(added.generated) & added.usable))
        self._seen.assign_add(ops.sum(ops.cast(real, "float32")))
        return self._weighed(self._augmented(added.x), from_classes(added.labels, y, classes), added, kept)

    @property
    def _padded(self) -> bool:
        """XLA wants the same shapes in every step."""
        return bool(self.model.jit_compile)

    def _augmented(self, rows: Any) -> Any:
        if self.augment is None:
            return rows
        some = lambda: seeded(self.augment, rows, self._new_seed())
        return tf.cond(ops.shape(keras.tree.flatten(rows)[0])[0] > 0, some, lambda: rows)

    def _weighed(self, rows: Any, y: Tensor, added: Any, kept: Tensor | None) -> Rows:
        weight = None
        if self.loss_weight < 1.0:
            weight = ops.where(added.generated, self.loss_weight, 1.0)
        if self._padded:
            weight = ops.cast(added.usable, "float32") * (1.0 if weight is None else weight)
            return Rows(rows, y, weight, kept)
        only = lambda part: None if part is None else tf.boolean_mask(part, added.usable)
        return Rows(keras.tree.map_structure(only, rows), only(y), only(weight), kept)

    def row_weights(self, y: Tensor) -> Tensor | None:
        if self.reweight is None:
            return None
        return ops.take(self._class_weights, to_classes(self, y, self._counts.shape[0], checked=False))

    def mixed(self, x: Any, y: Tensor) -> tuple[Any, Tensor]:
        if self.mix is None:
            return x, y
        if len(y.shape) != 2 or y.shape[1] == 1:
            raise wrong(self, "mix", "be None, or the labels one-hot (and the loss categorical)", self.mix)
        return self.mix(x, y, training=True)

    def outputs(self, y_pred: Tensor) -> Tensor:
        return self._outputs.adjusted(y_pred, self.tau * ops.log(self._prior(self._counts)))

    def _prior(self, counts: Tensor) -> Tensor:
        """Class shares of the rows that are trained on, added ones with them; `(C,)`, never 0."""
        counts = ops.cast(counts, "float32") + 1e-6
        wanted = self._wanted(counts) * self._factor
        total = ops.sum(counts)
        per_real = ops.minimum(ops.sum(wanted) / total, self._most)
        rows = counts + wanted * (per_real * total / ops.maximum(ops.sum(wanted), 1e-6))
        return ops.maximum(rows / ops.sum(rows), 1e-6)

    def _new_seed(self) -> Tensor:
        """Another number from 0 to 2**31 - 1 each time it is asked for, and in each replica."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        return shared(mixed)(self.seed, tf.convert_to_tensor(self._draws.assign_add(1)), ops.cast(replica, "int64"))

    # While it runs.

    def around(self, run: Callable[[Any], Any], iterator: Any) -> Any:
        if self._mixture.memory is None and (self._validated or self._real_part):
            self._mixture.memory = self._room(iterator.element_spec)
        logs = run(iterator) if self._gate is None else self._gate.step(self._calls, run, iterator)
        self._calls, self._calls_in_epoch = self._calls + 1, self._calls_in_epoch + 1
        return logs

    def _room(self, spec: Any) -> ClassRows:
        """For the real rows of the classes that get more."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(spec)
        x = tf.nest.map_structure(lambda part: getattr(part, "_value_specs", [part])[0], x)  # of replicas
        size = 0
        for part in keras.tree.flatten(x):
            if None in part.shape[1:]:
                raise wrong(self, "x", "have rows of one fixed shape, if real rows are repeated", part.shape)
            size += part.shape[1:].num_elements() * part.dtype.size
        counts = self._counts.numpy()
        wanted = self._wanted(counts).numpy() > 0 if not float(self._counting) else np.ones(len(counts), "bool")
        fair = max(self.memory // max(size, 1) // max(np.count_nonzero(wanted), 1), 1)
        most = counts if not float(self._counting) else np.full(len(counts), _UNCOUNTED)
        return ClassRows(x, np.where(wanted, np.minimum(most, fair), 0))

    def failed(self, error: Exception) -> bool:
        names = [name for name in self._mixture.sources if scope_of(name) in str(error)]
        for name in names:
            self._fail(name, error)
        return bool(names)

    def _fail(self, name: str, error: Exception) -> None:
        if name in self._failures:
            return
        self._failures[name] = line = _first_line(error)
        self._mixture.sources[name] = None
        self._notes.append(f"{name} has failed ({line}), training went on with real rows")
        message = f"SyntheticBalancer: the synthesizer {name} has failed, training goes on without it: {line}"
        warnings.warn(message, UserWarning, stacklevel=2)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if not self._most:
            return
        if not injected(self.model, self):  # another callback has compiled the model again
            Injection(self.model, self)
        if (
            self._gate is not None
            and self._gate.waits
            and self._calls
            and self._per_epoch
            and not float(self._counting)
        ):
            self._plan()
        progress = self._calls / self._total if self._per_epoch else self._epoch / self.params["epochs"]
        anneal = (0.2 if self._validated else 0.0) if self.anneal is None else self.anneal
        if not self._annealed and progress >= 1.0 - anneal and anneal:
            self._annealed = True
            self._set_parts()
        if self.reweight is not None and progress >= self.reweight and not self._reweighted:
            self._reweighted = True
            prior = self._prior(self._counts).numpy()
            self._class_weights.assign(effective_weights(prior * float(ops.sum(self._counts)), prior))

    @property
    def _total(self) -> int:
        return self.params["epochs"] * self._per_epoch

    def _set_parts(self) -> None:
        """Lets the graph use what was decided."""
        parts = self._parts if self._gate is None else self._gate.shares
        self._mixture.parts.assign(np.zeros_like(parts) if self._annealed else parts)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        epochs = self.params["epochs"]
        if callable(self.schedule):
            factor = check_number(self, self.schedule(epoch, epochs), "schedule", 0.0, 1.0)
        else:
            factor = _SCHEDULES[self.schedule](epoch / max(epochs - 1, 1))
        self._factor.assign(factor)
        for tally in (self._added, self._repeated, self._seen):
            tally.assign(tf.zeros_like(tally))
        self._epoch, self._calls_in_epoch = epoch, 0
        if self._per_epoch:
            self._calls = max(self._calls, epoch * self._per_epoch)
        needed = self._parts.any() if self._gate is None else self._gate.open
        for name, source in self._mixture.sources.items():
            if isinstance(source, Pool) and needed and not self._annealed:
                self._fill(name, source, epoch)

    def _fill(self, name: str, pool: Pool, epoch: int) -> None:
        seed = int(mixed(self.seed, tf.constant(epoch, "int64"))) // 2
        if epoch % self.refresh and pool.filled:
            pool.turn(seed)
            return
        try:
            asked, finite, accepted = pool.refresh(seed)
        except Exception as error:
            self._fail(name, error)
            return
        self._mixture.counts.assign_add([float(asked), float(finite), float(accepted)])

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._counting.assign(0.0)
        if self._mixture.memory is not None:
            self._mixture.memory.close_lap()
        self._per_epoch = self._per_epoch or self._calls_in_epoch
        added, repeated, seen = self._added.numpy(), self._repeated.numpy(), float(self._seen)
        rows = added.sum() + repeated.sum() + seen
        self._mean_rows = rows / max(self._calls_in_epoch, 1)
        counts = self._counts.numpy()
        by_class = added + repeated + seen * counts / max(counts.sum(), 1.0)
        self._history["shares"].append((added / np.maximum(by_class, 1.0)).tolist())
        recall = None if self._gate is None else self._gate.recall
        if recall is not None:
            self._history["recalls"].append([epoch, recall.tolist()])
        if logs is not None:
            logs["synthetic_share"] = float(added.sum() / rows) if rows else 0.0
            if self._real_part or self._validated:
                logs["repeated_share"] = float(repeated.sum() / rows) if rows else 0.0
            if self.accept is not None:
                asked, _, accepted = self._mixture.counts.numpy()
                logs["accept_rate"] = float(accepted / asked) if asked else 1.0
            if recall is not None:
                logs.update({f"val_recall_{label}": float(value) for label, value in enumerate(recall)})
        if (backup := self._backup(fit_arguments(self.model))) is not None and self._most:
            backup.parent.mkdir(parents=True, exist_ok=True)
            backup.write_text(json.dumps(self.state_dict()))

    def _plan(self) -> None:
        counts = self._counts.numpy()
        may = (self._wanted(counts).numpy() > 0) & (counts >= self.min_real)
        rows = self._mean_rows or float(self._seen + ops.sum(self._added) + ops.sum(self._repeated)) / self._calls
        state = [self._counts, self._draws, self._added, self._repeated, self._seen, self._mixture.counts]
        if self._mixture.memory is not None:
            state += self._mixture.memory.counters
        self._gate.plan(self._total, self._calls, rows, counts, may, state)

    def on_train_end(self, logs: dict | None = None) -> None:
        remove(self.model, self)
        if self._gate is not None:
            self._gate.end()
        if self._validated or self._notes:
            print(f"SyntheticBalancer: {self.report_}")

    def _report(self) -> BalanceReport:
        counts = self._counts.numpy().astype(int)
        known = {} if self._gate is None else self._gate.lines
        lines = []
        for label, count in enumerate(counts):
            line = known.get(label, {})
            why = "" if self._gate is None or line.get("kept") else self._gate.why_not(label)
            if self._synthesizers and count < self.min_real:
                why = f"fewer than {self.min_real} real rows"
            lines.append(ClassLine(label, int(count), why=why, **line))
        asked, finite, accepted = self._mixture.counts.numpy().astype(int)
        rows = {"asked": int(asked), "not finite": int(asked - finite), "not accepted": int(finite - accepted)}
        shares = [np.array(row) for row in self._history["shares"]]
        looks = [(epoch, np.array(recall)) for epoch, recall in self._history["recalls"]]
        verdict, notes, cost = (
            ("", [], {}) if self._gate is None else (self._gate.verdict, self._gate.notes, self._gate.cost)
        )
        return BalanceReport(lines, verdict, shares, looks, rows, cost, [*self._notes, *notes])

    # Its own state.

    def state_dict(self) -> dict[str, Any]:
        """What must be kept to go on with a training, as JSON can hold it; a `BackupAndRestore` beside it sees to it.

        The real rows that came by are not in it: they come by again. Trials that were not over begin anew.
        """
        if not hasattr(self, "_counts"):
            return dict(self._state)
        return {
            "calls": self._calls,
            "draws": int(self._draws.numpy()),
            "counts": self._counts.numpy().tolist(),
            "counting": float(self._counting),
            "gate": None if self._gate is None else self._gate.state(),
            "history": {name: list(values) for name, values in self._history.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Lets the next `fit` go on from there.

        Args:
            state: of `state_dict`.

        Raises:
            ValueError: for something else.
        """
        if not isinstance(state, Mapping) or not {"calls", "draws", "counts", "gate"} <= set(state):
            raise wrong(self, "state", "be what `state_dict` has returned", type(state).__name__)
        self._state = dict(state)

    def _restore(self, state: dict[str, Any]) -> None:
        if len(state["counts"]) != self._counts.shape[0] or (state["gate"] is None) != (self._gate is None):
            raise wrong(self, "state", "be of a balancer with the same classes and strategy", sorted(state))
        self._calls = state["calls"]
        self._draws.assign(state["draws"])
        self._counts.assign(state["counts"])
        self._counting.assign(state["counting"])
        self._history = {name: list(values) for name, values in state["history"].items()}
        if self._gate is not None:
            self._gate.restore(state["gate"])
        self._state = {}

    def _backup(self, given: dict[str, Any]) -> pathlib.Path | None:
        """Beside the file of a `BackupAndRestore` of this `fit`."""
        listed = getattr(given.get("callbacks"), "callbacks", [])
        folders = [one.backup_dir for one in listed if isinstance(one, keras.callbacks.BackupAndRestore)]
        return pathlib.Path(folders[0]) / f"synthetic_balancer_{_place(listed, self)}.json" if folders else None


_UNCOUNTED = 1024  # real rows of a class that are kept while it is not known how many there are


def _place(listed: list, balancer: SyntheticBalancer) -> int:
    return [one for one in listed if isinstance(one, SyntheticBalancer)].index(balancer)


def _first_line(error: Exception) -> str:
    return traceback.format_exception_only(error)[-1].strip().splitlines()[0]
