"""Precision, recall, density, coverage and the kernel distance against their peers: python -m benchmarks.prdc

10,000 real and as many generated rows of 64 features. `prdc` 0.2 is the peer of the first four; the kernel distance's
is the usual loop over subsets with scikit-learn's polynomial kernel. Results are checked to be equal. Then the memory
that each takes at its peak beyond what was in use before, in a process of its own, so that none hides behind another.
"""

import contextlib
import io
import multiprocessing
import resource
import threading
from concurrent.futures import ProcessPoolExecutor

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)

from keras_augsynth import metrics

SUBSETS = 100


def rows(n):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 64)), 0.1 + 0.9 * rng.normal(size=(n, 64))


def peer_prdc(real, fake):
    import prdc

    with contextlib.redirect_stdout(io.StringIO()):  # it prints
        return prdc.compute_prdc(real, fake, nearest_k=5)


def peer_kernel_distance(real, fake, size):
    from sklearn.metrics.pairwise import polynomial_kernel

    rng, values = np.random.default_rng(0), []
    for _ in range(SUBSETS):
        x, y = (data[rng.choice(len(data), size, replace=False)] for data in (real, fake))
        within = [polynomial_kernel(part, degree=3, coef0=1.0) for part in (x, y)]
        total = sum(kernel.sum() - np.trace(kernel) for kernel in within)
        values.append(total / (size * (size - 1)) - 2.0 * polynomial_kernel(x, y, degree=3, coef0=1.0).mean())
    return np.mean(values)


def candidates(n):
    """{what: {who: call}}"""
    real, fake = rows(n)
    size = min(n // 10, 1000)
    return {
        "Precision, recall, density, coverage": {
            "keras_augsynth": lambda: metrics.prdc(real, fake),
            "prdc 0.2": lambda: peer_prdc(real, fake),
        },
        f"Kernel distance, {SUBSETS} subsets": {
            "keras_augsynth": lambda: metrics.kernel_distance(real, fake, SUBSETS, size),
            "scikit-learn's kernel": lambda: peer_kernel_distance(real, fake, size),
        },
    }


def numbers(result):
    values = result.values() if isinstance(result, dict) else [result]
    return [float(value) for value in values]


def peak(n, what, who):
    """Megabytes at the peak of a call, beyond those before it."""
    call = candidates(n)[what][who]
    candidates(200)[what][who]()  # what is imported and set up once does not count
    before, highest, done = resident(), [0.0], threading.Event()

    def watch():
        while not done.wait(0.005):
            highest[0] = max(highest[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    done.set()
    watcher.join()
    return highest[0] - before


def resident():
    """Megabytes that are in use now."""
    with open("/proc/self/statm") as file:  # Linux
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def memory(n):
    """Megabytes by what and who."""
    found = {}
    for what, calls in candidates(n).items():
        for who in calls:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
                found.setdefault(what, {})[who] = process.submit(peak, n, what, who).result()
    return found


def main():
    chosen = options(__doc__.splitlines()[0])
    n, rounds = (300, 1) if chosen.smoke else (10_000, min(chosen.rounds, 5))
    tables = {}
    for what, calls in candidates(n).items():
        first, *others = (numbers(call()) for call in calls.values())
        for other in others:
            np.testing.assert_allclose(other, first, rtol=1e-9)
        tables[f"{what}, {n} x 64"] = (measure(calls, rounds), "keras_augsynth")
    found = memory(n)
    lines = [f"### Memory at the peak, {n} x 64", "", "| | | MB |", "| --- | --- | --- |"]
    lines += [f"| {what} | {who} | {size:.0f} |" for what, sizes in found.items() for who, size in sizes.items()]
    write("prdc", chosen.out, tables, "\n".join(lines), megabytes=found)


if __name__ == "__main__":
    main()
