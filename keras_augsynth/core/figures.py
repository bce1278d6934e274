"""Pictures of reports, by matplotlib, which is an extra."""

from typing import Any


def new_figure(owner: Any, **kwargs: Any) -> Any:
    """An empty matplotlib figure, which no window shows.

    Args:
        owner: whose picture it is.
        **kwargs: of `matplotlib.figure.Figure`.

    Raises:
        ImportError: without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        message = 'plot needs matplotlib. Install it with: pip install "keras_augsynth[viz]"'
        raise ImportError(f"{type(owner).__name__}.{message}") from error
    return Figure(layout="constrained", **kwargs)
