"""Timing against peers on equal footing: one process, all warmed up, rounds interleaved, medians, ratios."""

import argparse
import json
import os
import pathlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # a library that waits by spinning slows down whoever is next

import numpy as np


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


def measure(candidates: dict[str, Callable[[], object]], rounds: int = 9) -> dict[str, Row]:
    """Calls every candidate once to warm it up, then all of them in turn, `rounds` times.

    Each turn is two calls, of which the second counts: the first pays for what the one before has left behind, its
    waiting threads and its data in the processor's caches.

    A candidate returns something whose values it has really computed: anything with `numpy` is fetched.
    """
    rows = {name: Row(name) for name in candidates}
    for call in candidates.values():
        _finish(call())
    for _ in range(rounds):
        for name, call in candidates.items():
            _finish(call())
            start = time.perf_counter()
            _finish(call())
            rows[name].times.append(time.perf_counter() - start)
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


def machine() -> str:
    """The processor's name and how many cores of it there are."""
    cpu = pathlib.Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def write(name: str, out: pathlib.Path, tables: dict[str, tuple[dict[str, Row], str]], note: str = "") -> None:
    """Prints the tables and a note, and writes them, with the raw times, as Markdown and JSON."""
    out.mkdir(parents=True, exist_ok=True)
    parts = [f"On {machine()}.\n", *(markdown(title, rows, ours) for title, (rows, ours) in tables.items()), note]
    text = "\n".join(parts)
    print(text)
    (out / f"{name}.md").write_text(text)
    record = {
        "machine": machine(),
        "note": note,
        "times": {title: {row.name: row.times for row in rows.values()} for title, (rows, _) in tables.items()},
    }
    (out / f"{name}.json").write_text(json.dumps(record, indent=1))
