"""The file in which a balancer's state lies beside that of a `BackupAndRestore`."""

import json
import pathlib
import warnings
from typing import Any

import keras

from keras_augsynth.balancing.settings import NAME
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.files import beside

_KEYS = {"calls", "counts", "counting", "counted", "shares", "recalls", "gate"}


def checked_state(state: Any) -> dict[str, Any]:
    """What `state_dict` of a balancer has returned."""
    if not isinstance(state, dict) or not set(state) >= _KEYS:
        raise wrong(NAME, "state", "be what `state_dict` has returned", type(state).__name__)
    return dict(state)


class Backup:
    """Keeps the state of a balancer between trainings that were cut off.

    Args:
        callbacks: of the `fit`.
        owner: the balancer, one of them.
    """

    def __init__(self, callbacks: list[Any], owner: Any):
        folders = [one.backup_dir for one in callbacks if isinstance(one, keras.callbacks.BackupAndRestore)]
        place = [one for one in callbacks if isinstance(one, type(owner))].index(owner) if folders else 0
        self._path = pathlib.Path(folders[0]) / f"synthetic_balancer_{place}.json" if folders else None

    def read(self) -> dict[str, Any]:
        """The state, or an empty one; a damaged file is warned of."""
        if self._path is None or not self._path.exists():
            return {}
        try:
            return checked_state(json.loads(self._path.read_text()))
        except (ValueError, OSError):  # also for what is not UTF-8, and what is of another kind
            message = f"{NAME}: {self._path} is damaged, so the balancer begins anew."
            warnings.warn(message, UserWarning, stacklevel=2)
            return {}

    def write(self, state: dict[str, Any]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with beside(self._path) as path:
            path.write_text(json.dumps(state))
