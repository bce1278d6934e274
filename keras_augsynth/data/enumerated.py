"""`enumerated`: a data set whose augmentation depends on nothing but seed, epoch and position."""

from typing import Any

import tensorflow as tf

from keras_augsynth.core import ranges
from keras_augsynth.core.augmentation import LOOKS
from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.primary import primary
from keras_augsynth.core.random_layer import RandomLayer


def enumerated(
    dataset: tf.data.Dataset,
    augmentation: RandomLayer,
    *,
    initial_epoch: int = 0,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Maps a data set through an augmentation, the same way at any batch size, parallelism or restart.

    Every sample gets the number of its place in `dataset` as its id, and every pass over the result is an
    epoch. Put shuffling behind this, or give elements "sample_ids" of their own: those are kept.

    Args:
        dataset: of `x`, `(x, y)`, `(x, y, sample_weight)` or dictionaries, single samples or batches.
        augmentation: a layer of this package, for one kind of data or for several.
        initial_epoch: number of the first pass, to go on where an earlier run stopped.
        num_parallel_calls: as in `tf.data.Dataset.map`.

    Returns:
        A data set of elements in the same form; what was attached is taken off again.

    Example:

    >>> data = tf.data.Dataset.from_tensor_slices(np.zeros((10, 8, 8, 1), "uint8")).batch(4)
    >>> int(enumerated(data, RandomRotation(0.1, seed=1)).cardinality())
    3
    """
    if not isinstance(dataset, tf.data.Dataset):
        raise wrong("enumerated", "dataset", "be a tf.data.Dataset", type(dataset).__name__, TypeError)
    if not isinstance(augmentation, RandomLayer):
        raise wrong("enumerated", "augmentation", "be a layer of keras_augsynth", augmentation, TypeError)
    _look_at_first(dataset, augmentation)
    epoch = tf.Variable(check_integer("enumerated", initial_epoch, "initial_epoch", 0) - 1, dtype=tf.int64)

    def parts(element: Any) -> tuple[dict[str, Any], str, bool, list[Any]]:
        """(the inputs as a dictionary, their primary key, whether they are a batch, what stands beside them)."""
        inputs, *rest = element if isinstance(element, tuple) else (element,)
        key, x, modality = primary(augmentation, inputs)
        named = inputs if key is not None else {modality.key: x}
        return named, modality.key, x.shape.rank > modality.rank, rest

    def count(first: tf.Tensor, element: Any) -> Any:
        inputs, key, is_batch, _ = parts(element)
        number = tf.shape(inputs[key], tf.int64)[0] if is_batch else tf.constant(1, tf.int64)
        return first + number, (first, number, element)

    def one_pass(_: tf.Tensor) -> tf.data.Dataset:
        this_epoch = epoch.assign_add(1)

        def augment(first: tf.Tensor, number: tf.Tensor, element: Any) -> Any:
            inputs, key, is_batch, rest = parts(element)
            ids = first + tf.range(number) if is_batch else first
            result = augmentation({"sample_ids": ids, **inputs, "epoch": this_epoch}, *rest)
            outputs, *rest = result if rest else (result,)
            given = element[0] if isinstance(element, tuple) else element
            outputs = {name: outputs[name] for name in inputs} if isinstance(given, dict) else outputs[key]
            return (outputs, *rest) if rest else outputs

        numbered = dataset.scan(tf.constant(0, tf.int64), count)
        return numbered.map(augment, num_parallel_calls=num_parallel_calls, deterministic=True)

    passes = tf.data.Dataset.from_tensors(0).flat_map(one_pass)
    cardinality = dataset.cardinality()
    return passes.apply(tf.data.experimental.assert_cardinality(cardinality)) if cardinality >= 0 else passes


def _look_at_first(dataset: tf.data.Dataset, augmentation: RandomLayer) -> None:
    """Warns if the first element plainly is in other units than the augmentation was told."""
    inputs_of = lambda element: element[0] if isinstance(element, tuple) else element
    if augmentation.augmentations() != [augmentation]:
        return
    spec = inputs_of(dataset.element_spec)
    dtype = primary(augmentation, spec)[1].dtype
    looks = [look for look in LOOKS if look.concerns(augmentation, spec)]
    if looks or (dtype not in (tf.uint8, tf.bool) and ranges.expects_range(augmentation)):
        for element in dataset.take(1):
            ranges.look(augmentation, inputs_of(element), stacklevel=4)
            for look in looks:
                look.at(augmentation, inputs_of(element), stacklevel=4)
