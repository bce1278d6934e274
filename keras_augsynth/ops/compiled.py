"""The only place that knows how a numeric core is compiled: by XLA, through TensorFlow."""

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.any_size import AnySize
from keras_augsynth.ops.scoped import Scoped

Tensor = Any

_uses_xla: bool | None = None
_compiles_here = Scoped()


@contextlib.contextmanager
def xla(uses: bool | None) -> Iterator[None]:
    """Inside, everything is compiled at once; or nothing is, and runs operation by operation; None: what pays."""
    global _uses_xla
    previous, _uses_xla = _uses_xla, uses
    try:
        yield
    finally:
        _uses_xla = previous


def way(compiles: bool) -> AbstractContextManager[None]:
    """Inside, in this thread, a plan has decided: `compiled` and `shared` compile, or return the function itself."""
    return _compiles_here.holding(compiles)


def uncompiled() -> bool:
    """Whether a plan has decided for TensorFlow's own kernels."""
    return _compiles_here.value is False


def decided_to_compile() -> bool:
    """Whether a plan has decided for XLA, or everything is compiled."""
    return _compiles_here.value is True or (_uses_xla is True and not uncompiled())


def undecided() -> bool:
    """Whether it is open if compiling pays: nobody has decided, and what is traced here is no part of an XLA kernel."""
    return _uses_xla is None and _compiles_here.value is None and not inside_xla()


