"""`export_savedmodel`: a model with its augmentation, callable without Keras and without this package."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core import keras_internals
from keras_augsynth.core.activity import apart, augmenting
from keras_augsynth.core.checks import check_choice, check_integer, wrong
from keras_augsynth.core.random_layer import RandomLayer

Tensor = Any

ENDPOINTS = ("serve", "augment", "augment_seeded", "serve_tta", "sample", "sample_seeded")
_PATTERN = "\\["
"""With one of these in a path, TensorFlow takes it for a pattern of paths when it loads."""


def export_savedmodel(
    model: Any,
    path: str | os.PathLike,
    endpoints: Sequence[str] | None = None,
    tta_views: int = 8,
) -> None:
    """Writes a SavedModel whose endpoints keep inference and augmentation apart.

    - `serve(x)`: predictions, never augmented and never in training mode.
    - `augment(x)`: the inputs as the model's body would see them in training, other ones in each call;
      `augment_seeded(x, seed)`, which comes with it, the same ones for the same int32 seed.
    - `serve_tta(x)`: the mean of the outputs over `tta_views` augmented views of each input (test-time augmentation).
      Layers that mix samples of a batch rest there. Maps, boxes and sequences of views whose contents have been moved
      have no mean: a model that gives them is exported without it, and that is printed.

    Their `x` has the model's own form: a tensor, a list of tensors, or a dictionary.

    A synthesizer, trained (`GAN`, `VAE`, `FlowMatching`) or fitted (`SMOTE`, `GaussianSynthesizer`, …), has these
    instead, in the data's own range:

    - `sample(labels)`: new samples for int32 labels `(N,)`, other ones in each call; of an unconditional model
      `sample(n)`; of a table a dictionary of its columns. `sample_seeded(labels, seed)`, which comes with it, the same
      ones for the same int32 seed.

    Args:
        model: a Sequential or functional model, or a synthesizer whose `sample` runs in a graph. For `augment`,
            augmentation layers of this package come first, behind at least one of its inputs; a Keras layer that only
            preprocesses may stand before or among them. `augment` returns a tensor for each input, in their form.
        path: of the folder to be written, without "\\\\" and "[", with which TensorFlow cannot load it.
        endpoints: which ones are wanted; None: "serve", "augment" and, if it has a meaning, "serve_tta"; or "sample".
        tta_views: how many views `serve_tta` averages over, at least 1.

    Raises:
        TypeError: for something that is neither a built model nor a synthesizer.
        RuntimeError: for a synthesizer that has not been fitted.
        ValueError: for an unknown endpoint, a model without augmentation where one is needed, or a path that cannot
            be written.

    Example:

    >>> export_savedmodel(model, "served")
    >>> served = tf.saved_model.load("served")   # needs TensorFlow alone
    >>> predictions = served.serve_tta(images)
    """
    makes = callable(getattr(model, "sample", None)) and hasattr(model, "num_classes")
    if not makes and (not isinstance(model, keras.Model) or not getattr(model, "inputs", None)):
        needed = "be a Sequential or functional model that is built, or a synthesizer"
        raise wrong("export_savedmodel", "model", needed, model, TypeError)
    possible = ENDPOINTS[4:] if makes else ENDPOINTS[:4]
    if endpoints is None:
        endpoints = ("sample",) if makes else _by_default(model)
    if isinstance(endpoints, str) or not endpoints:
        raise wrong("export_savedmodel", "endpoints", 'be a list such as ["serve"]', endpoints, TypeError)
    for name in endpoints:
        check_choice("export_savedmodel", name, "endpoints", possible)
    check_integer("export_savedmodel", tta_views, "tta_views", 1)
    path = os.fspath(path)
    if os.sep == "/" and set(path) & set(_PATTERN):
        raise wrong("export_savedmodel", "path", f"be without {' '.join(_PATTERN)}, or TensorFlow cannot load it", path)
    functions, signature = _sampler(model) if makes else _predictor(model, endpoints, tta_views)
    endpoints = {*endpoints, *(f"{name}_seeded" for name in ("augment", "sample") if name in endpoints)}

    archive = keras.export.ExportArchive()
    if isinstance(model, keras.Model):  # variables of others are those that the endpoints use
        archive.track(model)
    for name in sorted(endpoints, key=ENDPOINTS.index):
        seed = [tf.TensorSpec(None, tf.int32, name="seed")] if name.endswith("_seeded") else []
        archive.add_endpoint(name, functions[name], input_signature=[*signature, *seed])
    try:
        archive.write_out(path, verbose=False)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", error)
        raise wrong("export_savedmodel", "path", f"be a folder that can be written ({reason})", path) from error


def _sampler(model: Any) -> tuple[dict[str, Callable], list[tf.TensorSpec]]:
    """(endpoints, signature) of a synthesizer."""
    if isinstance(model, keras.Model) and model.num_classes is None:
        make, spec = lambda n, seed: model.sample(n=n, seed=seed), tf.TensorSpec((), tf.int32, name="n")
    else:
        make, spec = model.sample, tf.TensorSpec((None,), tf.int32, name="labels")
    number = lambda words: tf.bitcast(words, tf.int64)
    functions = {
        "sample": lambda what: make(what, seed=number(_entropy())),
        "sample_seeded": lambda what, seed: make(what, seed=number(_nonce(seed))),
    }
    return functions, [spec]


def _predictor(model: keras.Model, endpoints: Sequence[str], tta_views: int) -> tuple[dict[str, Callable], list[Any]]:
    """(endpoints, signature) of a model that predicts."""
    functions = {"serve": _serve(model, training=False)}
    if set(endpoints) - {"serve"}:
        if not any(isinstance(layer, RandomLayer) for layer in keras_internals.flat_layers(model)):
            advice = 'contain augmentation layers of this package, or be exported with endpoints=("serve",)'
            raise wrong("export_savedmodel", "model", advice, model.name)
        functions["serve_tta"] = _serve_tta(model, tta_views)
    if {"augment", "augment_seeded"} & set(endpoints):
        front = _front(model)
        functions["augment"] = lambda inputs: _augment(front, inputs, _entropy())
        functions["augment_seeded"] = lambda inputs, seed: _augment(front, inputs, _nonce(seed))
    if "serve_tta" in endpoints and (reason := _without_mean(model)):
        needed = f'give one vector for each sample: {reason}. Write endpoints=["serve", "augment"]'
        raise wrong("export_savedmodel", "model", needed, model.name)
    specs = [tf.TensorSpec((None, *x.shape[1:]), x.dtype, name=x.name) for x in model.inputs]
    return functions, [_packed(model, specs)]


def _by_default(model: keras.Model) -> tuple[str, ...]:
    """The endpoints of a model that predicts."""
    if reason := _without_mean(model):
        print(f"export_savedmodel: no serve_tta, since {reason}.")
        return "serve", "augment"
    return "serve", "augment", "serve_tta"


def _without_mean(model: keras.Model) -> str:
    """Why views have no mean: outputs have places, such as the pixels of a mask, and contents are moved; else empty."""
    shapes = [tuple(output.shape) for output in model.outputs if any(size != 1 for size in output.shape[1:-1])]
    layers = [layer for layer in keras_internals.flat_layers(model) if isinstance(layer, RandomLayer)]
    steps = [step for layer in layers for part in layer.augmentations() for step in part.plan.steps]
    movers = [type(step.layer).__name__ for step in steps if step.layer.moves_contents and not step.layer.mixes]
    told = shapes and movers
    return f"{movers[0]} moves what is in a view: the mean of outputs {shapes[0]} mixes places" if told else ""


def _serve(model: keras.Model, **kwargs: Any) -> Callable:
    return lambda inputs: model(inputs, **kwargs)


def _packed(model: keras.Model, tensors: Sequence[Any]) -> Any:
    """Something for each input, in the form that the model takes them: one, a list, a dictionary in any order."""
    form = None if isinstance(model, keras.Sequential) else model.input
    alone = len(tensors) == 1 and not isinstance(form, dict)  # also of a list of one, as Keras exports it
    return tensors[0] if alone else keras.tree.pack_sequence_as(form, list(tensors))


def _serve_tta(model: keras.Model, views: int) -> Callable:
    """Every input `views` times in one batch, augmented by the model's own layers, dropout being off."""
    serve = _serve(model, training=False)

    def serve_tta(inputs: Any) -> Any:
        with augmenting(_entropy()), apart():  # no prediction depends on who else asks
            outputs = serve(keras.tree.map_structure(lambda x: ops.repeat(x, views, axis=0), inputs))
        mean = lambda t: ops.mean(ops.reshape(t, (-1, views, *t.shape[1:])), axis=1)
        return keras.tree.map_structure(mean, outputs)

    return serve_tta


