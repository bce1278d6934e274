"""Augmentation as a search space for Keras Tuner: which layers, how often, how strong."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras

from keras_augsynth.core import keras_internals, registry
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_choice, check_range, wrong
from keras_augsynth.core.composites import Pipeline
from keras_augsynth.core.config import arguments
from keras_augsynth.core.families.color import Color
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.core.modalities import MODALITIES, by_name, names

try:
    import keras_tuner
except ImportError as error:
    message = 'keras_augsynth.tuning needs Keras Tuner. Install it with: pip install "keras_augsynth[tuner]"'
    raise ImportError(message) from error

IMAGE_LAYERS = (
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomShear",
    "RandomBrightness",
    "RandomContrast",
    "RandomSaturation",
    "RandomGaussianNoise",
    "RandomErasing",
)
"""What is searched for images where nothing else is said: few enough for some dozens of trials."""


def augmentation_space(
    hp: Any,
    modality: str = "image",
    strength: float | Sequence[float] = (0.0, 1.0),
    layers: Sequence[str | type] | None = None,
    *,
    seed: int | None = None,
    **shared: Any,
) -> Pipeline:
    """A Pipeline whose layers, their chances and their strengths are hyperparameters.

    For each layer there are a Boolean "augment/RandomRotation" and, where it is True, the chance
    "augment/RandomRotation/p" from 0.1 to 1 and "augment/RandomRotation/strength". What moves pixels comes first, then
    what changes colors, then the rest, so that neighbours share their work. If no layer is chosen, the Pipeline
    changes nothing.

    Args:
        hp: `keras_tuner.HyperParameters`, as `build(hp)` gets them.
        modality: "image", "video", "volume", "audio", "spectrogram", "text", "tokens" or "tabular".
        strength: pair (lowest, highest) to search, from 0 (hardly visible) to 1 (as strong as is ever useful), or
            a number that all layers have.
        layers: names or classes to choose from. None: `IMAGE_LAYERS` for images and videos, otherwise all layers
            made for the modality that keep the size and need nothing else. Leave out what changes the meaning: a
            mirrored digit is none.
        seed: of the Pipeline.
        **shared: arguments for all layers that have them, for instance `value_range=(0, 1)` or
            `fill_mode="constant"`.

    Returns:
        The Pipeline that the hyperparameters' values describe.

    Raises:
        ValueError: for an unknown modality or layer, or one that changes the size or the labels or needs data of
            its own.

    Example:

    >>> hp = keras_tuner.HyperParameters()
    >>> hp.Fixed("augment/RandomRotation", True)
    True
    >>> [type(layer).__name__ for layer in augmentation_space(hp, layers=["RandomRotation"]).layers]
    ['RandomRotation']
    """
    owner = "augmentation_space"
    if not isinstance(hp, keras_tuner.HyperParameters):
        raise wrong(owner, "hp", "be keras_tuner.HyperParameters", hp, TypeError)
    low, high = check_range(owner, strength, "strength", 0.0, 1.0)
    chosen: list[Augmentation] = []
    for cls in sorted(_candidates(owner, modality, layers, shared), key=_family):
        name = f"augment/{cls.__name__}"
        used = hp.Boolean(name, default=False)
        has_strength = str(cls.at_strength(low)) != str(cls.at_strength(high))
        with hp.conditional_scope(name, [True]):
            p = hp.Float(f"{name}/p", 0.1, 1.0, step=0.1, default=0.5)
            amount = hp.Float(f"{name}/strength", low, high, default=(low + high) / 2) if has_strength else low
        if used:
            own = cls.at_strength(amount)
            fitting = {key: value for key, value in shared.items() if key in arguments(cls)}
            chosen.append(cls(**{**own, **fitting, "p": p * own.get("p", 1.0)}))
    return Pipeline(chosen, seed=seed, modality=modality)


class AugmentedHyperModel(keras_tuner.HyperModel):
    """A hypermodel that puts a searched Pipeline in front of the models that `build(hp)` makes.

    Give it to `keras_tuner.RandomSearch`, `BayesianOptimization` or `Hyperband`. The Pipeline is a part of the model
    and rests outside training, so validation and the best models' predictions are clean. TensorBoard need not
    be installed.

    Args:
        build: a function that takes `hp` and returns a compiled Sequential or functional model with one input,
            or a `keras_tuner.HyperModel`, whose `fit` is used, too.
        **space: arguments of `augmentation_space`: `modality`, `strength`, `layers`, `seed` and shared ones.

    Raises:
        TypeError: for a `build` that cannot be called, or that makes no such model.
        ValueError: for a space that `augmentation_space` refuses, and for models that are not compiled.

    Example:

    >>> hypermodel = AugmentedHyperModel(build, layers=["RandomRotation", "RandomZoom"], seed=1)
    >>> tuner = keras_tuner.RandomSearch(hypermodel, objective="val_accuracy", max_trials=20)
    >>> tuner.search(x, y, validation_data=(x_val, y_val), epochs=5)
    >>> text = hypermodel.policy(tuner.get_best_hyperparameters()[0]).to_json()
    """

    def __init__(self, build: Callable | keras_tuner.HyperModel, **space: Any):
        if not isinstance(build, keras_tuner.HyperModel) and not callable(build):
            raise wrong(self, "build", "be a function of `hp` or a keras_tuner.HyperModel", build, TypeError)
        super().__init__()
        self._inner, self._space = build, space
        augmentation_space(keras_tuner.HyperParameters(), **space)  # tells what is wrong at once
        _do_without_tensorboard()

    def policy(self, hp: keras_tuner.HyperParameters) -> Pipeline:
        """The Pipeline of a trial, for instance of `tuner.get_best_hyperparameters()[0]`; `to_json` keeps it."""
        return augmentation_space(hp, **self._space)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        policy = self.policy(hp)
        model = self._inner.build(hp) if isinstance(self._inner, keras_tuner.HyperModel) else self._inner(hp)
        if not isinstance(model, keras.Model) or not model.inputs or len(model.inputs) != 1:
            raise wrong(self, "build", "return a Sequential or functional model with one input", model, TypeError)
        if not model.compiled:
            raise wrong(self, "build", "return a compiled model", model)
        if type(model).train_step is not keras.Model.train_step:
            raise wrong(self, "build", "return a model without a `train_step` of its own", model, TypeError)
        source = model.inputs[0]
        whole = keras.Sequential([keras.Input(source.shape[1:], dtype=source.dtype), policy, model])
        whole.compile(**keras_internals.compile_arguments(model))
        return whole

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self._inner, keras_tuner.HyperModel):
            return self._inner.fit(hp, model, *args, **kwargs)
        return super().fit(hp, model, *args, **kwargs)


def _candidates(owner: str, modality: Any, layers: Any, shared: Mapping[str, Any]) -> list[type[Augmentation]]:
    """The classes to choose from."""
    check_choice(owner, modality, "modality", names(MODALITIES))
    known = {cls.__name__: cls for cls in registry.layers(modality)}
    if layers is None:
        fitting = [cls for cls in known.values() if not _unfit(cls, shared)]
        if by_name(modality).is_planar:
            return [cls for cls in fitting if cls.__name__ in IMAGE_LAYERS]
        return [cls for cls in fitting if cls.modalities[0].name == modality]
    if isinstance(layers, str) or not isinstance(layers, Sequence) or not layers:
        raise wrong(owner, "layers", "be a list of layer names or classes", layers, TypeError)
    chosen = []
    for layer in layers:
        is_class = isinstance(layer, type) and issubclass(layer, Augmentation)
        cls = layer if is_class else known[check_choice(owner, layer, "layers", list(known))]
        reason = _unfit(cls, shared)
        if reason:
            raise wrong(owner, "layers", f"keep the data's size and meaning; {cls.__name__} {reason}", layer)
        chosen.append(cls)
    if len(set(chosen)) < len(chosen):
        raise wrong(owner, "layers", "name each layer once", layers)
    return chosen


def _unfit(cls: type[Augmentation], shared: Mapping[str, Any] = MappingProxyType({})) -> str | None:
    """Why a layer cannot be in the space."""
    if cls.active_in_inference:
        return "does something in inference, too: put it into the model"
    if cls.changes_labels:
        return "changes the labels: map the data set with it"
    if "references" in arguments(cls):
        return "needs references: put it into the model"
    if cls.mixes:
        return "needs labels: map the data set with it"
    if "table" in arguments(cls) and "table" not in shared:
        return "needs a table of synonyms: give `table`"
    return None


def _family(cls: type) -> int:
    return 0 if issubclass(cls, Geometric) else 1 if issubclass(cls, Color) else 2


def _do_without_tensorboard() -> None:
    """Keras Tuner 1.4.8 imports TensorBoard for every trial, whether a callback asks for it or not."""
    if importlib.util.find_spec("tensorboard") is not None:
        return
    original = keras_tuner.Tuner._configure_tensorboard_dir
    if getattr(original, "only_if_asked", False):
        return

    def only_if_asked(self: Any, callbacks: Any, *args: Any, **kwargs: Any) -> None:
        if any(type(callback).__name__ == "TensorBoard" for callback in callbacks):
            original(self, callbacks, *args, **kwargs)

    only_if_asked.only_if_asked = True
    keras_tuner.Tuner._configure_tensorboard_dir = only_if_asked
