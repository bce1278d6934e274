"""What the time of a compiled call goes into, against what memory allows: python -m benchmarks.steady

The ten transforms of `benchmarks.image` on 64 x 224 x 224 x 3 bytes, to float32. The memory limit of a row is the time
in which XLA copies as many bytes as the row must read and write, in one stream: bytes to floats. Parts are measured by
themselves, with their own input in memory; in the whole, XLA fuses what lies between two gathers.
"""

import functools

from benchmarks.compile import inputs, kernel
from benchmarks.harness import heading, measure, options, provenance, publish
from benchmarks.image import chain

import tensorflow as tf  # isort: skip  (harness quietens it first)

from keras_augsynth import layers
from keras_augsynth.ops import color
from keras_augsynth.ops.resample import resample


def table(rows, bytes_of, copy):
    rate = bytes_of[copy] / rows[copy].median
    lines = ["| | ms | read and written, MB | GB/s | times the memory limit |", "| --- " * 5 + "|"]
    for name, row in rows.items():
        size, seconds = bytes_of[name], row.median
        numbers = (1e3 * seconds, size / 1e6, size / seconds / 1e9, seconds * rate / size)
        cells = (f"{number:.{digits}f}" for number, digits in zip(numbers, (1, 0, 1, 1), strict=True))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    chosen = options(__doc__.splitlines()[0])
    images, floats, turn, mixed = inputs(chosen.smoke)
    size = int(tf.size(images))
    pipeline = layers.Pipeline(chain(layers), jit=True)
    recolored = kernel(functools.partial(color.transform, value_range=(0, 255)))
    moved = kernel(functools.partial(resample, fill_mode="reflect"))
    copy, mean = kernel(lambda x: tf.cast(x, tf.float32)), kernel(color.channel_mean)
    # Each with the bytes that it cannot do without.
    parts = {
        "copy, bytes to floats": (lambda: copy(images), 5 * size),
        "mean color of bytes": (lambda: mean(images), size),
        "color pass, floats to floats": (lambda: recolored(floats, mixed), 8 * size),
        "resample, bytes to bytes": (lambda: moved(images, turn), 2 * size),
        "resample, floats to floats": (lambda: moved(floats, turn), 8 * size),
        "all ten transforms, bytes to floats": (lambda: pipeline(images, training=True), 5 * size),
    }
    rows = measure({name: call for name, (call, _) in parts.items()}, 1 if chosen.smoke else chosen.rounds)
    text = table(rows, {name: count for name, (_, count) in parts.items()}, "copy, bytes to floats")
    times = {name: row.times for name, row in rows.items()}
    publish("steady", chosen.out, f"{heading(provenance())}\n{text}", {**provenance(), "times": times})


if __name__ == "__main__":
    main()
