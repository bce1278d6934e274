"""A training that was cut off in the middle of an epoch says so when it goes on."""

import pathlib
import warnings
from typing import Any

import keras


class Interruption(keras.callbacks.Callback):
    """Keeps a mark beside the file of a `BackupAndRestore` while an epoch runs, and warns if one is there already.

    Args:
        folder: the backup's.
    """

    def __init__(self, folder: str):
        super().__init__()
        self._mark = pathlib.Path(folder) / "epoch_in_progress"
        self._started = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._started and self._mark.exists() and self._mark.read_bytes() == str(epoch).encode():
            name = type(self.model).__name__
            message = f"the last training was cut off in epoch {epoch + 1}, which begins again: its steps are lost"
            warnings.warn(f"{name}: {message}.", UserWarning, stacklevel=2)
        self._started = True
        self._mark.parent.mkdir(parents=True, exist_ok=True)
        self._mark.write_text(str(epoch))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._mark.unlink(missing_ok=True)


def with_interruption(callbacks: Any) -> Any:
    """The callbacks of a `fit`, with an `Interruption` behind each `BackupAndRestore`."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks  # made by hand, and already bound to the model
    listed = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks else []
    folders = [one.backup_dir for one in listed if isinstance(one, keras.callbacks.BackupAndRestore)]
    return [*listed, *map(Interruption, folders)]
