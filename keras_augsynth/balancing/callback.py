"""`SyntheticBalancer`: more rows of rare classes in every training batch, real and generated, as many as help."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_augsynth.balancing.backup import Backup, checked_state
from keras_augsynth.balancing.fit_arguments import fit_arguments
from keras_augsynth.balancing.injection import Injection, injected, remove
from keras_augsynth.balancing.report import BalanceReport
from keras_augsynth.balancing.rows.sources import Accept
from keras_augsynth.balancing.run import Run
from keras_augsynth.balancing.settings import NAME, Settings
from keras_augsynth.balancing.start import adapted, begin
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.synthesizer import Synthesizer


class SyntheticBalancer(keras.callbacks.Callback):
    """Adds rows of rare classes to every training batch, in the training graph: real ones again, and generated ones.

    By default the model itself decides in `fit` how many of the added rows are generated, if any: it looks at them and
    at real rows that it has not been trained on. `report_` says what was found. It works with arrays, `tf.data`,
    `PyDataset` and generators, sparse, one-hot and binary labels, sample weights, several inputs and outputs, any
    `train_step`. Metrics in the logs are those of the real rows; beside them stand "synthetic_share", the generated
    part of all rows, and with validation rows "val_balanced_accuracy" and "val_worst_recall". After `fit`, an error or
    Ctrl-C the model is as it was. `docs/balancing.md` says more.

    Args:
        synthesizer: is fitted, has `sample(labels, seed)`, makes samples of the shape, the dtype and the range of the
            training data; or {name: synthesizer}; None adds real rows only.
        strategy: "validated" and "equal" bring every class up to the largest, the first with generated rows as far as
            they help; "sqrt" half of the way; {class: share} gives the added part of its rows, from 0 to 1.
        max_share: the most that may be added of all rows, from 0 to below 1.
        max_multiple: the most added rows of a class as a multiple of its real ones; None: no limit.
        resample_real: part of the added rows that are real ones, from 0 to 1; None: what the strategy says.
        shares: {name: part} of the generated rows that each of several synthesizers gives; None: equal parts.
        accept: which samples may be used: "teacher", "discriminator", a function of (samples, labels), None: all.
        mode: "pool" samples between epochs, "live" inside the step.
        pool_size: rows of the pool.
        refresh: after how many epochs the pool is filled anew; without `accept`, where an epoch is all of the data, not
            before as many rows were added as it holds.
        augment: a layer or `Pipeline` that all added rows pass.
        mix: `MixUp` or `CutMix` for the whole batch; labels must be one-hot.
        schedule: factor on the added rows: "constant", "linear", "cosine", or a function of (epoch, epochs), 0 to 1.
        anneal: last part of the training without generated rows, 0 to 1; None: 0.2 for "validated", else 0.
        loss_weight: of generated rows, from 0 to 1.
        batch_norm: "all", or "real": batch normalization takes its statistics from the real rows only.
        logit_adjustment: "loss" or "post-hoc"; "auto": "loss" for "validated", where it is sound; None: neither.
        min_real: classes with fewer real rows get no generated ones.
        trial_cost: most of the training's work that looking at generated rows may take on top, from 0 to 1.
        validation_share: part of each class of arrays that is held out when `fit` has no `validation_data`.
        num_classes: None reads it from `adapt`, the synthesizer or the model's output.
        target: name of the output whose classes are balanced, for a model with several.
        seed: integer for the draws.

    Raises:
        ValueError: for arguments out of range; in `fit`, for samples or labels of another form than described.

    Example:

    >>> balancer = SyntheticBalancer(SMOTE().fit(x, y), min_real=1, seed=1)
    >>> history = model.fit(x, y, validation_data=(x, y), epochs=1, verbose=0, callbacks=[balancer])
    SyntheticBalancer: the training ended before generated rows were looked at, so none were used.
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
        augment: Augmentation | None = None,
        mix: Augmentation | None = None,
        schedule: str | Callable[[int, int], float] = "constant",
        anneal: float | None = None,
        loss_weight: float = 1.0,
        batch_norm: str = "all",
        logit_adjustment: str | None = "auto",
        min_real: int = 5,
        trial_cost: float = 0.1,
        validation_share: float = 0.2,
        num_classes: int | None = None,
        target: str | None = None,
        seed: int | None = None,
    ):
        arguments = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        super().__init__()
        self.settings = Settings(**arguments)
        self.class_counts: np.ndarray | None = None
        self._state: dict[str, Any] = {}
        self._run: Run | None = None

    def __getattr__(self, name: str) -> Any:
        """The arguments can be read under their own names."""
        if name in Settings.__dataclass_fields__ and "settings" in vars(self):
            return getattr(self.settings, name)
        raise AttributeError(f"{NAME} has no attribute {name!r}")

    def adapt(self, y: Any) -> None:
        """Counts the classes of the training labels. Without it arrays are counted in `fit`, other data as they pass.

        Args:
            y: class numbers `(N,)` or `(N, 1)`, one-hot rows `(N, classes)`, or a data set of `(x, y, ...)`.
        """
        self.class_counts = adapted(self.settings, y)

    def adjusted(self, model: keras.Model) -> keras.Model:
        """The model with a layer that takes the class shares of the training out of its predictions, after `fit`.

        Args:
            model: trained with this callback and `logit_adjustment="post-hoc"`.
        """
        if self.settings.logit_adjustment != "post-hoc":
            raise wrong(NAME, "logit_adjustment", 'be "post-hoc"', self.settings.logit_adjustment)
        return self._begun("adjusted").corrected(model)

    @property
    def report_(self) -> BalanceReport:
        """What was decided, and why; from `fit` on."""
        return self._begun("report_").report()

    def _begun(self, asked: str) -> Run:
        if self._run is None:
            raise wrong(NAME, asked, "come after `fit`", "before", RuntimeError)
        return self._run

    def on_train_begin(self, logs: dict | None = None) -> None:
        given, steps = fit_arguments(self.model), self.params.get("steps")
        whole = None if steps is None else steps * self.params["epochs"]
        self._run = begin(self.settings, self.model, given, whole, self.class_counts)
        self._per_epoch = None if steps is None else -(-steps // self.model.steps_per_execution)
        self._backup = Backup(getattr(given.get("callbacks"), "callbacks", []), self)
        if state := self._state or self._backup.read():
            self._run.restore(state)
            self._state = {}
        self._inject()

    def _inject(self) -> None:
        if self._run.most and not injected(self.model, self._run):
            Injection(self.model, self._run)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._run.begin_epoch(epoch, self.params["epochs"], self._per_epoch)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self._inject()  # again, if another callback has compiled the model
        self._run.begin_call()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        found = self._run.end_epoch(epoch)
        if logs is not None:
            logs.update(found)
        self._backup.write(self._run.state())

    def on_train_end(self, logs: dict | None = None) -> None:
        remove(self.model, self._run)
        self._run.end()
        if sentence := self.report_.sentence:
            print(f"{NAME}: {sentence}")

    def state_dict(self) -> dict[str, Any]:
        """What must be kept to go on with a training, as JSON can hold it; a `BackupAndRestore` beside it keeps it."""
        return dict(self._state) if self._run is None else self._run.state()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Lets the next `fit` go on from what `state_dict` returned."""
        self._state, self._run = checked_state(state), None
