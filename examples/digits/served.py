"""Calls an exported model with TensorFlow alone: python served.py FOLDER ROWS.npz"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.modules["keras"] = sys.modules["keras_augsynth"] = None  # importing one of them would fail: neither is needed

import numpy as np
import tensorflow as tf

served = tf.saved_model.load(sys.argv[1])
rows = np.load(sys.argv[2])
x, y = rows["x"], rows["y"]
accuracy = lambda logits: np.mean(np.argmax(logits, axis=1) == y)
clean, averaged = served.serve(x), served.serve_tta(x)
again = np.array_equal(clean, served.serve(x)), np.array_equal(served.augment(x), served.augment(x))
change = 100 * (accuracy(averaged) - accuracy(clean))
print(f"  serve      accuracy {100 * accuracy(clean):.1f} %; called twice, the same result: {again[0]}")
print(f"  augment    augmented images; called twice, the same result: {again[1]}")
print(
    f"  serve_tta  accuracy {100 * accuracy(averaged):.1f} %, averaged over augmented views: {change:+.1f} points here"
)
