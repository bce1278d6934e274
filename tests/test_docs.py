"""The documents: what they point to is there, and every published table stands beside its raw results."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RESULTS = sorted(set(ROOT.glob("docs/results/*.md")) - {ROOT / "docs" / "results" / "README.md"})
BY_PATH = {"argvalues": DOCUMENTS, "ids": lambda path: str(path.relative_to(ROOT))}


@pytest.mark.parametrize("document", **BY_PATH)
def test_links(document):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", **BY_PATH)
def test_files_that_are_named(document):
    for name in re.findall(r"`((?:\w+/)+\w+\.(?:py|md|json))`", document.read_text()):
        assert (ROOT / name).exists() or (ROOT / "keras_augsynth" / name).exists(), name


@pytest.mark.parametrize("document", **BY_PATH)
def test_tables_have_no_empty_cells(document):
    for line in document.read_text().splitlines():
        if line.startswith("|"):
            first, *cells = line.strip().strip("|").split("|")
            assert all(cell.strip() for cell in cells), line
            assert first.strip() or "---" not in cells[0], line


def test_words_are_explained_once():
    words = re.findall(r"^\| ([a-z, ]+) \| ", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    every = [one for word in words for one in word.split(", ")]
    assert len(every) == len(set(every)) > 15


@pytest.mark.skipif(not RESULTS, reason="no results are published")
def test_published_tables_stand_beside_raw_results():
    for path in RESULTS:
        raw = [path.with_suffix(suffix) for suffix in (".json", ".jsonl") if path.with_suffix(suffix).exists()]
        assert raw, path
        text = raw[0].read_text()
        records = [json.loads(text)] if raw[0].suffix == ".json" else [json.loads(line) for line in text.splitlines()]
        assert all(record["machine"] and record["commit"] not in ("", "unknown") for record in records), path
        assert {record["commit"] for record in records} <= set(
            re.findall(r"[0-9a-f]{10}(?: with changes)?", path.read_text())
        )


def test_the_page_of_parity_names_tests_that_are_there():
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)", (ROOT / "docs" / "parity.md").read_text())
    assert len(named) > 30
    for test, file in named:
        assert f"\ndef {test}(" in (ROOT / file).read_text(), test
