import pathlib
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, synthesis
from keras_augsynth.ops.grid import tile

GAP = 2


def read(path):
    return tf.io.decode_png(tf.io.read_file(str(path))).numpy()


@pytest.fixture(scope="module")
def gan():
    model = synthesis.GAN(*synthesis.mlp_gan((8, 8, 1), 3, latent_dim=4), num_classes=3, value_range=(0, 255))
    model.compile(loss="hinge", run_eagerly=True)
    model._steps.assign(1)  # as if trained
    return model


def test_a_picture_each_epoch_from_the_same_noise(gan, tmp_path):
    x, y = np.zeros((16, 8, 8, 1), "float32"), np.arange(16) % 3
    grid = callbacks.SampleGrid(tmp_path / "pictures", columns=4, every=2)
    gan.fit(x, y, epochs=4, verbose=0, callbacks=[grid])
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["epoch_0002.png", "epoch_0004.png"]
    last = read(tmp_path / "pictures" / "epoch_0004.png")
    np.testing.assert_array_equal(last, grid.picture("epoch 4"))
    assert last.shape[0] >= 3 * 64 and last.shape[1] >= 4 * 64  # 8 pixels wide, each shown as a square of 8


def test_of_another_synthesizer(tmp_path):
    resampler = synthesis.AugmentedResampler().fit(np.full((4, 8, 8, 3), 200, "uint8"), [0, 1, 0, 1])
    grid = callbacks.SampleGrid(tmp_path, synthesizer=resampler, labels=[1], columns=2, value_range=(0, 255))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0, callbacks=[grid])
    picture = read(tmp_path / "epoch_0001.png")
    assert picture.shape[-1] == 3
    samples = picture[picture.shape[0] // 2, -2 * (64 + GAP) : -GAP]
    assert np.all(np.delete(samples, range(64, 64 + GAP), axis=0) == 200)


def test_unconditional(tmp_path):
    gan = synthesis.GAN(*synthesis.mlp_gan((8, 8, 1), latent_dim=4))
    gan._steps.assign(1)  # as if trained
    grid = callbacks.SampleGrid(tmp_path, synthesizer=gan, columns=3)
    side = 3 * (64 + GAP) + GAP
    assert grid.picture().shape == (side, side, 1)


def test_tiles():
    images = np.stack([np.full((2, 3, 1), value) for value in (0.0, 0.5, 1.0)])
    page = tile(images, 2, (0.0, 1.0))[..., 0]
    expected = np.full((2 * (2 + GAP) + GAP, 2 * (3 + GAP) + GAP), 208)  # gaps, and the tile that is missing
    expected[GAP : GAP + 2, GAP : GAP + 3], expected[GAP : GAP + 2, -GAP - 3 : -GAP] = 0, 128
    expected[-GAP - 2 : -GAP, GAP : GAP + 3] = 255
    np.testing.assert_array_equal(page, expected)


def test_zoomed_tiles():
    images = np.array([[[[10.0], [20.0]]]])
    np.testing.assert_array_equal(tile(images, 1, zoom=3)[GAP:-GAP, GAP:-GAP, 0], [[10] * 3 + [20] * 3] * 3)


def test_labels_and_title():
    images = np.full((2, 12, 12, 1), 255.0)
    page = tile(images, 1, labels=["", "71"], title="e")[..., 0]
    dots = lambda rows: np.kron(np.array([[dot == "#" for dot in row] for row in rows]), np.ones((2, 2)))
    np.testing.assert_array_equal(page[2:12, 2:8] == 0, dots(["###", "#..", "##.", "#..", "###"]))
    top = page.shape[0] - GAP - 12 + 1
    np.testing.assert_array_equal(page[top : top + 10, 2:8] == 0, dots(["###", "..#", "..#", "..#", "..#"]))
    np.testing.assert_array_equal(page[top : top + 10, 10:16] == 0, dots([".#.", "##.", ".#.", ".#.", "###"]))
    left = page.shape[1] - GAP - 12
    assert np.all(page[top - 1 : -GAP, left:-GAP] == 255)  # nothing is written on an image
    assert np.all(page[12 + GAP : 12 + GAP + 12, :left] == 208)


def test_groups_stand_apart():
    images = np.zeros((4, 4, 4, 1))
    rows = tile(images, 1, group=2)[:, GAP, 0]
    gaps = np.diff(np.flatnonzero(np.diff((rows == 208).astype(int))))
    np.testing.assert_array_equal(gaps, [4, GAP, 4, 5 * GAP, 4, GAP, 4])


def test_never_ends_a_training(gan, tmp_path, monkeypatch):
    """Whether a picture cannot be written, or not be made; the last one stays whole."""
    grid = callbacks.SampleGrid(tmp_path, synthesizer=gan, columns=2)
    grid.on_train_begin()
    grid.on_epoch_end(0)
    whole = (tmp_path / "epoch_0001.png").read_bytes()

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:9])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "write_bytes", full)
        with pytest.warns(UserWarning, match=r"SampleGrid: .*0001.png. was not written \(No space left on device\)"):
            grid.on_epoch_end(0)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0001.png"]
    assert (tmp_path / "epoch_0001.png").read_bytes() == whole
    monkeypatch.setattr(gan, "sample", lambda labels, seed: np.zeros((len(labels), 5)))
    with pytest.warns(UserWarning, match=r"`synthesizer` must make images \(N, height, width, channels\)"):
        grid.on_epoch_end(1)


