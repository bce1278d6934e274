"""Runs an example and publishes what it finds: python -m benchmarks.examples NAME, and the example's own arguments

The example writes out/NAME/NAME.jsonl, a line for each run, and out/NAME/NAME.md, a table. Runs that are there are not
repeated, so the folder must come from one commit.
"""

import json
import pathlib
import runpy
import sys

from benchmarks.harness import heading, provenance, publish

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


def main():
    if len(sys.argv) < 2 or not (EXAMPLES / f"{sys.argv[1]}.py").exists():
        sys.exit(__doc__)
    origin, (name, *arguments) = dict(provenance()), sys.argv[1:]
    origin["command"] = " ".join(part.rsplit("/", 1)[-1] for part in origin["command"].split())  # no one else's folders
    out = pathlib.Path("out") / name
    sys.argv = [name, *arguments, "--out", str(out)]
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    lines = [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()]
    text = f"{heading(origin)}\n{(out / f'{name}.md').read_text()}"
    publish(name, pathlib.Path("docs/results"), text, {**origin, "runs": lines})


if __name__ == "__main__":
    main()
