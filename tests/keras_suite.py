"""Runs the tests of Keras's preprocessing layers that are installed with Keras against the layers of this package.

    python tests/keras_suite.py            prints how many pass, and each of the others with its reason
    python tests/keras_suite.py --write    writes that into docs/keras.md, too

Nothing is fetched. In a process of its own, pytest imports this file as a plugin, which puts our classes where Keras's
tests look for theirs. Some of Keras's test files import `grain`; without it they are left out, and named.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "keras.md"
BEGIN, END = "<!-- written by tests/keras_suite.py -->", "<!-- end -->"
_RESULTS = "KERAS_SUITE_RESULTS"

# Why a test fails that asks for something else than these layers do: what its name and message look like, the reason.
REASONS = [
    (
        r"has no attribute '(transform_\w+|get_random_transformation|_set_factor|backend)'",
        "calls a method of Keras's base class, which is not public; here `draw_params` and `replay` do that",
    ),
    (
        r'does not match "\w+: `',
        "asks for Keras's wording of an error; the error is raised, in other words",
    ),
    (
        r"center_crop_test.py::.*(image_stretch|input_smaller_than_crop_box)",
        "rounds the window of an image smaller than the crop to whole pixels; see the table above",
    ),
    (
        r'`bounding_boxes` must have the shape|`bounding_boxes\["labels"\]` must have one entry',
        "gives boxes or their labels another batch axis than the images; that is refused",
    ),
    (
        r"resizing_test.py::.*crop_to_aspect_ratio",
        "rounds the boxes otherwise than the window of the image; see `Resizing` in the table above",
    ),
    (
        r"random_saturation_full_saturation",
        "asks for a saturation of 255 (in HSV it ends at 1), which only values below 0 give; see the table above",
    ),
    (
        r"shear_pixel_level",
        "expects that the center of the image moves; see `RandomShear` in the table above",
    ),
    (
        r"random_flip_test.py::.*test_tf_data_compatibility",
        "expects that `seed=42` flips both images of its batch; a seed does not give Keras's numbers",
    ),
]


class Outcome(NamedTuple):
    """What became of one test of Keras.

    Attributes:
        test: "file::name".
        outcome: "passed", "failed" or "skipped".
        ours: whether it made a layer of this package.
        message: the end of its traceback.
    """

    test: str
    outcome: str
    ours: bool
    message: str


def run() -> tuple[list[Outcome], list[str]]:
    """(The tests that make a layer of ours and were not skipped, the files that could not be imported)."""
    import keras

    folder = Path(keras.__file__).parent / "src" / "layers" / "preprocessing"
    used = _names_used()
    files = [file for file in sorted(folder.rglob("*_test.py")) if used.search(file.read_text())]
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch, "results.json")
        command = [sys.executable, "-m", "pytest", "-p", Path(__file__).stem, "-p", "no:cacheprovider", "-q"]
        options = [
            "-c",
            os.devnull,
            "--rootdir",
            scratch,
            "--import-mode",
            "importlib",
            "-W",
            "ignore",
            "--tb",
            "short",
        ]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", _RESULTS: str(results)}
        done = subprocess.run(
            [*command, *options, "--continue-on-collection-errors", *files],
            env=environment,
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if not results.exists():
            raise RuntimeError(f"pytest has written no results:\n{done.stdout}\n{done.stderr}")
        outcomes = [Outcome(*each) for each in json.loads(results.read_text())]
    seen = {each.test.partition("::")[0] for each in outcomes}
    left_out = [file.name for file in files if file.name not in seen]
    return [each for each in outcomes if each.ours and each.outcome != "skipped"], left_out


def reason(outcome: Outcome) -> str | None:
    """Why a test fails; None where that is not known."""
    text = f"{outcome.test}\n{outcome.message}"
    return next((why for pattern, why in REASONS if re.search(pattern, text)), None)


def summary(outcomes: list[Outcome]) -> str:
    """How many pass, and a table of the others by their reason."""
    import keras

    failed = [each for each in outcomes if each.outcome == "failed"]
    groups: dict[str, list[str]] = defaultdict(list)
    for each in failed:
        groups[reason(each) or "not known"].append(each.test)
    lines = [
        f"Of the {len(outcomes)} tests of Keras {keras.__version__} that make one of these layers, "
        f"{len(outcomes) - len(failed)} pass as they are written. The others:",
        "",
        "| why | tests |",
        "| --- | --- |",
    ]
    for why in dict.fromkeys([*(why for _, why in REASONS), *groups]):
        if tests := groups.get(why):
            lines.append(f"| {why} | {_named(tests)} |")
    return "\n".join(lines)


def _named(tests: list[str]) -> str:
    """Tests by their files: "file: name, name; file: name"."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        by_file[test.partition("_test.py::")[0]].append(short_name(test))
    return "; ".join(f"{file}: {', '.join(names)}" for file, names in by_file.items())


def short_name(test: str) -> str:
    return f"`{test.rpartition('::test_')[2]}`"


def main() -> None:
    outcomes, left_out = run()
    text = summary(outcomes)
    print(text)
    for each in outcomes:
        if each.outcome == "failed" and reason(each) is None:
            print(f"\n{each.test}\n{each.message}")
    if left_out:
        print("\nCould not be imported:", ", ".join(left_out))
    if "--write" in sys.argv:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")


# The plugin, in the process of Keras's tests.

_made, _file, _outcomes = False, "", []


def pytest_configure(config):
    import keras
    import keras.src.layers

    from keras_augsynth import layers
    from keras_augsynth.core.augmentation import Augmentation
    from keras_augsynth.ops.compiled import xla

    xla(False).__enter__()  # what is compiled is the question of other tests
    new = keras.layers.Layer.__new__

    def noted(cls, *args, **kwargs):
        global _made
        _made = True
        return new(cls, *args, **kwargs)

    Augmentation.__new__ = noted
    for name in set(layers.__all__) & set(dir(keras.layers)):
        theirs = getattr(keras.layers, name)
        for module in (keras.src.layers, sys.modules[theirs.__module__]):
            setattr(module, name, getattr(layers, name))


def pytest_runtest_logstart(nodeid, location):
    global _made
    _made = False


def pytest_runtest_setup(item):
    global _file
    _file = item.path.name


def pytest_runtest_logreport(report):
    if report.when == "call" or not report.passed:
        name = report.nodeid.rpartition("::")[2]
        message = str(report.longrepr)[-2000:] if report.failed else ""
        _outcomes.append((f"{_file}::{name}", report.outcome, _made, message))


def pytest_sessionfinish():
    Path(os.environ[_RESULTS]).write_text(json.dumps(_outcomes))


def _names_used() -> re.Pattern:
    """Finds `layers.RandomFlip` and its like in a test file, and what makes such layers itself."""
    import keras

    from keras_augsynth import layers

    names = sorted(set(layers.__all__) & set(dir(keras.layers)))
    return re.compile(rf"\blayers\.({'|'.join(names)})\b|FeatureSpace")


if __name__ == "__main__":
    main()
