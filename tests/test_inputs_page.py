"""docs/inputs.md: every snippet runs, and what it makes is what the page says."""

import functools
import importlib.util
import pathlib
import re

import keras
import numpy as np
import pytest

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "inputs.md").read_text()
FIRST, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
NEEDED = {"torch DataLoader": "torch", "Hugging Face datasets": "datasets"}  # not in the extra `test`: large


def run(text, names):
    for snippet in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(snippet, "inputs.md", "exec"), names)
    return names


@functools.cache
def of_section(title):
    """What a section's snippets define, behind those of the beginning."""
    keras.utils.set_random_seed(0)
    if title in NEEDED and importlib.util.find_spec(NEEDED[title]) is None:
        pytest.skip(f"{NEEDED[title]} is not installed")
    text = next(section for section in SECTIONS if section.startswith(f"{title}\n"))
    names = run(FIRST, {"__name__": "inputs"})
    if "tf." in text and "import tensorflow" not in text:
        exec("import tensorflow as tf", names)
    return run(text, names)


def trained(model):
    """How many steps."""
    return int(model.optimizer.iterations)


def test_every_section_is_tested():
    titles = [section.split("\n", 1)[0] for section in SECTIONS]
    tested = re.findall(r'of_section\("([\w .]+)"\)', pathlib.Path(__file__).read_text())
    assert sorted(titles) == sorted(tested)


def test_numpy():
    names = of_section("NumPy")
    assert trained(names["model"]) == 4 and names["changed"].shape == (32, 16, 16, 3)


def test_tf_data():
    images, labels = next(iter(of_section("tf.data")["data"]))
    assert images.shape == (8, 16, 16, 3) and labels.dtype == "int64"


def test_pydataset():
    names = of_section("PyDataset")
    assert trained(names["model"]) == 4
    np.testing.assert_array_equal(names["Files"]()[1][1], names["classes"][8:16])


def test_pandas():
    names = of_section("pandas")
    assert trained(names["table"]) == 1
    made = names["fill"](np.array([[np.nan, 70.0]]))
    np.testing.assert_array_equal(made, [[41.0, 70.0, 1.0, 0.0]])


def test_torch():
    assert trained(of_section("torch DataLoader")["model"]) == 4


def test_hugging_face():
    names = of_section("Hugging Face datasets")
    assert trained(names["model"]) == 4
    images, labels = next(iter(names["data"]))
    assert images.shape == (8, 16, 16, 3) and images.dtype == "uint8" and set(labels.numpy()) == {0, 1}
