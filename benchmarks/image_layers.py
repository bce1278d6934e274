"""Each image layer against its counterpart in Keras and in Albumentations: python -m benchmarks.image_layers

Keras's layers are called in a `tf.function`, on floats since many of them cannot take bytes, and give floats, as ours
do beside them. Albumentations' transforms take and give bytes, as ours do there; they are called in a loop over the
images and in as many threads as there are cores, of which the faster counts.
"""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.harness import measure, options, write
from benchmarks.image import CORES, smooth_images

import keras  # isort: skip
import numpy as np
import tensorflow as tf

from keras_augsynth import layers

# Name -> arguments, the same for Keras's layer and ours.
DROP_INS = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.2},
    "RandomShear": {"x_factor": (0.0, 0.2), "y_factor": (0.0, 0.2)},
    "RandomPerspective": {"scale": 0.5},
    "RandomElasticTransform": {"scale": 0.5},
    "RandomCrop": {"height": 192, "width": 192},
    "CenterCrop": {"height": 192, "width": 192},
    "RandomErasing": {"fill_value": 0.0},
    "RandomBrightness": {"factor": 0.2},
    "RandomContrast": {"factor": 0.2},
    "RandomSaturation": {"factor": (0.3, 0.7)},
    "RandomHue": {"factor": 0.2},
    "RandomGrayscale": {},
    "RandomColorJitter": {"brightness_factor": 0.2, "contrast_factor": 0.2, "hue_factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomInvert": {},
    "RandomPosterization": {"factor": 4},
    "RandomSharpness": {"factor": 0.5},
    "RandomGaussianBlur": {"kernel_size": 5, "sigma": 1.0},
    "Solarization": {"addition_factor": 0.2, "threshold_factor": 0.5},
    "AutoContrast": {},
    "Equalization": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {},
    "MixUp": {},
    "CutMix": {},
    "RandAugment": {},
    "AugMix": {},
    "Rescaling": {"scale": 1 / 255},
}


def albumentations_pairs(side):
    """Our layer and Albumentations' transform of it, at like strength."""
    import albumentations as albu

    always = {"p": 1.0}
    return {
        "RandomFlip": (layers.RandomFlip("horizontal"), albu.HorizontalFlip(p=0.5)),
        "RandomD4": (layers.RandomD4(), albu.D4(**always)),
        "RandomAffine": (
            layers.RandomAffine(0.1, 0.1, 0.1, 0.2, 0.1),
            albu.Affine(rotate=(-36, 36), translate_percent=0.1, scale=(0.8, 1.2), shear=(-6, 6), **always),
        ),
        "RandomPerspective": (layers.RandomPerspective(scale=0.2), albu.Perspective((0.05, 0.1), **always)),
        "RandomElasticTransform": (layers.RandomElasticTransform(), albu.ElasticTransform(50, 10, **always)),
        "RandomGridDistortion": (layers.RandomGridDistortion(), albu.GridDistortion(**always)),
        "RandomOpticalDistortion": (layers.RandomOpticalDistortion(), albu.OpticalDistortion(**always)),
        "RandomThinPlateSpline": (layers.RandomThinPlateSpline(), albu.ThinPlateSpline(**always)),
        "RandomResizedCrop": (
            layers.RandomResizedCrop(side, side),
            albu.RandomResizedCrop(size=(side, side), **always),
        ),
        "RandomColorJitter": (
            layers.RandomColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
            albu.ColorJitter(0.2, 0.2, 0.2, 0.1, **always),
        ),
        "RandomGrayscale": (layers.RandomGrayscale(1.0), albu.ToGray(**always)),
        "RandomInvert": (layers.RandomInvert(1.0), albu.InvertImg(**always)),
        "RandomGamma": (layers.RandomGamma(), albu.RandomGamma(**always)),
        "RandomToneCurve": (layers.RandomToneCurve(), albu.RandomToneCurve(**always)),
        "RandomPosterization": (layers.RandomPosterization(4), albu.Posterize(4, **always)),
        "Solarization": (layers.Solarization(threshold_factor=(0.5, 0.5)), albu.Solarize(**always)),
        "AutoContrast": (layers.AutoContrast(), albu.AutoContrast(**always)),
        "Equalization": (layers.Equalization(), albu.Equalize(**always)),
        "ContrastLimitedAdaptiveHistogramEqualization": (
            layers.ContrastLimitedAdaptiveHistogramEqualization(),
            albu.CLAHE(**always),
        ),
        "RandomChannelShuffle": (layers.RandomChannelShuffle(), albu.ChannelShuffle(**always)),
        "RandomChannelDropout": (layers.RandomChannelDropout(), albu.ChannelDropout(**always)),
        "RandomRGBShift": (layers.RandomRGBShift(), albu.RGBShift(**always)),
        "RandomPCALighting": (layers.RandomPCALighting(), albu.FancyPCA(**always)),
        "RandomPlanckianJitter": (layers.RandomPlanckianJitter(), albu.PlanckianJitter(**always)),
        "RandomGaussianNoise": (layers.RandomGaussianNoise(0.1), albu.GaussNoise((0.1, 0.1), **always)),
        "RandomShotNoise": (layers.RandomShotNoise(), albu.ShotNoise(**always)),
        "RandomSpeckleNoise": (layers.RandomSpeckleNoise(), albu.MultiplicativeNoise(elementwise=True, **always)),
        "RandomISONoise": (layers.RandomISONoise(), albu.ISONoise(**always)),
        "RandomSaltAndPepper": (layers.RandomSaltAndPepper(), albu.SaltAndPepper(**always)),
        "RandomSharpness": (layers.RandomSharpness(0.5), albu.Sharpen(**always)),
        "RandomGaussianBlur": (layers.RandomGaussianBlur(1.0, 5, 1.0), albu.GaussianBlur((5, 5), (1, 1), **always)),
        "RandomMotionBlur": (layers.RandomMotionBlur(7), albu.MotionBlur((7, 7), **always)),
        "RandomDefocus": (layers.RandomDefocus(3), albu.Defocus((3, 3), **always)),
        "RandomMedianBlur": (layers.RandomMedianBlur(3), albu.MedianBlur((3, 3), **always)),
        "RandomJPEG": (layers.RandomJPEG((60, 60)), albu.ImageCompression(quality_range=(60, 60), **always)),
        "RandomDownscale": (layers.RandomDownscale(), albu.Downscale(**always)),
        "RandomErasing": (layers.RandomErasing(fill_value=0.0), albu.Erasing(**always)),
        "CoarseDropout": (layers.CoarseDropout(), albu.CoarseDropout(**always)),
        "GridMask": (layers.GridMask(), albu.GridDropout(**always)),
        "RandomFog": (layers.RandomFog(), albu.RandomFog(**always)),
        "RandomRain": (layers.RandomRain(), albu.RandomRain(**always)),
        "RandomShadow": (layers.RandomShadow(), albu.RandomShadow(**always)),
    }


