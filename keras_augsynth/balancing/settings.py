"""What a `SyntheticBalancer` was given: checked once, and the same from then on."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_augsynth.balancing.epochs import SCHEDULES
from keras_augsynth.balancing.targets import STRATEGIES
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_choice, check_integer, check_number, check_seed, wrong
from keras_augsynth.core.random_layer import RandomLayer
from keras_augsynth.synthesis.synthesizer import Synthesizer

NAME = "SyntheticBalancer"
"""By which errors name it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments in their normal form, under their own names.

    Attributes:
        synthesizers: the sources of generated rows by name, however they were given.
    """

    synthesizer: Any
    strategy: Any
    max_share: Any
    max_multiple: Any
    resample_real: Any
    shares: Any
    accept: Any
    mode: Any
    pool_size: Any
    refresh: Any
    augment: Any
    mix: Any
    schedule: Any
    anneal: Any
    loss_weight: Any
    batch_norm: Any
    logit_adjustment: Any
    min_real: Any
    trial_cost: Any
    validation_share: Any
    num_classes: Any
    target: Any
    seed: Any

    def __post_init__(self) -> None:
        for group in (_targets, _sources, _training, _trials, _data):
            for name, value in group(self).items():
                object.__setattr__(self, name, value)

    @property
    def synthesizers(self) -> dict[str, Synthesizer]:
        return _named(self.synthesizer)

    @property
    def validated(self) -> bool:
        """Whether it is found out in `fit` how many rows are generated."""
        return self.strategy == "validated"

    @property
    def real_part(self) -> float:
        """Part of the added rows that are real, if nothing else is found out."""
        if not self.synthesizers:
            return 1.0
        if self.resample_real is not None:
            return self.resample_real
        return 1.0 if self.validated else 0.0

    @property
    def remembers(self) -> bool:
        """Whether real rows are kept, to be drawn again."""
        return self.validated or self.real_part > 0.0


def _targets(given: Settings) -> dict[str, Any]:
    """How many rows are added."""
    share = _part(given, "max_share")
    if share == 1.0:
        raise wrong(NAME, "max_share", "be below 1", share)
    schedule = given.schedule
    if not callable(schedule):
        check_choice(NAME, schedule, "schedule", tuple(SCHEDULES))
    usual = 0.2 if given.strategy == "validated" else 0.0
    return {
        "strategy": _strategy(given.strategy),
        "max_share": share,
        "max_multiple": _maybe(given, "max_multiple", math.inf),
        "anneal": usual if given.anneal is None else _part(given, "anneal"),
        "min_real": check_integer(NAME, given.min_real, "min_real", 0),
    }


def _strategy(strategy: Any) -> str | dict[int, float]:
    """A name, or shares by class."""
    if not isinstance(strategy, Mapping):
        return check_choice(NAME, strategy, "strategy", STRATEGIES)
    shares = {}
    for label, share in strategy.items():
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or label < 0:
            raise wrong(NAME, "strategy", "name classes by their numbers", strategy)
        shares[int(label)] = check_number(NAME, share, "strategy", 0.0, 1.0)
        if shares[int(label)] == 1.0:
            raise wrong(NAME, "strategy", "leave some real rows: shares must be below 1", strategy)
    return shares


def _sources(given: Settings) -> dict[str, Any]:
    """Where the rows come from."""
    names = list(_named(given.synthesizer))
    shares, accept, augment = given.shares, given.accept, given.augment
    if shares is not None:
        if not isinstance(shares, Mapping) or set(shares) != set(names):
            raise wrong(NAME, "shares", f"name each synthesizer of {names}", shares)
        shares = {name: check_number(NAME, share, "shares", 0.0) for name, share in shares.items()}
        if not sum(shares.values()):
            raise wrong(NAME, "shares", "not all be 0", shares)
    if not callable(accept) and accept is not None:
        check_choice(NAME, accept, "accept", ("teacher", "discriminator"))
    _check_layer("augment", augment, RandomLayer)
    if getattr(augment, "mixes", False):
        raise wrong(NAME, "augment", "change each row by itself; `mix` is for layers that mix them", augment)
    return {
        "resample_real": _maybe(given, "resample_real"),
        "shares": shares,
        "mode": check_choice(NAME, given.mode, "mode", ("live", "pool")),
        "pool_size": check_integer(NAME, given.pool_size, "pool_size", 1),
        "refresh": check_integer(NAME, given.refresh, "refresh", 1),
    }


def _named(synthesizer: Any) -> dict[str, Synthesizer]:
    if synthesizer is None:
        return {}
    named = synthesizer if isinstance(synthesizer, Mapping) else {type(synthesizer).__name__: synthesizer}
    for each in named.values():
        if isinstance(each, type):
            raise wrong(NAME, "synthesizer", f"be an object: {each.__name__}().fit(x, y)", each, TypeError)
        if not isinstance(each, Synthesizer):
            raise wrong(NAME, "synthesizer", "have the methods `fit` and `sample`", each, TypeError)
    if not named:
        raise wrong(NAME, "synthesizer", "be at least one, or None", synthesizer)
    return {str(name): each for name, each in named.items()}


def _training(given: Settings) -> dict[str, Any]:
    """What else is done to the batch, the loss and the model."""
    _check_layer("mix", given.mix)
    if given.mix is not None and not getattr(given.mix, "mixes", False):
        raise wrong(NAME, "mix", "be a layer that mixes rows, such as MixUp(); `augment` is for others", given.mix)
    if given.logit_adjustment is not None:
        check_choice(NAME, given.logit_adjustment, "logit_adjustment", ("auto", "loss", "post-hoc"))
    return {
        "loss_weight": _part(given, "loss_weight"),
        "batch_norm": check_choice(NAME, given.batch_norm, "batch_norm", ("all", "real")),
    }


def _trials(given: Settings) -> dict[str, Any]:
    """How generated rows are judged."""
    return {
        "trial_cost": _part(given, "trial_cost"),
        "validation_share": _part(given, "validation_share"),
    }


def _data(given: Settings) -> dict[str, Any]:
    """What is known of the data."""
    classes, target = given.num_classes, given.target
    if target is not None and not isinstance(target, str):
        raise wrong(NAME, "target", "be the name of an output, or None", target, TypeError)
    seed = check_seed(NAME, given.seed)
    return {
        "num_classes": None if classes is None else check_integer(NAME, classes, "num_classes", 2),
        "seed": random.randint(1, 10**9) if seed is None else seed,
    }


def _check_layer(name: str, layer: Any, kinds: Any = Augmentation) -> None:
    if layer is not None and not isinstance(layer, kinds):
        raise wrong(NAME, name, "be a layer of keras_augsynth, or None", layer, TypeError)


def _part(given: Settings, name: str) -> float:
    return check_number(NAME, getattr(given, name), name, 0.0, 1.0)


def _maybe(given: Settings, name: str, most: float = 1.0) -> float | None:
    value = getattr(given, name)
    return None if value is None else check_number(NAME, value, name, 0.0, most)
