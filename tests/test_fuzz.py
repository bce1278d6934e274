"""Random cases over the registry: arguments, dtypes, ranks, sizes and companions, right and wrong.

Whatever is passed, there are two outcomes: a result that is finite (where the input was), of the declared shape and
dtype and within the value range; or a ValueError or TypeError in the house's words. A case depends on its number alone:
`print(Case(17))` shows it, `Case(17).outcome()` runs it.
"""

import re

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import registry
from keras_augsynth.core.config import arguments
from keras_augsynth.core.modalities import NUMBER, TEXT
from keras_augsynth.ops.boxes import FORMATS
from keras_augsynth.ops.compiled import xla

FULL, FEW, CHUNK = 2000, 30, 100
COMPILED = 100  # every so many cases one with XLA
WORDING = re.compile(r"\w+: `[^`]+` must .*Received: ", re.DOTALL)
CLASSES = [*registry.layers(), layers.CopyPaste]
SLOW = {layers.AugMix, layers.AutoAugment, layers.RandAugment, layers.TrivialAugmentWide}
WEIGHTS = np.array([0.25 if cls in SLOW else 1.0 for cls in CLASSES])
STRANGE = [
    *(None, True, "x", b"x", "", [], (), {}, -1, 0, 1, 2, 3, -0.5, 0.3, 10**9, 10**400, 1e300, 1e-300),
    *(np.nan, np.inf, -np.inf, np.float32(0.4), np.int8(2), np.array(0.2), np.array([0.1, 0.2]), 1j),
    *((0.1, 0.3), (3, 1), (1, 2, 3), (0.2,), (np.nan, 1), ("a", "b"), [[1, 2], [3, 4]], (0, 255), object),
]
INTEGERS = ["uint8", "int8", "uint16", "int16", "int32", "int64", "uint32", "uint64", "bool"]
FLOATS = ["float32", "float64", "float16", "bfloat16"]


