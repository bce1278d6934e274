"""Every example runs, as a user starts it; test_readme.py has the quick start."""

import pathlib
import shutil
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "quickstart"))
def test_example_runs(name, tmp_path):
    if name in ("spoken_words", "two_senses") and shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--smoke"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert any((tmp_path / "out").rglob("*"))  # what it was started for
