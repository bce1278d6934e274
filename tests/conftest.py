import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported anywhere

import keras
import numpy as np
import pytest
from tensorflow.python.util import tf_stack


def _without_stacks():
    """XLA keeps the Python stack of every operation that it compiles as long as the process lives.

    Below pytest these stacks are so deep that the whole suite would need more than 20 GB. So all operations get the
    outermost frames of one stack.
    """
    depth = len(tf_stack.extract_stack())
    stack = tf_stack.extract_stack(stacklevel=depth - 2)
    tf_stack.extract_stack = lambda stacklevel=1: stack


_without_stacks()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_global_policy("float32")
    keras.config.set_image_data_format("channels_last")


@pytest.fixture
def rng():
    return np.random.default_rng(0)
