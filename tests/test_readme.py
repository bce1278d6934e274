"""The README: its snippets run in order from nothing, its length, its tables, its pictures."""

import pathlib
import re

import pytest
import tensorflow as tf

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
BALANCED = r"Balanced accuracy {} the balancer: ([\d.]+) %"


def test_it_is_short_and_begins_with_the_quick_start():
    lines = README.splitlines()
    assert len(lines) <= 160
    first = lines.index("```python")
    assert lines.index("```", first) < 45


def test_quick_start_is_the_example():
    example = (ROOT / "examples" / "quickstart.py").read_text()
    assert SNIPPETS[0].strip() == re.sub(r'^""".*?"""\n', "", example).strip()


@pytest.mark.full
def test_the_quick_start_ends_with_what_is_printed_there(capsys):
    exec(compile(SNIPPETS[0], "README.md", "exec"), {})
    text = capsys.readouterr().out
    without, balanced = (float(re.search(BALANCED.format(word), text)[1]) for word in ("without", "with"))
    assert balanced > without + 5
    assert "of their added rows are generated" in text
    for printed in re.findall(r"([\d.]+) % without and ([\d.]+) % with", README):
        assert [float(number) for number in printed] == pytest.approx([without, balanced], abs=1.5)


def test_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tf.get_logger().setLevel("ERROR")
    names = {}
    short = re.sub(r"epochs=\d+", "epochs=2", SNIPPETS[0])  # how it ends is asked in the full tier
    assert short != SNIPPETS[0]
    exec(compile(short, "README.md", "exec"), names)
    for snippet in SNIPPETS[1:]:
        exec(compile(snippet, "README.md", "exec"), names)
    assert names["samples"].shape == (3, 24, 24, 3)
    assert names["moved"]["segmentation_masks"].dtype == "int32"
    image, mask = next(iter(names["pairs"]))
    assert image.shape == (16, 24, 24, 3)
    assert mask.shape == (16, 24, 24, 1)
    assert (tmp_path / "out" / "samples" / "epoch_0002.png").exists()
    assert names["averaged"].shape == (32, 3)


def test_tables_are_those_of_the_raw_results():
    pytest.importorskip("benchmarks.readme")
    from benchmarks.readme import filled

    assert filled(README) == README


def test_there_is_one_command_for_the_tests():
    assert len(re.findall(r"-m pytest", README)) == 1  # which .ci/run takes from here
