"""What a person meets first: the first batch, new sizes, a shorter batch; beside Keras: python -m benchmarks.first_call

Five layers (flip, rotation, zoom, brightness, contrast) as a Pipeline, and Keras's own five, called eagerly and mapped
over `tf.data`. Each library does each story in a process of its own, since only the first call of a process is a first
one. What is counted begins when TensorFlow is loaded and has computed something, and the images are there.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.harness import heading, options, provenance, publish

import keras  # isort: skip  (harness quietens TensorFlow first)
import numpy as np
import tensorflow as tf

from keras_augsynth import layers

LIBRARIES = {"ours": layers, "keras": keras.layers}


def five(library):
    """The same arguments for both, as one callable layer."""
    return library.Pipeline(
        [
            library.RandomFlip("horizontal"),
            library.RandomRotation(0.1),
            library.RandomZoom(0.2),
            library.RandomBrightness(0.2),
            library.RandomContrast(0.2),
        ]
    )


def images(library, *shape):
    """Bytes for ours; floats for Keras, whose color layers raise or wrap otherwise."""
    made = tf.constant(np.random.default_rng(0).integers(0, 256, shape, "uint8"))
    return made if library is layers else tf.cast(made, tf.float32)


def eager(library, batch, side) -> Iterator[tuple[str, Callable[[], object]]]:
    layer, x = five(library), images(library, batch, side, side, 3)
    yield f"first batch, {batch} x {side} x {side}, eager", lambda: layer(x, training=True)
    yield "second batch", lambda: layer(x, training=True)
    shorter = x[: batch // 2 + 3]
    yield "a batch of another length", lambda: layer(shorter, training=True)
    # A hundred more, of which the last says what the first batches have led to.
    yield "batches 4 to 40", lambda: [layer(x, training=True) for _ in range(37)][-1]
    yield "batch 41", lambda: layer(x, training=True)


def tf_data(library, batch, side) -> Iterator[tuple[str, Callable[[], object]]]:
    layer, x = five(library), images(library, batch, side, side, 3)
    data = tf.data.Dataset.from_tensors(x).repeat(2)  # two batches an epoch
    mapped: list = []

    def first():
        mapped.append(data.map(lambda x: layer(x, training=True)))
        mapped.append(iter(mapped[0]))
        return next(mapped[1])

    yield "first batch through tf.data", first
    yield "second batch through tf.data", lambda: next(mapped[1])
    yield "second epoch, of two batches", lambda: list(mapped[0])
    yield "third epoch", lambda: list(mapped[0])


def ten_sizes(library, batch, side) -> Iterator[tuple[str, Callable[[], object]]]:
    layer = five(library)
    batches = [images(library, 4, side - 8 * k, side - 12 * k, 3) for k in range(11)]
    yield "(a size before)", lambda: layer(batches[-1], training=True)
    yield "ten new sizes, 4 images each", lambda: [layer(x, training=True) for x in batches[:10]]


STORIES = {story.__name__: story for story in (eager, tf_data, ten_sizes)}


def tell(story: str, library: str, batch: int, side: int) -> None:
    """One story of one library: prints JSON, {row: [wall, CPU]} in seconds."""
    tf.reduce_sum(tf.ones((8, 8))).numpy()
    found = {}
    for row, call in STORIES[story](LIBRARIES[library], batch, side):
        wall, cpu = time.perf_counter(), time.process_time()
        for result in tf.nest.flatten(call()):
            result[0, 0, 0, 0].numpy()
        found[row] = [time.perf_counter() - wall, time.process_time() - cpu]
    print(json.dumps(found))


def told(story: str, library: str, batch: int, side: int) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.first_call", "--tell", story, library, str(batch), str(side)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(found: dict[str, dict[str, list]]) -> str:
    """Markdown: medians of CPU and wall seconds, and the ratio of CPU seconds."""
    lines = ["| | ours: CPU s | wall s | Keras: CPU s | wall s | CPU, times Keras's |", "| --- " * 6 + "|"]
    for row, times in found.items():
        (wall, cpu), (their_wall, their_cpu) = (np.median(times[library], axis=0) for library in LIBRARIES)
        numbers = (cpu, wall, their_cpu, their_wall, cpu / their_cpu)
        lines.append(f"| {row} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:2] == ["--tell"]:
        story, library, *sizes = sys.argv[2:]
        return tell(story, library, *map(int, sizes))
    chosen = options(__doc__.splitlines()[0])
    batch, side = (8, 128) if chosen.smoke else (64, 224)
    found: dict[str, dict[str, list]] = {}
    for _ in range(1 if chosen.smoke else min(chosen.rounds, 3)):
        for story in STORIES:
            for library in LIBRARIES:
                for row, times in told(story, library, batch, side).items():
                    found.setdefault(row, {name: [] for name in LIBRARIES})[library].append(times)
    publish("first_call", chosen.out, f"{heading(provenance())}\n{table(found)}", {**provenance(), "times": found})


if __name__ == "__main__":
    main()
