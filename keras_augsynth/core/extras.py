"""Packages that not everybody needs, imported where they are used."""

from types import ModuleType


def pandas() -> ModuleType:
    """pandas.

    Raises:
        ImportError: without it, with what to install.
    """
    try:
        import pandas
    except ImportError as error:
        message = 'DataFrames need pandas. Install it with: pip install "keras_augsynth[tables]"'
        raise ImportError(f"keras_augsynth: {message}") from error
    return pandas
