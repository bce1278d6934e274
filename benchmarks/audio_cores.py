"""Whole chains of sound layers on all cores, by the clock on the wall: python -m benchmarks.audio_cores

The same chains, clips and settings as in `benchmarks.audio`. Ours is mapped over a `tf.data.Dataset`. audiomentations
runs as it does in one process of Python, then in as many processes as there are cores, which send whole batches back.
torch-audiomentations has as many threads as there are cores.
"""

import concurrent.futures
import functools
import multiprocessing
import os
import warnings
from collections.abc import Callable

from benchmarks.audio import CHAINS, OURS, audiomentations, check, clips, ours, peers, ratios
from benchmarks.harness import Row, measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import tensorflow as tf

from keras_augsynth import layers

CORES = os.cpu_count() or 1
LIBRARY = "audiomentations"
PROCESSES = f"{LIBRARY}, {CORES} processes"


def mapped(parts, x, batches) -> Callable:
    pipeline = layers.Pipeline(parts, jit=True)  # as it is left to itself behind some batches
    source = tf.data.Dataset.from_tensors(x).repeat()  # to begin anew has a cost of its own: see first_call.md
    dataset = source.map(lambda x: pipeline(x, training=True), num_parallel_calls=tf.data.AUTOTUNE)
    iterator = dataset.as_numpy_iterator()
    return lambda: [next(iterator) for _ in range(batches)][-1]


@functools.cache
def worker(names: tuple[str, ...], count: int) -> Callable:
    """In a process of its own."""
    warnings.simplefilter("ignore")
    peer = audiomentations()
    return peer.chain([peer.layers[name] for name in names], clips(count))


def batch(names: tuple[str, ...], count: int) -> np.ndarray:
    return worker(names, count)()


def in_processes(pool, names, count, batches) -> Callable:
    return lambda: list(pool.map(batch, [names] * batches, [count] * batches))[-1]


def one_after_the_other(call: Callable, batches: int) -> Callable:
    return lambda: [call() for _ in range(batches)][-1]


def candidates(names, mine, libraries, pool, x, batches) -> dict[str, Callable]:
    found = {OURS: mapped([mine[name] for name in names], x, batches)}
    for library, peer in libraries.items():
        if all(name in peer.layers for name in names):
            call = peer.chain([peer.layers[name] for name in names], x)
            found[library] = one_after_the_other(call, batches)
    if LIBRARY in libraries:
        found[PROCESSES] = in_processes(pool, names, len(x), batches)
    return found


def main():
    chosen = options(__doc__.splitlines()[0])
    warnings.simplefilter("ignore")
    libraries, missing = peers()
    if "torch-audiomentations" in libraries:
        import torch

        torch.set_num_threads(CORES)
    x = clips(2 if chosen.smoke else 64)
    batches, rounds = (1, 1) if chosen.smoke else (4 * CORES, chosen.rounds)
    mine, tables = ours(), {}
    with concurrent.futures.ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool:
        for chain, names in CHAINS.items():
            calls = candidates(names, mine, libraries, pool, x, batches)
            check(calls, x)
            rows = measure(calls, rounds)
            each = {key: Row(key, [time / batches for time in row.times]) for key, row in rows.items()}
            tables[f"{chain} ({', '.join(names)})"] = (each, OURS)
            print(chain, {key: f"{1000 * row.median:.1f} ms" for key, row in each.items()}, flush=True)
    note = (
        f"Times by the clock on the wall of one of {batches} batches of {len(x)} clips of 1 s at 16 kHz, on {CORES} "
        "cores. Other numbers are such times in ours: below 1, in bold, the other library takes less; – where it has "
        f"no such layer. {LIBRARY} takes one clip after the other, so one process of it keeps one core busy."
    )
    names = [*libraries, *([PROCESSES] if LIBRARY in libraries else [])]
    write("audio_cores", chosen.out, tables, " ".join([note, *missing]), text=ratios(tables, names))


if __name__ == "__main__":
    main()
