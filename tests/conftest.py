import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported anywhere

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.util import tf_stack

from keras_augsynth.ops.compiled import xla


def _without_stacks():
    """XLA keeps the Python stack of every operation that it compiles as long as the process lives.

    Below pytest these stacks are so deep that the whole suite would need more than 20 GB. So all operations get the
    outermost frames of one stack.
    """
    depth = len(tf_stack.extract_stack())
    stack = tf_stack.extract_stack(stacklevel=depth - 2)
    tf_stack.extract_stack = lambda stacklevel=1: stack


_without_stacks()


@pytest.fixture(autouse=True, scope="module")
def _tensorflow_seeded():
    """Once for a file: with its seed, TensorFlow throws away every kernel and every graph that is ready to run."""
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _seeded(_tensorflow_seeded):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.random, "set_seed", lambda seed: None)
        keras.utils.set_random_seed(0)
    yield
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_global_policy("float32")
    keras.config.set_image_data_format("channels_last")


def pytest_configure(config):
    """What a layer computes is held to its reference uncompiled, in fixtures of any scope, too."""
    config.without_xla = xla(False)
    config.without_xla.__enter__()


@pytest.fixture(autouse=True)
def _with_xla(request):
    """The mark `xla` says that XLA is the question."""
    with xla(request.node.get_closest_marker("xla") is not None):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)