def keras_candidates(name, arguments, images, floats, labels):
    ours, theirs = getattr(layers, name)(**arguments, jit=True), getattr(keras.layers, name)(**arguments)
    mixes = name in ("MixUp", "CutMix")
    data = (lambda x: {"images": x, "labels": labels}) if mixes else (lambda x: x)
    first = (lambda result: result["images"]) if mixes else (lambda result: result)
    training = {} if name == "Rescaling" else {"training": True}
    our_call = tf.function(lambda x: first(ours(data(x), training=True)), autograph=False)
    their_call = tf.function(lambda x: first(theirs(data(x), **training)), autograph=False)
    return {"ours": lambda: our_call(images), "Keras": lambda: their_call(floats)}


def against_keras(batch, side, rounds):
    images = tf.constant(smooth_images(batch, side))
    floats, labels = tf.cast(images, tf.float32), tf.one_hot(np.arange(batch) % 10, 10)
    for name, arguments in DROP_INS.items():
        yield name, measure(keras_candidates(name, arguments, images, floats, labels), rounds)


def albumentations_candidates(ours, theirs, images, pool):
    ours = type(ours).from_config({**ours.get_config(), "dtype": "uint8", "jit": True})
    tensor, call = tf.constant(images), tf.function(lambda x: ours(x, training=True), autograph=False)
    one = lambda image: theirs(image=image)["image"]
    return {
        # As a NumPy array, which theirs are, and without a copy: a look at one number of a tensor takes 0.1 ms more.
        "ours": lambda: np.from_dlpack(call(tensor)),
        "Albumentations, loop": lambda: np.stack([one(image) for image in images]),
        "Albumentations, threads": lambda: np.stack(list(pool.map(one, images))),
    }


def against_albumentations(batch, side, rounds):
    images, pool = smooth_images(batch, side), ThreadPoolExecutor(CORES)
    for name, (ours, theirs) in albumentations_pairs(side).items():
        yield name, measure(albumentations_candidates(ours, theirs, images, pool), rounds)


def table(peer, found):
    """Markdown: how many times as fast each layer is; the slower ones, below 1, in bold."""
    lines = [f"### Against {peer}", "", "| layer | times as fast | spread |", "| --- | --- | --- |"]
    for name, rows in found.items():
        best = min((row for key, row in rows.items() if key != "ours"), key=lambda row: row.median)
        ratio, spread = best.median / rows["ours"].median, best.spread + rows["ours"].spread
        text = f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"
        lines.append(f"| {name} | {text if ratio >= 1 else f'**{text}**'} | ± {100 * spread:.0f} % |")
    return "\n".join(lines) + "\n"


def main():
    chosen = options(__doc__.splitlines()[0])
    batch, side = (2, 200) if chosen.smoke else (64, 224)
    rounds = 1 if chosen.smoke else chosen.rounds
    tables, text = {}, [f"{batch} images of {side} x {side} x 3. Below 1, in bold, the other library is faster.\n"]
    for peer, pairs in (("Keras", against_keras), ("Albumentations", against_albumentations)):
        found = {}
        try:
            for name, rows in pairs(batch, side, rounds):
                found[name] = rows
                best = min(row.median for key, row in rows.items() if key != "ours")
                print(f"{name:<46} {peer:<15} {best / rows['ours'].median:6.2f} times as fast", flush=True)
        except ImportError:
            print(f'{peer} is not installed: pip install "keras_augsynth[benchmarks]"')
            continue
        tables |= {f"{name} against {peer}": (rows, "ours") for name, rows in found.items()}
        text.append(table(peer, found))
    write("image_layers", chosen.out, tables, text="\n".join(text))


if __name__ == "__main__":
    main()