def inside_xla() -> bool:
    """Whether what is traced here becomes part of an XLA kernel."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                return True
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return False


def step_by_step() -> bool:
    """Whether nothing at all is compiled or traced: `xla(False)`."""
    return _uses_xla is False


def has_gpu() -> bool:
    """Whether there is a GPU, which is then taken to be where things run."""
    return bool(tf.config.list_physical_devices("GPU"))


@functools.cache
def xla_works() -> bool:
    """Whether this TensorFlow can compile for its devices. Where it cannot, a warning says so, once."""
    if tf.test.is_built_with_xla() and (not has_gpu() or _compiles_on_gpu()):
        return True
    text = "This TensorFlow cannot compile with XLA: layers run uncompiled, which is slower. Nothing else changes."
    warnings.warn(f"keras_augsynth: {text}", RuntimeWarning, stacklevel=2)
    return False


def _compiles_on_gpu() -> bool:
    """Some GPUs' plugins for TensorFlow, Apple's for instance, have no XLA."""
    try:
        with tf.init_scope():
            _graph(lambda: ops.zeros(()) + 1.0, jit_compile=True)()
    except tf.errors.OpError:
        return False
    return True


def _compiles(jit: bool | None) -> bool:
    return jit is not False and not step_by_step() and not uncompiled() and xla_works()


def compiled(function: Callable, jit: bool | None = None, any_size: bool = False) -> Callable:
    """`function` as one XLA kernel for each shape of its arguments.

    Args:
        function: takes and returns (nested) tensors; any other argument is a constant of the kernel.
        jit: `None` or `True` compiles; `False` returns the function as it is.
        any_size: whether one trace serves all sizes. XLA compiles for each all the same, but once for all who call.

    The kernel can be called eagerly, from a `tf.function`, from `tf.data` with unknown sizes (XLA then
    compiles for the sizes it meets) and from a SavedModel.
    """
    if not _compiles(jit):
        return function
    graph = AnySize(function, jit_compile=True) if any_size else _graph(function, jit_compile=True)

    # A plain function around the graph: Keras layers hold it without TensorFlow tracking it as their state.
    @functools.wraps(function)
    def kernel(*args, **kwargs):
        return graph(*args, **kwargs)

    kernel.graph = graph  # type: ignore[attr-defined]
    return kernel


def traced(function: Callable, any_size: bool = False) -> Callable:
    """`function` as one graph: hundreds of small operations cost one call, and are traced once for each shape.

    Args:
        function: takes and returns (nested) tensors; any other argument is a constant of the graph.
        any_size: whether one trace serves all sizes, where there would be too many: those of texts.
    """
    graph = _graph(function, reduce_retracing=any_size)

    @functools.wraps(function)
    def call(*args, **kwargs):
        return graph(*args, **kwargs)

    return call


def of_any_shape(function: Callable, dtype: str, count: int) -> Callable:
    """`function` of `count` tensors of one dtype as a graph that is traced once, for tensors of any rank."""
    return tf.function(function, input_signature=[tf.TensorSpec(None, dtype)] * count, autograph=False)


def _graph(function: Callable, **options: bool) -> Callable:
    graph = tf.function(function, autograph=False, **options)
    graph._omit_frequent_tracing_warning = True  # one trace for each layer and image size is what is wanted
    return graph


def fenced(needed: Any, compute: Callable, otherwise: Callable, *args: Any) -> Any:
    """`compute(*args)` where the boolean tensor `needed` is true, `otherwise(*args)` where it is false.

    What is built in a branch is not fused with what uses it. Without this fence XLA on a CPU repeats a gather
    for every channel that a later color layer mixes (120 ms instead of 22 for 64 images of 224 x 224). The
    gradient is that of `compute`: the one of a branch would not compile.

    Args:
        needed: scalar, known only when it runs.
        compute: takes and returns tensors, one or a list.
        otherwise: the same shapes and dtypes.
        *args: tensors.
    """
    if uncompiled():
        return tf.cond(needed, lambda: compute(*args), lambda: otherwise(*args))

    @tf.custom_gradient
    def run(*args: Any) -> tuple[Any, Callable]:
        def gradient(*upstream: Any) -> list[Any]:
            sources = [arg for arg in args if arg.dtype.is_floating]
            with tf.GradientTape() as tape:
                tape.watch(sources)
                results = tf.nest.flatten(compute(*args))
            pairs = [pair for pair in zip(results, upstream, strict=True) if pair[0].dtype.is_floating]
            if not pairs:  # nobody asks for it but a SavedModel that is written
                return [None] * len(args)
            results, upstream = zip(*pairs, strict=True)
            gradients = iter(tape.gradient(results, sources, upstream))
            return [next(gradients) if arg.dtype.is_floating else None for arg in args]

        return tf.cond(needed, lambda: compute(*args), lambda: otherwise(*args)), gradient

    return run(*args)


def materialized(compute: Callable, *args: Any) -> Any:
    """`compute(*args)`, computed once and stored in memory, even where XLA would fuse it with the code that uses it.

    Args:
        compute: takes and returns tensors, one or a list.
        *args: tensors. The first should already be in memory. If it still has to be computed, XLA computes it twice.
    """
    if uncompiled():
        return compute(*args)
    bits = ops.bitwise_or(ops.cast(ops.reshape(args[0], (-1,))[:1], "int32"), 1)
    always = ops.any(ops.not_equal(bits, 0))  # always true, but not a constant to XLA

    def otherwise(*args: Any) -> Any:
        # XLA does both and selects where neither branch looks expensive: sorting does.
        two = ops.cast(ops.reshape(args[0], (-1,))[:2], "float32")  # not every dtype can be sorted
        value = ops.sum(ops.sort(two))
        return tf.nest.map_structure(lambda t: ops.zeros_like(t) + ops.cast(value, t.dtype), compute(*args))

    return fenced(always, compute, otherwise, *args)


def fetched(values: Tensor, following: Tensor, nothing: Tensor) -> Tensor:
    """`values`; `following` is read at the same time, so that it is in the processor's cache when it is needed.

    Args:
        values: integers or float32.
        following: of a shape that broadcasts to that of `values`, and its dtype.
        nothing: zeros of the same dtype that XLA cannot recognize as constants, so that it does not remove the read.
    """
    if uncompiled():
        return values
    if not values.dtype.is_floating:
        return ops.bitwise_or(values, ops.bitwise_and(following, nothing))
    zero = ops.bitwise_and(*(tf.bitcast(t, "int32") for t in (following, nothing)))
    # Adding -0.0 changes no number, and it has a gradient; a bit operation has none.
    return values + tf.stop_gradient(tf.bitcast(ops.bitwise_or(zero, np.int32(-(2**31))), "float32"))


def shared(function: Callable, jit: bool | None = None, any_size: bool = False) -> Callable:
    """`compiled` for the functions of a module: everybody who asks gets the same kernel."""
    return _shared(function, None, any_size) if _compiles(jit) else function


_shared = functools.cache(compiled)
