"""`Scoped`: what holds inside of a `with`, for all that is called there."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any


class Scoped(threading.local):
    """A value of each thread, None outside of `holding`."""

    value: Any = None

    @contextlib.contextmanager
    def holding(self, value: Any) -> Iterator[None]:
        """Inside, in this thread, `value` is this."""
        before, self.value = self.value, value
        try:
            yield
        finally:
            self.value = before
