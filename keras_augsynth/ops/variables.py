"""Variables that are made while a function is being traced."""

import concurrent.futures
from typing import Any

import tensorflow as tf


def new_variable(value: Any, name: str) -> tf.Variable:
    """A variable that is not trained.

    It is made in a thread of its own. `tf.function` traces a second time a function in whose trace it sees a variable
    being made, and so do `tf.data` and `fit`; for them this one was there before.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(tf.Variable, value, trainable=False, name=name).result()