class Case:
    """One layer and one call, drawn from the case's number."""

    def __init__(self, number):
        self.number = number
        self.rng = rng = np.random.default_rng([7, number])
        self.cls = CLASSES[rng.choice(len(CLASSES), p=WEIGHTS / WEIGHTS.sum())]
        self.arguments = self.some_arguments()
        kinds = [kind for kind in self.cls.modalities if kind is not NUMBER]
        self.kind = kinds[rng.integers(len(kinds))] if self.one_in(2) else kinds[0]
        self.first = str(self.arguments.get("data_format")) == "channels_first" and self.kind.has_channels
        self.broken = None  # the companion that is wrong
        self.batch = None if self.one_in(6) else int(rng.choice([0, 1, 2, 3, 4], p=[0.05, 0.2, 0.4, 0.2, 0.15]))
        self.sizes = [
            1 if self.one_in(5) else int(rng.integers(2, 10)) for _ in range(self.kind.rank - self.kind.has_channels)
        ]
        self.channels = int(rng.choice([1, 2, 3, 4, 7], p=[0.2, 0.1, 0.5, 0.1, 0.1]))
        self.x = self.some_data()
        self.data = {self.kind.key: self.x, **self.some_companions()}
        self.training = [True, True, True, None, False][rng.integers(5)]

    def one_in(self, n):
        return self.rng.integers(n) == 0

    def rows(self, *shape):
        return shape if self.batch is None else (self.batch, *shape)

    def some_arguments(self):
        rng, found = self.rng, {"seed": self.number, **self.cls.at_strength(float(self.rng.random()))}
        if self.one_in(4):
            found["data_format"] = "channels_first"
        if self.one_in(4):
            found["dtype"] = ["float64", "float16", "bfloat16", "mixed_float16"][rng.integers(4)]
        if self.one_in(3) and not self.cls.active_in_inference:
            found["p"] = [0.0, 0.5][rng.integers(2)]
        found["bounding_box_format"] = FORMATS[rng.integers(len(FORMATS))]
        if self.one_in(3):
            names = arguments(self.cls)
            found[names[rng.integers(len(names))]] = STRANGE[rng.integers(len(STRANGE))]
        return found

    def some_data(self):
        rng, kind = self.rng, self.kind
        shape = self.rows(*self.sizes, *([self.channels] if kind.has_channels else []))
        if self.first:
            shape = (*shape[: len(shape) - kind.rank], shape[-1], *shape[len(shape) - kind.rank : -1])
        if self.one_in(12):  # another rank
            shape = (*shape, 2) if self.one_in(2) else shape[1:]
        if kind is TEXT:
            return np.array(
                [["", "a", "one two", "ü  three four"][k] for k in rng.integers(0, 4, shape).ravel()]
            ).reshape(shape)
        if self.one_in(25):
            return np.zeros(shape, [complex, "U1"][rng.integers(2)])
        dtype = INTEGERS[rng.integers(len(INTEGERS))] if self.one_in(2) else FLOATS[rng.integers(len(FLOATS))]
        if dtype == "bool":
            return rng.random(shape) > 0.5
        x = rng.uniform(0, 255, shape)
        if self.one_in(5):
            x = rng.normal(0, 1000, shape)
        if dtype in INTEGERS:
            limits = np.iinfo(dtype)
            x = np.clip(np.round(x), limits.min, limits.max).astype(dtype)
            if self.one_in(5) and x.size:
                x.reshape(-1)[0], x.reshape(-1)[-1] = limits.min, limits.max
            return x
        if self.one_in(6) and x.size:
            x.reshape(-1)[rng.integers(x.size)] = [np.nan, np.inf, -np.inf][rng.integers(3)]
        return tf.cast(x, dtype)

    def some_companions(self):
        rng, kind, found = self.rng, self.kind, {}
        frames = self.sizes[: kind.has_frames]
        axes, count = kind.moves, int(rng.integers(0, 4))
        if kind.is_spatial and (self.one_in(3) or self.cls is layers.CopyPaste):
            dtype = INTEGERS[rng.integers(len(INTEGERS))] if self.one_in(2) else "int32"
            shape = self.rows(*self.sizes, *([1] if self.one_in(2) else []))
            if self.first and len(shape) > len(self.rows(*self.sizes)):
                shape = self.rows(1, *self.sizes)
            found["segmentation_masks"] = rng.integers(0, 2 if dtype == "bool" else 5, shape).astype(dtype)
        if kind.is_spatial and self.one_in(3):
            corners = np.sort(rng.uniform(-1, 10, self.rows(*frames, count, 2, axes)), axis=-2)
            boxes = corners.reshape(*corners.shape[:-2], 2 * axes)
            labels = rng.integers(-1, 3, boxes.shape[:-1])
            dtype = ["float32", "float64", "float16", "int32"][rng.integers(4)]
            found["bounding_boxes"] = {"boxes": boxes.astype(dtype)}
            if self.one_in(2):
                found["bounding_boxes"] |= {["labels", "classes"][rng.integers(2)]: labels, "scores": labels * 0.5}
        if kind.is_spatial and self.one_in(3) and not self.cls.mixes:
            columns = axes + int(rng.integers(0, 2))
            found["keypoints"] = rng.uniform(-1, 10, self.rows(*frames, count, columns)).astype(
                ["float32", "float64", "int64"][rng.integers(3)]
            )
        if self.one_in(2):
            found["sample_ids"] = rng.integers(0, 2**40, self.rows())
            if self.one_in(2):
                found["epoch"] = np.int64(rng.integers(0, 9))
        if self.one_in(2):
            found["labels"] = rng.integers(0, 3, self.rows())
            if self.one_in(2):
                found["labels"] = np.eye(3, dtype="float32")[found["labels"]]
        if found and self.one_in(4):
            self.broken = list(found)[rng.integers(len(found))]
            found[self.broken] = self.break_it(found[self.broken])
        return found

    def break_it(self, value):
        if isinstance(value, dict):
            name = list(value)[self.rng.integers(len(value))]
            return {**value, name: self.break_it(value[name])}
        ways = [
            lambda t: None,
            lambda t: {},
            lambda t: "x",
            lambda t: t.astype("U3"),
            lambda t: t.astype(complex),
            lambda t: t.astype("float32") + 0.5,
            lambda t: t[None],
            lambda t: t[:-1] if t.ndim else t,
            lambda t: np.concatenate([t, t]) if t.ndim else t,
            lambda t: t[..., :1] if t.ndim else t,
            lambda t: tf.ragged.constant([[1], [1, 2]]),
            lambda t: t.astype("int32") - 9,
        ]
        return ways[self.rng.integers(len(ways))](np.asarray(value))

    def __repr__(self):
        describe = lambda t: f"{getattr(t, 'dtype', type(t).__name__)} {tuple(getattr(t, 'shape', ()))}"
        data = {name: tf.nest.map_structure(describe, value) for name, value in self.data.items()}
        given = {name: value for name, value in self.arguments.items() if name != "seed"}
        return (
            f"Case({self.number}): {self.cls.__name__}({given}), training={self.training}, broken={self.broken}, {data}"
        )

    def outcome(self):
        """None for one of the two outcomes that there may be, or else what was wrong."""
        self.last = "build"
        try:
            layer = self.cls(**self.arguments)
            self.last = "call"
            named = len(self.data) > 1 or self.kind is not self.cls.modalities[0]
            found = layer(self.data if named else self.x, training=self.training)
        except (TypeError, ValueError) as error:
            return None if WORDING.search(str(error)) else f"{type(error).__name__}: {str(error)[:400]}"
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:400]}"
        self.last = "result"
        found = found if named else {self.kind.key: found}
        return next(filter(None, self.faults(layer, found)), None)

    def faults(self, layer, found):
        x, result = np.asarray(self.x), np.asarray(found[self.kind.key])
        if found.keys() != self.data.keys():
            yield f"keys {set(found)}"
        expected = layer.changed_shape(x.shape, self.kind)
        if result.shape != tuple(expected):
            yield f"shape {result.shape} where {expected} is declared"
        if self.kind is TEXT:
            return
        if result.dtype.name != layer.compute_dtype:
            yield f"dtype {result.dtype}"
        x, result = x.astype("float64"), result.astype("float64")
        most = np.abs(x).max(initial=0.0)
        if np.isfinite(most) and (most < 1e4 or layer.compute_dtype != "float16") and not np.isfinite(result).all():
            yield "not finite"
        value_range = getattr(layer, "value_range", None) if getattr(layer, "clips", False) else None
        if value_range and np.isfinite(most) and x.size and min(value_range) <= x.min() and x.max() <= max(value_range):
            low, high = value_range
            slack = 2.0**-7 * max(abs(low), abs(high))
            if result.min() < low - slack or result.max() > high + slack:
                yield f"range {result.min()} to {result.max()}"
        if self.broken is not None:
            return
        yield from self.faults_of_companions(layer, found)

    def faults_of_companions(self, layer, found):
        if "segmentation_masks" in found:
            given, masks = self.data["segmentation_masks"], np.asarray(found["segmentation_masks"])
            size = [n for axis, n in enumerate(found[self.kind.key].shape)]
            known = {0, *np.unique(given).tolist(), getattr(layer, "mask_fill_value", None)}
            if masks.dtype != given.dtype or masks.ndim != given.ndim or not set(np.unique(masks).tolist()) <= known:
                yield f"masks {masks.dtype} {masks.shape} {np.unique(masks)}"
            if self.batch != 0 and len(size) == masks.ndim and not self.first and list(masks.shape[:-1]) != size[:-1]:
                yield f"masks {masks.shape} beside {size}"
        if "bounding_boxes" in found:
            given, moved = self.data["bounding_boxes"], tf.nest.map_structure(np.asarray, found["bounding_boxes"])
            if not np.isfinite(moved["boxes"].astype("float64")).all():
                yield "boxes that are not finite"
            for name in moved:
                if name != "boxes" and moved[name].shape != moved["boxes"].shape[:-1]:
                    yield f"boxes {moved['boxes'].shape}, {name} {moved[name].shape}"
            labels = given.get("labels", given.get("classes"))
            if labels is not None and not self.cls.mixes:
                at = labels == -1
                if not np.allclose(moved["boxes"].astype("float64")[at], given["boxes"].astype("float32")[at]):
                    yield "padding that has moved"
        if "keypoints" in found:
            given, moved = self.data["keypoints"], np.asarray(found["keypoints"])
            if moved.shape != given.shape or not np.isfinite(moved).all():
                yield f"points {moved.shape} {moved}"
            if not np.allclose(moved[..., self.kind.moves :], given[..., self.kind.moves :]):
                yield "further columns of points have changed"


def run(numbers):
    found = []
    for number in numbers:
        case = Case(number)
        with xla(number % COMPILED == COMPILED - 1):
            wrong = case.outcome()
        if wrong is not None:
            found.append(f"{case!r}\n    {wrong}")
    assert not found, "\n".join(found)


def test_a_few_cases():
    run(range(FEW))


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("start", range(0, FULL, CHUNK))
def test_many_cases(start):
    run(range(start, start + CHUNK))
