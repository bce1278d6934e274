"""`SyntheticBalancer`: more rows of rare classes in every training batch, real and generated, as many as help."""

import json
import math
import pathlib
import random as python_random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.balancing.epochs import SCHEDULES, factor
from keras_augsynth.balancing.fit_arguments import fit_arguments
from keras_augsynth.balancing.injection import Injection, injected, remove
from keras_augsynth.balancing.labels import (
    Strategy,
    check_labels,
    check_strategy,
    count_classes,
    effective_weights,
)
from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.report import BalanceReport
from keras_augsynth.balancing.rows.sources import Accept, Live, Pool
from keras_augsynth.balancing.rows.teachers import Teachers
from keras_augsynth.balancing.rows.units import check_units
from keras_augsynth.balancing.run import Balancing, first_line
from keras_augsynth.balancing.trials.gate import Gate, classes_in_words
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_choice, check_integer, check_number, check_seed, wrong
from keras_augsynth.losses import PriorCorrection
from keras_augsynth.synthesis.synthesizer import Synthesizer


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
        resample_real: part of the added rows that are real rows of the class, drawn from those that came by, from 0 to
            1, which is oversampling. None: 0, or for "validated" all that the trials leave. Generated rows that cannot
            be used are replaced by real ones wherever this is not 0, and else by other generated ones.
        shares: {name: part} of the generated rows that each of several synthesizers gives; None: equal parts. With
            "validated" the trials choose one of them.
        accept: which samples may be used. "teacher": two copies of the model, each trained before on one half of the
            real rows (arrays only), agree with the label; "discriminator": the synthesizer's own test, if it has one;
            a function of (samples, labels) that returns booleans `(N,)`; None: all that are finite.
        mode: "pool" samples between epochs, into memory; "live" inside the step, so that no sample comes twice.
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
        logit_adjustment: "loss" adds the logarithm of the class shares in training, added rows with them, to the
            logits that the loss sees: what is left of the imbalance does not bias the model. "post-hoc":
            `adjusted(model)` does it at the end. "auto": "loss" for "validated", if the model's loss is one of Keras
            or it ends in a softmax, and None otherwise. None: neither.
        tau: strength of the logit adjustment.
        reweight: part of the training from which on the loss weighs each class by the inverse of its effective number
            of rows (deferred re-weighting), from 0 to 1; None: never.
        min_real: classes with fewer real rows get no generated ones.
        candidates: generated parts of the added rows that are tried beside 0.
        trial_cost: most of the steps that trials may take on top of those of the training, from 0 to 1.
        validation_share: part of each class of arrays that is held out when `fit` has no `validation_data`. The rows
            join the training when the trials are over; samples that are copies of them are refused until then. A
            synthesizer that was fitted on them, too, looks better in the trials than it is all the same:
            `validation_data` that it has not seen is the fairer judge.
        num_classes: None reads it from `adapt`, the synthesizer or the model's output.
        seed: integer for the draws.

    Raises:
        TypeError: for something that is no synthesizer.
        ValueError: for shares out of range; in `fit`, for samples that don't have the batch's shape and dtype, a
            synthesizer that was not fitted, labels of another form than described, "validated" without validation rows.

    Warns:
        UserWarning: for `class_weight` beside it, which corrects twice; classes that the validation data lack;
            samples that are plainly in other units than the training data; a synthesizer that fails in the middle of
            the training, which goes on without it.

    Example:

    >>> balancer = SyntheticBalancer(SMOTE().fit(x, y), min_real=1, seed=1)
    >>> history = model.fit(x, y, validation_data=(x, y), epochs=1, verbose=0, callbacks=[balancer])
    SyntheticBalancer: the training ended before the trials, so no rows were generated.

    Reference:
        Menon et al.: Long-tail learning via logit adjustment. ICLR 2021. Cao et al.: Learning imbalanced datasets with
        label-distribution-aware margin loss. NeurIPS 2019 (deferred re-weighting).
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
        mode: str = "pool",
        pool_size: int = 2048,
        refresh: int = 1,
        memory: int = 2**28,
        augment: Augmentation | None = None,
        mix: Augmentation | None = None,
        schedule: str | Callable[[int, int], float] = "constant",
        anneal: float | None = None,
        loss_weight: float = 1.0,
        batch_norm: str = "all",
        logit_adjustment: str | None = "auto",
        tau: float = 1.0,
        reweight: float | None = None,
        min_real: int = 5,
        candidates: Sequence[float] = (0.25, 0.5),
        trial_cost: float = 0.1,
        validation_share: float = 0.2,
        num_classes: int | None = None,
        seed: int | None = None,
    ):
        super().__init__()
        number = lambda value, name, low=0.0, high=1.0: check_number(self, value, name, low, high)
        maybe = lambda value, *rest: None if value is None else number(value, *rest)
        self.synthesizer, self.synthesizers = synthesizer, self._named(synthesizer)
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
        if getattr(augment, "mixes", False):
            raise wrong(self, "augment", "change each row by itself; `mix` is for layers that mix them", augment)
        if mix is not None and not getattr(mix, "mixes", False):
            raise wrong(self, "mix", "be a layer that mixes rows, such as MixUp(); `augment` is for others", mix)
        self.augment, self.mix = augment, mix
        self.schedule = schedule if callable(schedule) else check_choice(self, schedule, "schedule", tuple(SCHEDULES))
        self.anneal = maybe(anneal, "anneal")
        self.loss_weight = number(loss_weight, "loss_weight")
        self.batch_norm = check_choice(self, batch_norm, "batch_norm", ("all", "real"))
        if logit_adjustment is not None:
            check_choice(self, logit_adjustment, "logit_adjustment", ("auto", "loss", "post-hoc"))
        self.logit_adjustment = logit_adjustment
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
        self._balancing: Balancing | None = None

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
        if not isinstance(shares, Mapping) or set(shares) != set(self.synthesizers):
            raise wrong(self, "shares", f"name each synthesizer of {list(self.synthesizers)}", shares)
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
        balancing = self._begun("adjusted")
        if balancing.read is None:
            raise wrong(self, "adjusted", 'come after a `fit` with logit_adjustment="post-hoc"', self.logit_adjustment)
        prior = balancing.prior(balancing.counts).numpy() ** self.tau
        correction = PriorCorrection(prior / prior.sum(), from_logits=balancing.read.from_logits)
        inputs = [keras.Input(part.shape[1:], dtype=part.dtype, name=part.name) for part in model.inputs]
        packed = keras.tree.pack_sequence_as(model.input, inputs) if len(inputs) > 1 else inputs[0]
        return keras.Model(packed, correction(model(packed)))

    @property
    def report_(self) -> BalanceReport:
        """What was decided, and why; from `fit` on."""
        return self._begun("report_").report()

    def _begun(self, asked: str) -> Balancing:
        if self._balancing is None:
            raise wrong(self, asked, "come after `fit`", "before", RuntimeError)
        return self._balancing

    @property
    def validated(self) -> bool:
        """Whether trials decide how many rows are generated."""
        return self.strategy == "validated"

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
        self._balancing = balancing = Balancing(self, self.model, counts, known is not None)
        self._annealed = self._reweighted = False
        steps = self.params.get("steps")
        self._per_epoch = None if steps is None else -(-steps // self.model.steps_per_execution)
        if not balancing.most:
            if self.max_share:
                balancing.notes.append("no class is rarer than the others, so nothing is added")
            return
        if given.get("class_weight") is not None:
            message = "SyntheticBalancer: `class_weight` beside it corrects the imbalance twice; leave it out."
            warnings.warn(message, UserWarning, stacklevel=2)
        if self.validated or self.logit_adjustment in ("loss", "post-hoc") or self.accept == "teacher":
            balancing.read = Outputs(self, self.model)
        wanted = balancing.wanted(counts).numpy()
        few = (counts < self.min_real) & (counts > 0)
        if few.any() and self.synthesizers:
            reason = f"fewer than {self.min_real} real rows of {classes_in_words(np.flatnonzero(few))}"
            balancing.notes.append(f"{reason}, so none are generated")
        self._begin_sources(given, labels, np.where(few, 0.0, wanted), few)
        if self.validated and self.synthesizers:
            most = 1.0 - (self.resample_real or 0.0)
            gate = Gate(self, self.model, balancing.mixture, balancing.read, most, self.trial_cost, self.seed)
            gate.judge_by(given, labels, self.validation_share, None if known is None else wanted > 0)
            balancing.gate = gate
        state, self._file = self._state, self._backup(given)
        if not state and self._file is not None and self._file.exists():
            state = json.loads(self._file.read_text())
        if state:
            balancing.restore(state)
            self._state = {}
        balancing.set_parts(annealed=False)
        Injection(self.model, balancing)

    def _classes(self, counts: np.ndarray | None) -> int:
        known = [self.num_classes, *(getattr(each, "num_classes", None) for each in self.synthesizers.values())]
        known.append(None if counts is None else len(counts))
        known.append(max(self.strategy, default=-1) + 1 if isinstance(self.strategy, dict) else None)
        if not any(known):
            outputs = getattr(self.model, "output_shape", None)
            if not isinstance(outputs, tuple) or not isinstance(outputs[-1], int):
                raise wrong(self, "num_classes", "be given, or `adapt` be called: the model does not tell it", None)
            known.append(max(outputs[-1], 2))
        return max(number or 0 for number in known)

    def _begin_sources(
        self, given: dict[str, Any], labels: np.ndarray | None, wanted: np.ndarray, few: np.ndarray
    ) -> None:
        accept = self._teachers(given, labels) if self.accept == "teacher" else self.accept
        sources: dict[str, Live | Pool | None] = {}
        for name, each in self.synthesizers.items():
            sources[name] = source = Live(each, accept)
            rows = self._probed(name, source, each, int(wanted.argmax()))
            check_units(name, rows, given.get("x"), self.augment, stacklevel=5)
            if self.mode == "pool":
                spec = keras.tree.map_structure(lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype), rows)
                relative = wanted if wanted.any() else np.ones_like(wanted)
                sources[name] = Pool(source, spec, self.pool_size, relative, self.memory)
        shares = self.shares or dict.fromkeys(sources, 1.0)
        generated = np.where(few, 0.0, 0.0 if self.validated else 1.0 - self._balancing.real_part)
        parts = [generated * shares[name] / sum(shares.values()) for name in sources]
        self._balancing.use(sources, np.reshape(parts, (len(sources), len(few))).astype("float32"))

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
            message = f"be fitted before, and make samples of class {label} ({first_line(error)})"
            raise wrong(self, "synthesizer", message, name) from error

    def _teachers(self, given: dict[str, Any], labels: np.ndarray | None) -> Teachers:
        if labels is None:
            raise wrong(self, "accept", 'be another than "teacher", or `fit` be given arrays', self.accept)
        steps = int(np.clip(0.1 * self.params["epochs"] * self.params["steps"], 200, 600))
        x, y = given["x"], given["y"]
        return Teachers(self.model, x, y, labels, steps, self._balancing.read.probabilities, self.seed)

    # While it runs.

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        epochs, balancing = self.params["epochs"], self._balancing
        balancing.begin_epoch(factor(self, self.schedule, epoch, epochs))
        self._epoch = epoch
        if self._per_epoch:
            balancing.calls = max(balancing.calls, epoch * self._per_epoch)
        if balancing.most and balancing.generates and not self._annealed:
            balancing.fill_pools(epoch)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        balancing = self._balancing
        if not balancing.most:
            return
        if not injected(self.model, balancing):  # another callback has compiled the model again
            Injection(self.model, balancing)
        epochs = self.params["epochs"]
        calls = epochs * self._per_epoch if self._per_epoch else None
        waits = balancing.gate is not None and balancing.gate.waits and balancing.calls and calls
        if waits and not float(balancing.counting):
            balancing.plan(calls)
        progress = balancing.calls / calls if calls else self._epoch / epochs
        anneal = (0.2 if self.validated else 0.0) if self.anneal is None else self.anneal
        if anneal and progress >= 1.0 - anneal and not self._annealed:
            self._annealed = True
            balancing.set_parts(annealed=True)
        if self.reweight is not None and progress >= self.reweight and not self._reweighted:
            self._reweighted = True
            prior = balancing.prior(balancing.counts).numpy()
            balancing.class_weights.assign(effective_weights(prior * balancing.counts.numpy().sum(), prior))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        balancing = self._balancing
        found = balancing.end_epoch(epoch)
        self._per_epoch = self._per_epoch or balancing.calls_in_epoch
        if logs is not None:
            logs.update(found)
        if balancing.most and self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self.state_dict()))

    def on_train_end(self, logs: dict | None = None) -> None:
        balancing = self._balancing
        remove(self.model, balancing)
        if balancing.gate is not None:
            balancing.gate.end()
        if self.validated or balancing.notes:
            print(f"SyntheticBalancer: {self.report_}")

    # Its own state.

    def state_dict(self) -> dict[str, Any]:
        """What must be kept to go on with a training, as JSON can hold it; a `BackupAndRestore` beside it sees to it.

        The real rows that came by are not in it: they come by again. Trials that were not over begin anew.
        """
        return dict(self._state) if self._balancing is None else self._balancing.state()

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

    def _backup(self, given: dict[str, Any]) -> pathlib.Path | None:
        """Beside the file of a `BackupAndRestore` of this `fit`."""
        listed = getattr(given.get("callbacks"), "callbacks", [])
        folders = [one.backup_dir for one in listed if isinstance(one, keras.callbacks.BackupAndRestore)]
        return pathlib.Path(folders[0]) / f"synthetic_balancer_{_place(listed, self)}.json" if folders else None


def _place(listed: list, balancer: SyntheticBalancer) -> int:
    return [one for one in listed if isinstance(one, SyntheticBalancer)].index(balancer)
