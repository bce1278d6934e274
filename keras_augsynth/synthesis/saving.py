"""A model that is saved whole: its networks, its settings and its optimizers, in one file."""

import os
from typing import Any, Self

import keras

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.files import beside


class SavedWhole(keras.Model):
    """Base of models that are made of others.

    A subclass names its constructor's arguments: those that are models or layers (`_parts`), and the others
    (`_arguments`) without `num_classes`, `value_range` and `seed`, which all have; and those of `compile`.
    """

    _parts: tuple[str, ...] = ()
    _arguments: tuple[str, ...] = ()
    _compile_arguments: tuple[str, ...] = ("optimizer", "run_eagerly", "steps_per_execution", "jit_compile")

    def save(self, filepath: str | os.PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """As `keras.Model.save`; the file is written beside and moved into place, so that none is ever half a file."""
        path = os.fspath(filepath)
        if not path.endswith(".keras"):
            raise wrong(self, "filepath", 'end in ".keras"', path)
        if os.path.exists(path) and not overwrite:
            raise wrong(self, "filepath", "be a new file, since overwrite=False", path)
        with beside(path) as part:
            super().save(part, overwrite=True, **kwargs)

    def export(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
        """As `keras.Model.export`: a function of labels `(N,)`, or of N rows of anything, that returns samples.

        `export_savedmodel` writes one that takes a seed, too.
        """
        labels = keras.InputSpec(shape=(None,), dtype="int32")
        super().export(filepath, *args, **{"input_signature": [labels], **kwargs})

    def get_config(self) -> dict[str, Any]:
        own = ("num_classes", "value_range", "seed", *self._arguments)
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self._parts}
        return {**super().get_config(), **parts, **{name: getattr(self, name) for name in own}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Self:
        restore = lambda part: keras.saving.deserialize_keras_object(part, custom_objects)
        return cls(**{name: restore(value) if name in cls._parts else value for name, value in config.items()})

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        return {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self._compile_arguments}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
