"""Timing against peers on equal footing: one process, all warmed up, rounds interleaved, medians, ratios.

Every benchmark writes two files to --out: NAME.json with the raw times, machine, commit and versions, and NAME.md with
the tables that follow from it. Those that are published were written by `--out docs/results`.
"""

import argparse
import contextlib
import functools
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # a library that waits by spinning slows down whoever is next

import numpy as np

PACKAGES = (
    *("keras", "tensorflow", "numpy", "albumentations", "kornia", "torch", "torchvision", "opencv-python-headless"),
    *("scikit-learn", "imbalanced-learn", "prdc", "scipy", "torchio", "monai", "nlpaug"),
    *("audiomentations", "torch-audiomentations", "librosa"),
)
LOAD = os.getloadavg()[0]  # processes that were running before this one began


@dataclass
class Row:
    """One candidate's times in seconds."""

    name: str
    times: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return float(np.median(self.times))

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a part of the median."""
        low, high = np.percentile(self.times, [25, 75])
        return float((high - low) / 2 / self.median)


def measure(
    candidates: dict[str, Callable[[], object]], rounds: int = 9, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Row]:
    """Calls every candidate once to warm it up, then all of them in turn, `rounds` times.

    Each turn is two calls, of which the second counts: the first pays for what the one before has left behind, its
    waiting threads and its data in the processor's caches.

    Candidates of one thread each can be measured by `clock=time.process_time`, to which a busy machine makes less
    difference.

    A candidate returns something whose values it has really computed: anything with `numpy` is fetched.
    """
    rows = {name: Row(name) for name in candidates}
    for call in candidates.values():
        _finish(call())
    for _ in range(rounds):
        for name, call in candidates.items():
            _finish(call())
            start = clock()
            _finish(call())
            rows[name].times.append(clock() - start)
    return rows


def _finish(result: object) -> None:
    """TensorFlow returns before it is done; looking at one number waits."""
    if hasattr(result, "numpy"):
        result[(0,) * len(result.shape)].numpy()


def markdown(title: str, rows: dict[str, Row], ours: str) -> str:
    """A table of ratios to `ours`: above 1, the candidate takes longer."""
    lines = [f"### {title}", "", "| | time, in ours | spread |", "| --- | --- | --- |"]
    base = rows[ours].median
    lines += [f"| {row.name} | {row.median / base:.2f} | ± {100 * row.spread:.0f} % |" for row in rows.values()]
    return "\n".join(lines) + "\n"


def options(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, one round, to see that it runs")
    return parser.parse_args()


def status(key: str) -> int:
    """A number of bytes that Linux knows of this process, such as "VmHWM", the most memory that it has had."""
    text = pathlib.Path("/proc/self/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0]) * 1024


VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX"}


def machine() -> str:
    """The processor's name, how many cores of it there are, and its widest vectors, where Linux tells."""
    cpu = pathlib.Path("/proc/cpuinfo")
    told = [line.split(":", 1) for line in (cpu.read_text().splitlines() if cpu.exists() else []) if ":" in line]
    known = {key.strip(): value.strip() for key, value in told}
    flags = known.get("flags", "").split()
    vectors = next((f", {name}" for flag, name in VECTORS.items() if flag in flags), "")
    name = known.get("model name") or platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores{vectors}"


@functools.cache
def provenance() -> dict:
    """Where and from what a result comes: machine, commit, command, versions, all as they were when this began."""
    git = lambda *arguments: subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.strip()
    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no", "--", "*.py") else ""
    module = sys.modules["__main__"].__spec__
    return {
        "machine": machine(),
        "load": round(LOAD, 2),
        "commit": f"{git('rev-parse', '--short=10', 'HEAD') or 'unknown'}{changed}",
        "command": " ".join(["python -m", module.name if module else "?", *sys.argv[1:]]),
        "versions": versions,
    }


provenance()  # what is committed while a benchmark runs has no part in it


def heading(origin: dict) -> str:
    """The same as a paragraph of Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items())
    place = f"{origin['machine']} (load {origin['load']} at the start)"
    return f"`{origin['command']}` on {place}, commit {origin['commit']}; {versions}.\n"


def write(
    name: str, out: pathlib.Path, tables: dict[str, tuple[dict[str, Row], str]], note: str = "", text: str = "", **more
) -> None:
    """Prints tables and a note, and writes them as Markdown, and the raw times as JSON.

    Args:
        name: of the files.
        out: their folder.
        tables: {title: (rows, the row that others are compared with)}.
        note: below the tables.
        text: Markdown in place of that of `tables`.
        more: what else goes into the JSON file.
    """
    origin = provenance()
    parts = [text] if text else [markdown(title, rows, ours) for title, (rows, ours) in tables.items()]
    times = {title: {row.name: row.times for row in rows.values()} for title, (rows, _) in tables.items()}
    publish(name, out, "\n".join([heading(origin), *parts, note]), {**origin, "note": note, **more, "times": times})


def publish(name: str, out: pathlib.Path, text: str, record: dict) -> None:
    """Prints a result, and writes it as Markdown and as JSON."""
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text(f"{text.rstrip()}\n")
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
