"""What tracing and compiling cost, kernel by kernel: python -m benchmarks.compile

The five layers of `benchmarks.first_call` and the ten of `benchmarks.image`. Draws of a plan are traced and compiled as
they are for 64 images; the kernels of the pixels, which all layers share, for 64 x 224 x 224 x 3. CPU seconds: of the
trace in Python, of the first call (for XLA, the compilation), and of a later one.
"""

import functools
import time

from benchmarks.first_call import five
from benchmarks.harness import heading, options, provenance, publish
from benchmarks.image import chain

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import activity
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.modalities import IMAGE
from keras_augsynth.ops import color
from keras_augsynth.ops.compiled import way
from keras_augsynth.ops.resample import resample


def seconds(call):
    start = time.process_time()
    result = call()
    for t in tf.nest.flatten(result) if result is not None else ():
        t.numpy()
    return time.process_time() - start


def kernel(function, compiles=True):
    """`function` of tensors as it is in a plan."""

    def run(*arguments):
        with way(compiles):
            return function(*arguments)

    return tf.function(run, autograph=False, jit_compile=compiles)


def inputs(smoke):
    """Images as bytes and as floats, a matrix that turns each of them, and one for their colors."""
    batch, side = (4, 32) if smoke else (64, 224)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), "uint8"))
    turn = np.tile(np.array([[0.9, -0.3, 2.0], [0.3, 0.9, -3.0], [0.0, 0.0, 1.0]], "float32"), (batch, 1, 1))
    mixed = np.tile(np.eye(4, dtype="float32"), (batch, 1, 1))
    return images, tf.cast(images, tf.float32), tf.constant(turn), tf.constant(mixed)


def costs(function, arguments, compiles):
    """(operations of the graph, seconds of the trace, of the first call, of a later one)."""
    graph = kernel(function, compiles)
    traced: list = []
    trace = seconds(lambda: traced.append(graph.get_concrete_function(*arguments)))
    call = lambda: graph(*arguments)
    first = seconds(call)
    later = [seconds(call) for _ in range(9)]
    return len(traced[0].graph.get_operations()), trace, first, float(np.median(later))


def draws(pipeline, images):
    """Everything that a plan draws for images, as a function of the words of the call."""

    def function(call):
        plan = pipeline.plan
        with plan.knowing(*plan.current_magnitudes()):
            drawn = plan.draw(plan.stages[0], Batch(IMAGE, images), activity.Keys(call, None))
        return [value for stage in drawn.values() for value in tf.nest.flatten(stage) if tf.is_tensor(value)]

    return function


def main():
    chosen = options(__doc__.splitlines()[0])
    images, floats, turn, mixed = inputs(chosen.smoke)
    parts = {
        "draws of five layers": (draws(five(layers), images), (tf.constant([0, 1], tf.uint32),)),
        "draws of ten layers": (draws(layers.Pipeline(chain(layers)), images), (tf.constant([0, 1], tf.uint32),)),
        "resample": (functools.partial(resample, fill_mode="reflect"), (images, turn)),
        "color pass": (functools.partial(color.transform, value_range=(0, 255)), (floats, mixed)),
        "mean color": (color.channel_mean, (floats,)),
    }
    costs(tf.sin, (tf.ones(3),), True)  # what the first kernel of a process costs is nobody's
    lines = ["| | XLA | operations | trace, s | first call, s | later call, ms |", "| --- " * 6 + "|"]
    found = {}
    for name, (function, arguments) in parts.items():
        for compiles in (False, True):
            number, *times = found[f"{name}, {'XLA' if compiles else 'no XLA'}"] = costs(function, arguments, compiles)
            cells = (f"{times[0]:.2f}", f"{times[1]:.2f}", f"{1000 * times[2]:.1f}")
            lines.append(f"| {name} | {'yes' if compiles else 'no'} | {number} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    publish("compile", chosen.out, f"{heading(provenance())}\n{text}", {**provenance(), "costs": found})


if __name__ == "__main__":
    main()
