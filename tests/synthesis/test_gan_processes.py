"""What can only be seen in a process of its own: a kill, and several devices."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.full  # test_gan.py asks the same inside its process

COMMON = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf
from keras_augsynth import synthesis

def make():
    keras.utils.set_random_seed(3)
    gan = synthesis.GAN(*synthesis.mlp_gan((4, 4, 1), 2, latent_dim=4), num_classes=2, seed=5, value_range=(0, 255))
    gan.compile()
    return gan

x = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1)).astype("float32")
y = np.arange(40) % 2
"""


def run(script, *arguments):
    command = [sys.executable, "-c", COMMON + textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_killed_in_the_middle_of_an_epoch_it_goes_on_from_the_last_whole_one(tmp_path):
    script = """
    import sys
    folder, kill = sys.argv[1], sys.argv[2] == "kill"

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if kill and int(self.model._steps) == 8:  # the second step of the third epoch
                os._exit(9)

    def state(*callbacks):
        gan = make()
        gan.fit(x, y, batch_size=16, epochs=4, verbose=0, callbacks=[*callbacks])
        optimizers = gan.g_optimizer, gan.d_optimizer
        return [*gan.get_weights(), *(np.asarray(v) for optimizer in optimizers for v in optimizer.variables)]

    restored = state(keras.callbacks.BackupAndRestore(folder + "/backup"), Kill())
    straight = state()
    assert len(straight) > 20
    for first, second in zip(restored, straight, strict=True):
        np.testing.assert_array_equal(first, second)
    """
    assert run(script, tmp_path, "kill").returncode == 9
    done = run(script, tmp_path, "go on")
    assert done.returncode == 0, done.stderr
    told = "UserWarning: GAN: the last training was cut off in epoch 3, which begins again: its steps are lost."
    assert done.stderr.count(told) == 1


def test_replicas_draw_different_noise_and_train_one_model():
    script = """
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        gan = make()
    noise = strategy.experimental_local_results(strategy.run(lambda: gan._noise(tf.constant(4, tf.int64), 2)))
    assert not np.allclose(*noise)
    history = gan.fit(x, y, batch_size=16, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert gan._steps.value.numpy() == 6 and gan.d_optimizer.iterations.value.numpy() == 6
    for weight in gan.generator.trainable_weights:
        first, second = strategy.experimental_local_results(weight.value)
        np.testing.assert_array_equal(first, second)
    assert gan.sample([0, 1], seed=1).shape == (2, 4, 4, 1)
    """
    done = run(script)
    assert done.returncode == 0, done.stderr
