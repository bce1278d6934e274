"""Where callbacks write what TensorBoard shows."""

from typing import Any

import tensorflow as tf


def summary_writer(owner: Any, log_dir: str) -> Any:
    """TensorFlow's writer of summaries, which needs TensorBoard."""
    try:
        return tf.summary.create_file_writer(log_dir)
    except ImportError as error:
        name = type(owner).__name__
        message = f'{name}: `log_dir` needs TensorBoard. Install it with: pip install "keras_augsynth[tuner]"'
        raise ImportError(message) from error