def test_a_folder_that_is_read_only_is_refused(gan, tmp_path, monkeypatch):
    """Although it is there. (An administrator may write everywhere, so the file system's answer is given here.)"""

    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(ValueError, match=r"`directory` must be a folder that can be written \(Permission denied\)"):
        callbacks.SampleGrid(tmp_path, synthesizer=gan).on_train_begin()


def test_refuses(gan, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    fit = lambda grid: model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0, callbacks=[grid])
    with pytest.raises(TypeError, match="SampleGrid: `synthesizer` must be given"):
        fit(callbacks.SampleGrid(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="SampleGrid: `directory` must be a folder that can be written"):
        fit(callbacks.SampleGrid(tmp_path / "file" / "below", synthesizer=gan))
    with pytest.raises(ValueError, match="SampleGrid: `every` must be an integer of at least 1"):
        callbacks.SampleGrid(tmp_path, every=0)


def test_tensorboard_gets_the_picture_too(gan, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    grid = callbacks.SampleGrid(tmp_path / "pictures", synthesizer=gan, log_dir=str(tmp_path / "logs"))
    grid.on_train_begin()
    grid.on_epoch_end(0)
    events = EventAccumulator(str(tmp_path / "logs")).Reload()
    width, height, encoded = events.Tensors("samples")[0].tensor_proto.string_val
    np.testing.assert_array_equal(tf.io.decode_png(encoded), grid.picture("epoch 1"))
    assert (int(height), int(width)) == grid.picture("epoch 1").shape[:2]


def test_without_tensorboard_it_names_the_extra(gan, tmp_path, monkeypatch):
    def missing(*args):
        raise ImportError

    monkeypatch.setattr(tf.summary, "create_file_writer", missing)
    grid = callbacks.SampleGrid(tmp_path, synthesizer=gan, log_dir=str(tmp_path))
    with pytest.raises(ImportError, match=r'pip install "keras_augsynth\[tuner\]"'):
        grid.on_train_begin()


def test_the_nearest_real_sample_stands_below(tmp_path):
    real = np.stack([np.full((8, 8, 1), shade, "uint8") for shade in (10, 90, 200)])
    resampler = synthesis.AugmentedResampler().fit(real + 5, [0, 1, 1])
    picture = callbacks.SampleGrid(
        tmp_path, synthesizer=resampler, columns=2, real=real, value_range=(0, 255)
    ).picture()
    lines = [top for top in range(len(picture)) if picture[top, -GAP - 1, 0] != 208]
    assert len(lines) == 4 * 64
    shades = picture[lines[::64]][:, [-2 * (64 + GAP), -64 - GAP], 0].astype(int)
    np.testing.assert_array_equal(shades[1::2], shades[::2] - 5)
