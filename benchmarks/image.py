"""Image augmentation against Keras's own layers and Albumentations: python -m benchmarks.image

The same ten transforms from uint8 to float32 in [-1, 1]: flip, rotation, translation, shear, zoom, brightness,
contrast, saturation, hue, scale. Albumentations has them in `HorizontalFlip + Affine + ColorJitter + Normalize`, on
one image at a time; it is timed in a loop and in as many threads as there are cores, and the better one counts.
"""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.harness import measure, options, write

import os  # isort: skip  (harness quietens TensorFlow first)

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


def check(name, result, images):
    """Nobody is timed for something else: size, range, and that the images are not what they were."""
    result = np.asarray(result)
    assert result.shape == images.shape, (name, result.shape)
    assert -1.01 <= result.min() < -0.5 < 0.5 < result.max() <= 1.01, (name, result.min(), result.max())
    assert np.abs(result - (images / 127.5 - 1)).mean() > 0.05, name


def main():
    chosen = options(__doc__.splitlines()[0])
    batch, side = (4, 32) if chosen.smoke else (64, 224)
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=(batch, side // 8, side // 8, 3)).astype("float32")
    images = (
        keras.ops.convert_to_numpy(keras.ops.image.resize(smooth, (side, side)) * 60 + 128).clip(0, 255).astype("uint8")
    )
    tensor = tf.constant(images)
    fused, unfused = layers.Pipeline(chain(layers)), layers.Pipeline(chain(layers), fuse=False)
    theirs = keras_chain()
    candidates = {
        "keras_augsynth": lambda: fused(tensor, training=True),
        "keras_augsynth, one by one": lambda: unfused(tensor, training=True),
        "Keras 3, tf.function": lambda: theirs(tensor),
    }
    try:
        peers = albumentations_chains()
    except ImportError:
        print('Albumentations is not installed: pip install "keras_augsynth[benchmarks]"')
        peers = {}
    candidates |= {name: lambda call=call: call(images) for name, call in peers.items()}
    for name, call in candidates.items():
        check(name, call(), images)
    rows = measure(candidates, 1 if chosen.smoke else chosen.rounds)
    write("image", chosen.out, {f"Ten transforms, {batch} x {side} x {side} x 3": (rows, "keras_augsynth")})


if __name__ == "__main__":
    main()