def _front(model: keras.Model) -> keras.Model:
    """From the inputs up to the last augmentation behind each that comes before the model's body."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    ends = reached = list(model.inputs)
    for layer in layers:
        outputs = _outputs(layer, reached)
        if outputs and _prepares(layer):
            reached = [outputs.get(k, tensor) for k, tensor in enumerate(reached)]
            if isinstance(layer, RandomLayer):
                ends = [reached[k] if k in outputs else tensor for k, tensor in enumerate(ends)]
    if all(end is start for end, start in zip(ends, model.inputs, strict=True)):
        advice = "begin with augmentation layers, for the endpoint `augment`"
        raise wrong("export_savedmodel", "model", advice, [layer.name for layer in layers[:4]])
    return keras.Model(_packed(model, model.inputs), _packed(model, ends))


def _outputs(layer: keras.layers.Layer, tensors: Sequence[Any]) -> dict[int, Any]:
    """What a layer makes of those of the tensors that it takes, by their places; empty if it takes or makes others."""
    given, made = keras.tree.flatten(layer.input), keras.tree.flatten(layer.output)
    places = [k for one in given for k, tensor in enumerate(tensors) if tensor is one]
    return dict(zip(places, made, strict=True)) if len(given) == len(made) == len(places) else {}


def _prepares(layer: keras.layers.Layer) -> bool:
    """Whether a layer changes data rather than learning from them; Keras has no public class for its own."""
    return isinstance(layer, RandomLayer) or keras_internals.is_data_layer(layer)


def _augment(front: keras.Model, inputs: Any, nonce: Tensor) -> Any:
    """Keras's own random layers cannot be given a seed; they rest here as they do in `serve_tta`."""
    with augmenting(nonce):
        return _serve(front, training=False)(inputs)


def _entropy() -> Tensor:
    """Two words that are new in every call and process, whatever seed was set when the model was exported."""
    draw = tf.raw_ops.RandomUniformInt(
        shape=[2], minval=tf.int32.min, maxval=tf.constant(tf.int32.max), seed=0, seed2=0
    )
    return tf.bitcast(draw, tf.uint32)


def _nonce(seed: Tensor) -> Tensor:
    """Two words from a seed that is a scalar or a pair."""
    seed = tf.bitcast(tf.reshape(seed, (-1,)), tf.uint32)
    return tf.stack([seed[0], seed[-1]])
