import json

import keras
import numpy as np
import pytest
from blobs import Spy, balancer, eager, fit

from keras_augsynth.balancing.backup import Backup

STATE = {"calls": 3, "counts": [5.0, 2.0], "counting": 0.0, "counted": True, "shares": [], "recalls": [], "gate": None}


def backup(folder, owner=None):
    owner = owner or balancer(None)
    return Backup([keras.callbacks.BackupAndRestore(folder), owner], owner)


def test_a_state_comes_back(tmp_path):
    assert backup(tmp_path).read() == {}
    backup(tmp_path).write(STATE)
    assert backup(tmp_path).read() == STATE
    assert [path.name for path in tmp_path.iterdir()] == ["synthetic_balancer_0.json"]


def test_each_balancer_has_a_file_of_its_own(tmp_path):
    both = [balancer(None), balancer(None)]
    callbacks = [keras.callbacks.BackupAndRestore(tmp_path), *both]
    for calls, one in enumerate(both):
        Backup(callbacks, one).write({**STATE, "calls": calls})
    assert [Backup(callbacks, one).read()["calls"] for one in both] == [0, 1]


def test_no_file_without_a_backup():
    without = Backup([], balancer(None))
    without.write(STATE)
    assert without.read() == {}


def test_a_write_that_fails_leaves_the_file(tmp_path):
    backup(tmp_path).write(STATE)
    with pytest.raises(TypeError):
        backup(tmp_path).write({**STATE, "calls": object()})
    assert backup(tmp_path).read() == STATE
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [b'{"calls": 16, "dr', b"", b"[]", b"\xff\xfe", b'{"calls": 3}', b"null"])
def test_a_damaged_file_is_named_and_the_training_begins_anew(tmp_path, content):
    file = tmp_path / "synthetic_balancer_0.json"
    file.write_bytes(content)
    with pytest.warns(UserWarning, match=r"synthetic_balancer_0\.json is damaged, so the balancer begins anew"):
        assert backup(tmp_path).read() == {}


def test_fit_beside_a_damaged_file(tmp_path):
    folder = tmp_path / "backup"
    folder.mkdir()
    (folder / "synthetic_balancer_0.json").write_text('{"calls": 16, "dr')
    also = [keras.callbacks.BackupAndRestore(folder, double_checkpoint=False)]
    with pytest.warns(UserWarning, match="is damaged"):
        history = fit(balancer(None, strategy="equal"), also=also)
    assert history["repeated_share"][0] > 0.3


class Stops(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("lost", [pytest.param(False, marks=pytest.mark.full), True])
def test_a_training_that_was_cut_off_adds_the_rows_it_would_have_added(tmp_path, lost):
    """Even if the balancer's own file is lost: what an epoch draws depends on its number, not on those before it."""
    also = lambda: [keras.callbacks.BackupAndRestore(tmp_path / "backup", double_checkpoint=False)]
    make = lambda: balancer("good", strategy="equal", mode="pool", pool_size=64)
    whole, cut, goes_on = (eager(dropout=0.0, cls=Spy) for _ in range(3))
    fit(make(), whole, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        fit(make(), cut, epochs=3, also=[*also(), Stops()])
    state = tmp_path / "backup" / "synthetic_balancer_0.json"
    assert json.loads(state.read_text())["calls"] == 4
    if lost:
        state.unlink()
    fit(make(), goes_on, epochs=3, also=also())
    for mine, others in zip(goes_on.batches, whole.batches[4:], strict=True):
        np.testing.assert_array_equal(mine[0], others[0])
