"""What can only be seen in a process of its own: several devices."""

import subprocess
import sys

import pytest

SCRIPT = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_augsynth import callbacks, synthesis

rng = np.random.default_rng(0)
y = rng.permutation(np.repeat([0, 1, 2], [160, 60, 30]))
x = (rng.normal(size=(250, 8)) + y[:, None]).astype("float32")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=False)
smote = synthesis.SMOTE().fit(x, y)
for epochs, options in ((1, {"strategy": "equal", "resample_real": 0.5}), (6, {"trial_cost": 1.0})):
    balancer = callbacks.SyntheticBalancer(smote, seed=1, **options)
    history = model.fit(x, y, batch_size=50, epochs=epochs, verbose=0, callbacks=[balancer]).history
    assert balancer._run.tally.real.numpy().sum() == 250
    assert 0.4 < history["repeated_share"][-1] + history["synthetic_share"][-1] < 0.55
    assert bool(balancer.report_.cost.get("rows")) == ("trial_cost" in options)
"""


@pytest.mark.full
def test_replicas_looks_and_mixtures():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
