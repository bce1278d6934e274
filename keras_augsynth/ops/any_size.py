"""One graph for every size of a function's arguments: tracing costs as much as a hundred batches."""

import collections
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any

_MOST = 32  # graphs of one function: for each structure and each set of constants


class AnySize:
    """A function, traced once for each structure of its arguments, with sizes that are known when it runs.

    Args:
        function: takes and returns (nested) tensors. All other arguments are constants of the graph, and hashable.
        opens: False traces once for each size instead.
        **options: of `tf.function`.

    The tensors in the first argument are data: of them only the length of the last axis is fixed, for tensors of one
    axis none is. Of the others the first axis is open if it is as long as that of the data. What else differs in a
    later call is open from then on; but the number of channels, the last axis, makes a graph of its own.
    """

    def __init__(self, function: Callable, opens: bool = True, **options: Any):
        self._function, self._opens, self._options = function, opens, options
        self._graphs: collections.OrderedDict[Any, _Graph] = collections.OrderedDict()
        self.traced = 0  # how many graphs were made

    def __call__(self, *args: Any) -> Any:
        tensors: list[Tensor] = []
        form = _form(args[0], tensors)
        data = len(tensors)
        form = form, _form(args[1:], tensors), () if self._opens else tuple(tuple(t.shape) for t in tensors)
        graph = self._graphs.pop(form, None)
        if graph is None or not graph.takes(tensors):
            graph = self._trace(form, tensors, data, graph)
        self._graphs[form] = graph
        if len(self._graphs) > _MOST:
            self._graphs.popitem(last=False)
        return graph.run(*tensors)

    def _trace(self, form: Any, tensors: list[Tensor], data: int, before: "_Graph | None") -> "_Graph":
        self.traced += 1
        length = tensors[0].shape[0] if tensors and len(tensors[0].shape) else None
        specs = [_spec(t, place < data, length, self._opens) for place, t in enumerate(tensors)]
        if before is not None:
            specs = [spec.most_specific_common_supertype([old]) for spec, old in zip(specs, before.specs, strict=True)]

        def run(*tensors: Tensor) -> Any:
            given = iter(tensors)
            return self._function(_restored(form[0], given), *_restored(form[1], given))

        traced = tf.function(run, input_signature=specs, autograph=False, **self._options)
        traced._omit_frequent_tracing_warning = True
        return _Graph(specs, traced)


class _Graph:
    def __init__(self, specs: list[Any], function: Any):
        self.specs, self._function = specs, function
        self._concrete: Callable | None = None
        self._taken: set[Any] = set()

    def run(self, *tensors: Tensor) -> Any:
        if not tf.executing_eagerly():  # a graph around it, of XLA or of a replica, may need a trace of its own
            return self._function(*tensors)
        if self._concrete is None:
            self._concrete = self._function.get_concrete_function()
        return self._concrete(*tensors)  # which is not looked up again in each call

    def takes(self, tensors: Sequence[Tensor]) -> bool:
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        if shapes in self._taken:
            return True
        # Not `is_compatible_with`, which takes an unknown length for any known one.
        pairs = zip(self.specs, tensors, strict=True)
        if not all(tf.type_spec_from_value(tensor).is_subtype_of(spec) for spec, tensor in pairs):
            return False
        if len(self._taken) > 100:
            self._taken.clear()
        self._taken.add(shapes)
        return True


def _spec(tensor: Tensor, is_data: bool, length: int | None, opens: bool) -> Any:
    spec = tf.type_spec_from_value(tensor)
    if not opens or not isinstance(spec, tf.TensorSpec) or not spec.shape.rank:
        return spec
    shape = list(spec.shape)
    if is_data:
        shape[:-1] = [None] * (len(shape) - 1)
    if is_data or shape[0] == length:
        shape[0] = None
    return tf.TensorSpec(shape, spec.dtype)


def of_shape(tensor: Tensor, shape: Sequence[Any]) -> Tensor:
    """`tensor`, of which the caller knows the lengths that are numbers: a graph for any size forgets them."""
    tensor.set_shape([length if isinstance(length, int) else None for length in shape])
    return tensor


_TENSOR = object()


def _form(value: Any, tensors: list[Tensor]) -> Any:
    """The structure of arguments and their constants, hashable; tensors are appended to a list."""
    if isinstance(value, dict):
        return dict, tuple((key, _form(each, tensors)) for key, each in value.items())
    if isinstance(value, (tuple, list)):
        return type(value), tuple(_form(each, tensors) for each in value)
    if isinstance(value, np.ndarray):
        value = tf.convert_to_tensor(value)
    if tf.is_tensor(value):
        tensors.append(value)
        rank = value.shape.rank
        has_channels = rank is not None and (rank > 2 or (rank == 2 and value.dtype.is_floating))
        return _TENSOR, (value.dtype, rank, value.shape[-1] if has_channels else None)
    return type(value), value


def _restored(form: Any, tensors: Iterator[Tensor]) -> Any:
    kind, content = form
    if kind is _TENSOR:
        return next(tensors)
    if kind is dict:
        return {key: _restored(each, tensors) for key, each in content}
    if isinstance(kind, type) and issubclass(kind, (tuple, list)):
        items = [_restored(each, tensors) for each in content]
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    return content
