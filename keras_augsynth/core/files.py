"""Files that are whole or not there."""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Iterator


@contextlib.contextmanager
def beside(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """A path in the same folder, to write to; the finished file takes the place of `path` at the end.

    If writing fails, the file that was there before stays as it is and nothing else is left. A new file has the usual
    mode, one that takes the place of another has the other's.
    """
    path = pathlib.Path(path)
    part = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield part
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
