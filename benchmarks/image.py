"""Image augmentation against Keras's own layers, Albumentations and Kornia: python -m benchmarks.image

The same ten transforms from uint8 to float32 in [-1, 1]: flip, rotation, translation, shear, zoom, brightness,
contrast, saturation, hue, scale. Albumentations has them in `HorizontalFlip + Affine + ColorJitter + Normalize`, on
one image at a time; it is timed in a loop and in as many threads as there are cores. Kornia has them in
`RandomHorizontalFlip + RandomAffine + ColorJitter`, on a batch; making floats of bytes counts for everybody. Then:
what a chain of k geometric layers costs, what remains of the speed inside `tf.data`, what an epoch of `fit` takes,
what a smaller last batch costs in each epoch, and how much memory a call needs. Steady state is what counts here:
layers are compiled at once. What the first calls cost is in `benchmarks.first_call`.
"""

import functools
import math
import pathlib
from concurrent.futures import ThreadPoolExecutor

from benchmarks.harness import Row, measure, options, status, write

import os  # isort: skip  (harness quietens TensorFlow first)
import time

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth import layers

CORES = os.cpu_count() or 1


def chain(library):
    """The same arguments for both."""
    return [
        library.RandomFlip("horizontal"),
        library.RandomRotation(0.1),
        library.RandomTranslation(0.1, 0.1),
        library.RandomShear((0.0, 0.1), (0.0, 0.1)),
        library.RandomZoom(0.2),
        library.RandomBrightness(0.2),
        library.RandomContrast(0.2),
        library.RandomSaturation((0.3, 0.7)),
        library.RandomHue(0.1),
        library.Rescaling(1 / 127.5, -1),
    ]


def keras_chain():
    parts = chain(keras.layers)

    @tf.function
    def call(images):
        images = tf.cast(images, tf.float32)  # as uint8, Keras's color layers raise or wrap
        for part in parts:
            images = part(images) if isinstance(part, keras.layers.Rescaling) else part(images, training=True)
        return images

    return call


def albumentations_chains():
    import albumentations as albu
    import cv2

    cv2.setNumThreads(1)

    def make():
        return albu.Compose(
            [
                albu.HorizontalFlip(p=0.5),
                albu.Affine(
                    rotate=(-36, 36),
                    translate_percent=(-0.1, 0.1),
                    shear=(-6, 6),
                    scale=(0.8, 1.2),
                    border_mode=cv2.BORDER_REFLECT,
                    p=1.0,
                ),
                albu.ColorJitter(0.2, 0.2, 0.3, 0.1, p=1.0),
                albu.Normalize(0.5, 0.5),
            ]
        )

    pool, chains = ThreadPoolExecutor(CORES), [make() for _ in range(CORES)]
    part = lambda k, images: [chains[k](image=image)["image"] for image in images[k::CORES]]
    loop = lambda images: np.stack([chains[0](image=image)["image"] for image in images])
    threads = lambda images: np.concatenate(list(pool.map(lambda k: np.stack(part(k, images)), range(CORES))))
    return {"Albumentations, loop": loop, f"Albumentations, {CORES} threads": threads}


def kornia_chain():
    import kornia.augmentation as kaug
    import torch

    torch.set_num_threads(CORES)
    chain = kaug.AugmentationSequential(
        kaug.RandomHorizontalFlip(p=0.5),
        kaug.RandomAffine(36.0, (0.1, 0.1), (0.8, 1.2), (-6.0, 6.0), padding_mode="reflection", p=1.0),
        kaug.ColorJitter(0.2, 0.2, 0.3, 0.1, p=1.0),
        kaug.Normalize(0.5, 0.5),
    )

    def call(images):
        with torch.no_grad():
            batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255.0
            return chain(batch).permute(0, 2, 3, 1).numpy()

    return {"Kornia": call}


def peers():
    """What is installed of them."""
    found = {}
    for name, make in (("Albumentations", albumentations_chains), ("Kornia", kornia_chain)):
        try:
            found |= make()
        except ImportError:
            print(f'{name} is not installed: pip install "keras_augsynth[benchmarks]"')
    return found


def check(name, result, images):
    """Nobody is timed for something else: size, range, and that the images are not what they were."""
    result = np.asarray(result)
    assert result.shape == images.shape, (name, result.shape)
    assert -1.01 <= result.min() < -0.5 < 0.5 < result.max() <= 1.01, (name, result.min(), result.max())
    assert np.abs(result - (images / 127.5 - 1)).mean() > 0.05, name


