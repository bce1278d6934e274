import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported anywhere


def _imported_in_silence():
    """While it is imported, TensorFlow writes to the process's stderr, whatever the level of its log is."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


_imported_in_silence()

import keras
import numpy as np
import pytest
from tensorflow.python import pywrap_tfe
from tensorflow.python.framework import random_seed
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


def _kernels_are_kept():
    """With each new seed TensorFlow forgets all eager kernels, since random ones hold a state.

    To make them anew takes longer than most tests. So they are forgotten only if a random operation was made since
    the last time. (One in a graph that outlives its test goes on from there: nothing in the package but a sample
    without a seed.)
    """
    forget, get_seed = pywrap_tfe.TFE_ContextClearCaches, random_seed.get_seed
    state = {"random": True}

    def random(op_seed):
        state["random"] = True
        return get_seed(op_seed)

    def new_seed(handle):
        if state["random"]:
            forget(handle)
            state["random"] = False

    random_seed.get_seed, pywrap_tfe.TFE_ContextClearCaches = random, new_seed


_kernels_are_kept()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_global_policy("float32")
    keras.config.set_image_data_format("channels_last")


def pytest_configure(config):
    """What a layer computes is held to its reference uncompiled, in fixtures of any scope, too."""
    config.without_xla = xla(False)
    config.without_xla.__enter__()


def pytest_collection_modifyitems(items):
    """The longest test begins first, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_readme.py")


@pytest.fixture(autouse=True)
def _with_xla(request):
    """The mark `xla` says that XLA is the question."""
    with xla(request.node.get_closest_marker("xla") is not None):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)
