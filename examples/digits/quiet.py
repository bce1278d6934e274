"""Silence while TensorFlow starts."""

import contextlib
import logging
import os


@contextlib.contextmanager
def quiet():
    """Drops what is written to standard error inside: TensorFlow's greeting, which no setting turns off.

    An exception comes through as always. From then on TensorFlow logs errors only.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    saved = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
