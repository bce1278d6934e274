"""Every Python snippet of the README runs, in the order in which it stands."""

import pathlib
import re

import pytest
import tensorflow as tf

ROOT = pathlib.Path(__file__).parent.parent
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_quick_start_is_the_example():
    example = (ROOT / "examples" / "quickstart.py").read_text()
    assert SNIPPETS[0].strip() == re.sub(r'^""".*?"""\n', "", example).strip()


def test_snippets_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tf.get_logger().setLevel("ERROR")
    names = {"tf": tf}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README.md", "exec"), names)
    assert names["again"].numpy().tolist() == next(iter(names["repeatable"].skip(17))).numpy().tolist()
    assert names["digits"].shape == (3, 8, 8, 1)
    assert (tmp_path / "out" / "samples" / "epoch_0002.png").exists()


def test_the_ci_runs_the_readmes_command():
    assert "grep -m1 -- '-m pytest' README.md" in (ROOT / ".ci" / "run").read_text()
    assert len(re.findall(r"-m pytest", (ROOT / "README.md").read_text())) == 1


@pytest.mark.parametrize("path", ["docs/augmented.png", "docs/samples.png"])
def test_pictures_are_there(path):
    assert (ROOT / path).stat().st_size > 1000
