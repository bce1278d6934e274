"""The guide's code runs as it stands."""

import pathlib
import re

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "volumes.md"


def test_code_of_the_guide_runs():
    blocks, names = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL), {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    assert names["result"]["volumes"].shape == (2, 12, 24, 24, 1)
    assert names["scan"].shape == names["volumes"].shape == (2, 16, 32, 32, 1)
    assert names["masks"].shape == (2, 16, 32, 32)