def smooth_images(batch, side):
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(batch, side // 8, side // 8, 3)).astype("float32")
    fine = keras.ops.convert_to_numpy(keras.ops.image.resize(coarse, (side, side)))
    return (fine * 60 + 128).clip(0, 255).astype("uint8")


def ten_transforms(batch, side, rounds):
    images = smooth_images(batch, side)
    tensor = tf.constant(images)
    pipelines = {
        "keras_augsynth": layers.Pipeline(chain(layers), jit=True),
        "keras_augsynth, one by one": layers.Pipeline(chain(layers), fuse=False, jit=True),
        "keras_augsynth, uncompiled": layers.Pipeline(chain(layers), jit=False),
    }
    functions = {
        name: tf.function(lambda x, p=p: p(x, training=True), autograph=False) for name, p in pipelines.items()
    }
    theirs = keras_chain()
    candidates = {
        **{name: lambda f=f: f(tensor) for name, f in functions.items()},
        "Keras 3, tf.function": lambda: theirs(tensor),
    }
    candidates |= {name: lambda call=call: call(images) for name, call in peers().items()}
    for name, call in candidates.items():
        check(name, call(), images)
    return measure(candidates, rounds)


def geometric_chains(batch, side, rounds):
    """From one layer to six: the matrices are multiplied, the image is read once."""
    parts = [
        lambda: layers.RandomRotation(0.1),
        lambda: layers.RandomZoom(0.2),
        lambda: layers.RandomTranslation(0.1, 0.1),
        lambda: layers.RandomShear(0.1, 0.1),
        lambda: layers.RandomFlip(),
        lambda: layers.RandomRotation(0.05),
    ]
    tensor = tf.constant(smooth_images(batch, side))
    make = lambda count: layers.Pipeline([part() for part in parts[:count]], jit=True)
    pipelines = {f"{count} geometric layers": make(count) for count in range(1, len(parts) + 1)}
    candidates = {name: lambda p=p: p(tensor, training=True) for name, p in pipelines.items()}
    return measure(candidates, rounds)


def in_tf_data(batch, side, rounds):
    """An epoch of 64 batches, called directly and mapped; the data set does nothing else."""
    pipeline = layers.Pipeline(chain(layers), jit=True)
    tensor = tf.constant(smooth_images(batch, side))
    data = tf.data.Dataset.from_tensors(tensor).repeat(64).map(pipeline, num_parallel_calls=CORES).prefetch(2)
    function = tf.function(lambda x: pipeline(x, training=True), autograph=False)

    last = lambda results: functools.reduce(lambda _, result: result, results)
    candidates = {
        "called directly": lambda: last(function(tensor) for _ in range(64)),
        "in tf.data": lambda: last(data),
    }
    return measure(candidates, rounds)


def in_fit(batch, side, rounds):
    """Eight batches through `fit` of a model that does hardly more than augment."""
    images = smooth_images(batch, side)
    data = tf.data.Dataset.from_tensors((images, np.zeros(batch, "int32"))).repeat(8)

    def fit(parts):
        head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
        model = keras.Sequential([keras.Input(images.shape[1:], dtype=parts[1]), *parts[0], *head])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return lambda: model.fit(data, shuffle=False, verbose=0)

    ours = [layers.Pipeline(chain(layers), jit=True)]
    candidates = {
        "keras_augsynth": fit((ours, "uint8")),
        "Keras 3": fit((chain(keras.layers), "float32")),  # as uint8, its color layers raise or wrap
        "no augmentation": fit(([keras.layers.Rescaling(1 / 127.5, -1)], "uint8")),
    }
    return measure(candidates, rounds)


def smaller_last_batch(batch, side):
    """Three epochs of two full batches and a smaller one, as a user has them: nothing is compiled at once."""
    images = smooth_images(2 * batch + batch // 2, side)
    data = tf.data.Dataset.from_tensor_slices(images).batch(batch).map(layers.Pipeline(chain(layers)))
    rows = {name: Row(name) for name in ("first epoch", "second epoch", "third epoch")}
    for row in rows.values():
        start = time.perf_counter()
        for result in data:
            result[0, 0, 0, 0].numpy()
        row.times.append(time.perf_counter() - start)
    return rows


def peak_memory(batch, side):
    """Most memory in use during a call, the input included, in parts of input and output together; nan without Linux.

    It is an upper bound: compiling for the size and what TensorFlow's pool of memory has taken too much count, too. The
    kernel keeps the mark of a process, and sets it back when it is told to.
    """
    if not pathlib.Path("/proc/self/clear_refs").exists():
        return math.nan
    images = np.tile(smooth_images(1, side), (batch, 1, 1, 1))
    pipeline = layers.Pipeline(chain(layers), jit=True)
    function = tf.function(lambda x: pipeline(x, training=True), autograph=False)
    function(tf.constant(images[:1]))[0, 0, 0, 0].numpy()
    tensor = tf.constant(images)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    result = function(tensor)
    result[0, 0, 0, 0].numpy()
    sizes = [x.shape.num_elements() * x.dtype.size for x in (tensor, result)]
    return (status("VmHWM") - before + sizes[0]) / sum(sizes)


def main():
    chosen = options(__doc__.splitlines()[0])
    sizes = [(4, 32)] if chosen.smoke else [(256, 32), (64, 224), (16, 512)]
    rounds = 1 if chosen.smoke else chosen.rounds
    tables = {}
    for batch, side in sizes:
        title = f"Ten transforms, {batch} x {side} x {side} x 3"
        tables[title] = (ten_transforms(batch, side, rounds), "keras_augsynth")
    batch, side = sizes[len(sizes) // 2]
    shape = f"{batch} x {side} x {side} x 3"
    tables[f"A chain of geometric layers, {shape}"] = (geometric_chains(batch, side, rounds), "1 geometric layers")
    tables[f"Ten transforms in tf.data, 64 batches of {shape}"] = (in_tf_data(batch, side, rounds), "called directly")
    tables[f"Eight batches of {shape} in fit"] = (in_fit(batch, side, rounds), "keras_augsynth")
    tables[f"Two and a half batches of {shape} in tf.data"] = (smaller_last_batch(batch, side), "second epoch")
    many = batch * (1 if chosen.smoke else 8)
    peak = peak_memory(many, side)
    note = f"Peak memory of a call, {many} x {side} x {side} x 3: at most {peak:.1f} x (input + output)."
    write("image", chosen.out, tables, note, peak_memory=peak)


if __name__ == "__main__":
    main()
