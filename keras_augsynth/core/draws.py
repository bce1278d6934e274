"""Who draws what: a layer in its place, what it sees when it draws, and the record of what was drawn."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from keras import ops

from keras_augsynth.core import activity
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.magnitudes import current_view, drawing
from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops.random import Random

Tensor = Any
Params = dict[str, Any]
Draws = list[tuple[Any, ...]]
# What one step drew: {"params": …}, with "gate", bool `(N,)`, where some samples may be left out.
Entry = dict[str, Any]
# By the step's name, in order.
Record = dict[str, Entry]


@dataclass(frozen=True)
class View:
    """What a layer sees of a batch when it draws.

    Attributes:
        shape: of the batch, channels last; entries are tensors where a size is not known in advance.
        modality: the kind of data.
        size: the axes along which the layer acts: (height, width) of images and videos, (depth, height, width) of
            volumes, (time,) of sounds. Layers that act on each slice of a volume see (height, width).
        given_labels: the labels as the caller gave them, or None.
        lengths: valid steps of each sample `(N,)`, or None.
        spacing: of voxels in mm, along depth, height and width, `(N, 3)`, or None.
        sample_rate: of sounds, in Hz, or None.
        value_range: what the composite around the layer says, or None.
        owner: the layer, for errors.
        magnitudes: the current numbers of each layer by its id; None where they are read as they are in Python.
        certain: what is known for good; among it the ids of layers whose `p` is 1.
        dtype: of what the stage gives, while a layer is applied; None: not known.
    """

    shape: tuple[Any, ...]
    modality: Modality
    size: tuple[Any, ...] = ()
    given_labels: Any = None
    lengths: Tensor | None = None
    spacing: Tensor | None = None
    sample_rate: float | None = None
    value_range: tuple[float, float] | None = None
    owner: Any = None
    magnitudes: dict[int, list[Tensor]] | None = None
    certain: frozenset[Any] = frozenset()
    dtype: str | None = None

    @property
    def labels(self) -> Tensor:
        """The labels, one tensor of numbers `(N, ...)`.

        Raises:
            ValueError: where the input has none.
        """
        if self.given_labels is None:
            needed = "be given: what is drawn depends on them; call the layer with (x, y) or with a dictionary"
            raise wrong(self.owner, "labels", needed, None)
        return self.given_labels

    def classes(self, count: int) -> Tensor:
        """The class number of each sample, int32 `(N,)`, from class numbers or one-hot rows of `count` classes."""
        labels = self.labels
        if len(labels.shape) == 2 and labels.shape[1] == count:
            return ops.cast(ops.argmax(labels, axis=1), "int32")
        if len(labels.shape) == 1 or (len(labels.shape) == 2 and labels.shape[1] == 1):
            numbers = ops.reshape(labels, (-1,))
            return ops.cast(ops.round(numbers) if "float" in ops.dtype(numbers) else numbers, "int32")
        needed = f"be class numbers (N,) or one-hot rows (N, {count})"
        raise wrong(self.owner, "labels", needed, tuple(labels.shape))


def current_key() -> str:
    """What the data are called that a layer is changing, for its errors."""
    view = current_view()
    return "images" if view is None else view.modality.key


@dataclass(frozen=True)
class Gate:
    """A composite that decides for each sample whether its part at `position` is carried out."""

    composite: Any
    seed: int
    position: int


@dataclass(frozen=True)
class Place:
    """What a composite gives to a part. It never changes the part itself.

    Attributes:
        seed: of the part, unless it has one of its own.
        gates: decide for each sample whether the part is carried out.
        value_range: lowest and highest value of the data at this place, where the composite knows it.
        sample_rate: in Hz.
        unmergeable: whether the part must be carried out on its own.
    """

    seed: int
    gates: tuple[Gate, ...] = ()
    value_range: tuple[float, float] | None = None
    sample_rate: float | None = None
    unmergeable: bool = False

    def behind(self, gate: Gate) -> "Place":
        return replace(self, gates=(*self.gates, gate))


@dataclass
class Step:
    """One layer in its place.

    Attributes:
        layer: what is carried out.
        place: what the composites around it say.
        drawer: the layer whose draw is carried out: itself, or a policy for its parts.
        name: what it is called in a record; set by the plan.
    """

    layer: Any
    place: Place
    drawer: Any = None
    name: str = ""
    # Which of a plan's draws are whose: set by the plan.
    rows: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.drawer = self.layer if self.drawer is None else self.drawer

    @property
    def seed(self) -> int:
        return self.drawer.seed if self.drawer.is_seeded else self.place.seed

    @property
    def sources(self) -> list[tuple[Any, int]]:
        """(object, seed) of everybody who draws for this step."""
        return [(self.drawer, self.seed), *((gate.composite, gate.seed) for gate in self.place.gates)]

    def alone(self) -> "Step":
        return Step(self.layer, replace(self.place, unmergeable=True), self.drawer)

    def moved_to(self, composite: Any, position: int) -> "Step":
        """The same behind another gate of a composite."""
        gates = [replace(gate, position=position) if gate.composite is composite else gate for gate in self.place.gates]
        return Step(self.layer, replace(self.place, gates=tuple(gates)), self.drawer)

    def view(
        self,
        shape: Sequence[Any],
        modality: Modality,
        labels: Any = None,
        lengths: Any = None,
        spacing: Any = None,
    ) -> View:
        start = 1 + modality.has_frames * (len(shape) == modality.rank + 1)
        size = tuple(shape[start : start + modality.moves])
        if getattr(self.layer, "planar", False):
            size = size[-2:]
        known = labels, lengths, spacing, self.sample_rate, self.place.value_range
        return View(tuple(shape), modality, size, *known, self.layer)

    @property
    def sample_rate(self) -> float | None:
        own = getattr(self.layer, "sample_rate", None)
        return self.place.sample_rate if own is None else own

    @contextlib.contextmanager
    def within(self, view: View, rng: Random | None = None) -> Iterator[Any]:
        """The layer, while its magnitudes and its value range are those of this place."""
        with drawing(rng, view):
            yield self.layer

    def drawn(self, draws: Draws, view: View, shared: dict[Any, Any]) -> Entry:
        """What this step draws.

        Args:
            draws: of `random.streams`, for all steps of the plan: keys and scalars, row by row.
            view: what the layer sees.
            shared: what others have drawn from the same source, which is added to.
        """
        source = id(self.drawer), self.seed
        if source not in shared:
            rng = self._random(draws, *source)
            with drawing(rng, replace(view, owner=self.drawer)):
                shared[source] = self.drawer.draw(rng, view)
        entry, gate = {"params": shared[source]}, self._gate(draws, view, shared)
        return entry if gate is None else {**entry, "gate": gate}

    def _gate(self, draws: Draws, view: View, shared: dict[Any, Any]) -> Tensor | None:
        votes = []
        if activity.keeps_apart() and getattr(self.layer, "mixes", False):
            votes.append(ops.zeros((view.shape[0],), "bool"))
        if self.layer.has_chance and self.drawer is self.layer and id(self.layer) not in view.certain:
            rng = self._random(draws, id(self.layer), self.seed)
            with self.within(view, rng) as layer:
                votes.append(rng.gate(layer.p))
        for gate in self.place.gates:
            if id(gate.composite) in view.certain and gate.composite.takes_all:
                continue
            source = "gates", id(gate.composite), gate.seed
            if source not in shared:
                rng = self._random(draws, *source[1:])
                with drawing(rng, replace(view, owner=gate.composite)):
                    shared[source] = ops.unstack(gate.composite.gates(rng), axis=1)
            votes.append(shared[source][gate.position])
        return functools.reduce(ops.logical_and, votes) if votes else None

    def _random(self, draws: Draws, source: int, seed: int) -> Random:
        return Random(*draws[self.rows[source, seed]])

    def params_or_rest(self, entries: Record | None, view: View) -> tuple[Params | None, Tensor | None]:
        """(parameters, gate); parameters that are None mean that there is nothing to do."""
        if entries is None:
            with self.within(view) as layer:
                return layer.inference_params(view), None
        entry = entries[self.name]
        return entry["params"], entry.get("gate")
