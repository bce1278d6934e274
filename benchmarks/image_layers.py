"""Each image layer against its counterpart in other libraries: python -m benchmarks.image_layers

Keras's layers are called in a `tf.function`, on floats since many of them cannot take bytes, and give floats, as ours
do beside them. Albumentations' transforms take and give bytes, as ours do there; they are called in a loop over the
images and in as many threads as there are cores, of which the faster counts. `Mosaic` is given three other images.

torchvision (v2) is there for policies and mixtures. Its policies draw once a call, so they are called for each image,
in a loop and in threads, on bytes, with its own settings on both sides: nearest neighbors and black beyond the border
(`RandAugment`, `TrivialAugmentWide`), or bilinear (`AugMix`). Its `MixUp` and `CutMix` take a batch, and draw once for
all of it; ours and Kornia's draw for each image. `MixUp` of torchvision takes floats only, and Kornia takes nothing
else: ours do the same there. All of them get images as they want them, channels first, and integer labels but for
`Mosaic`; ours mix one-hot labels, as torchvision does, where Kornia returns both labels and a share.
"""

import functools
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
    import cv2

    always, middle = {"p": 1.0}, (0.3, 0.7)
    others = [{"image": image} for image in smooth_images(3, side)]
    mosaic = albu.Mosaic(target_size=(side, side), cell_shape=(side, side), center_range=middle, **always)
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
        "RandomDownscale": (layers.RandomDownscale((0.25, 0.25), "nearest"), albu.Downscale(**always)),
        "RandomDownscale, means": (
            layers.RandomDownscale((0.25, 0.25), "area"),
            albu.Downscale(interpolation_pair={"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_NEAREST}, **always),
        ),
        "RandomErasing": (layers.RandomErasing(fill_value=0.0), albu.Erasing(**always)),
        "CoarseDropout": (layers.CoarseDropout(), albu.CoarseDropout(**always)),
        "GridMask": (layers.GridMask(), albu.GridDropout(**always)),
        "RandomFog": (layers.RandomFog(), albu.RandomFog(**always)),
        "RandomRain": (layers.RandomRain(), albu.RandomRain(**always)),
        "RandomShadow": (layers.RandomShadow(), albu.RandomShadow(**always)),
        "Mosaic": (layers.Mosaic(middle), functools.partial(mosaic, mosaic_metadata=others)),
    }


def torchvision_policies():
    """Our policy and torchvision's, with its defaults: magnitude 9 of 30, and 0 to 2 of 9 in AugMix."""
    from torchvision.transforms import v2

    plain = {"interpolation": "nearest", "fill_mode": "constant"}
    return {
        "RandAugment": (layers.RandAugment(factor=(0.3, 0.3), **plain), v2.RandAugment()),
        "TrivialAugmentWide": (layers.TrivialAugmentWide(**plain), v2.TrivialAugmentWide()),
        "AugMix": (layers.AugMix(factor=2 / 9), v2.AugMix()),
    }


def torchvision_mixtures():
    """Our mixture, torchvision's, and the dtype of both."""
    from torchvision.transforms import v2

    return {
        "MixUp": (layers.MixUp(1.0, num_classes=10), v2.MixUp(num_classes=10), "float32"),
        "CutMix": (layers.CutMix((1.0, 1.0), num_classes=10), v2.CutMix(num_classes=10), "uint8"),
    }


def kornia_mixtures(side):
    import kornia.augmentation as kaug

    middle, both = (0.3, 0.7), {"data_keys": ["input", "class"]}
    return {
        "MixUp": (layers.MixUp(1.0, num_classes=10), kaug.RandomMixUpV2(**both), "float32"),
        "CutMix": (
            layers.CutMix((1.0, 1.0), num_classes=10),
            kaug.RandomCutMixV2(use_correct_lambda=True, **both),
            "float32",
        ),
        "Mosaic": (
            layers.Mosaic(middle),
            kaug.RandomMosaic((side, side), start_ratio_range=middle, data_keys=["input"], p=1.0),
            "float32",
        ),
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


def our_array(layer, images, labels=None):
    """A call of our layer that gives a NumPy array of the images' dtype.

    As a NumPy array, which theirs are, and without a copy: a look at one number of a tensor takes 0.1 ms more.
    """
    layer = type(layer).from_config({**layer.get_config(), "dtype": str(images.dtype), "jit": True})
    inputs = [tf.constant(array) for array in (images, labels) if array is not None]
    call = tf.function(lambda *inputs: layer(*inputs, training=True), autograph=False)
    return lambda: np.from_dlpack(tf.nest.flatten(call(*inputs))[0])


def albumentations_candidates(ours, theirs, images, pool):
    one = lambda image: theirs(image=image)["image"]
    return {
        "ours": our_array(ours, images),
        "Albumentations, loop": lambda: np.stack([one(image) for image in images]),
        "Albumentations, threads": lambda: np.stack(list(pool.map(one, images))),
    }


def against_albumentations(batch, side, rounds):
    images, pool = smooth_images(batch, side), ThreadPoolExecutor(CORES)
    for name, (ours, theirs) in albumentations_pairs(side).items():
        yield name, measure(albumentations_candidates(ours, theirs, images, pool), rounds)


def mixture_candidates(peer, ours, theirs, images, labels):
    import torch

    tensor, classes = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)
    inputs = (tensor,) if isinstance(ours, layers.Mosaic) else (tensor, classes)
    return {
        "ours": our_array(ours, images, labels if len(inputs) > 1 else None),
        peer: lambda: theirs(*inputs),
    }


def against_torchvision(batch, side, rounds):
    policies, mixtures = torchvision_policies(), torchvision_mixtures()
    import torch

    torch.set_num_threads(CORES)
    images, labels = smooth_images(batch, side), np.arange(batch) % 10
    # Threads of our own take one core each.
    pool = ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,))
    tensors = [torch.from_numpy(image).permute(2, 0, 1).contiguous() for image in images]
    for name, (ours, theirs) in policies.items():
        candidates = {
            "ours": our_array(ours, images),
            "torchvision, loop": lambda theirs=theirs: torch.stack([theirs(image) for image in tensors]),
            "torchvision, threads": lambda theirs=theirs: torch.stack(list(pool.map(theirs, tensors))),
        }
        yield name, measure(candidates, rounds)
    for name, (ours, theirs, dtype) in mixtures.items():
        yield name, measure(mixture_candidates("torchvision", ours, theirs, images.astype(dtype), labels), rounds)


def against_kornia(batch, side, rounds):
    mixtures = kornia_mixtures(side)
    import torch

    torch.set_num_threads(CORES)
    images, labels = smooth_images(batch, side), np.arange(batch) % 10
    for name, (ours, theirs, dtype) in mixtures.items():
        yield name, measure(mixture_candidates("Kornia", ours, theirs, images.astype(dtype), labels), rounds)


PEERS = {
    "Keras": against_keras,
    "Albumentations": against_albumentations,
    "torchvision": against_torchvision,
    "Kornia": against_kornia,
}


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
    for peer, pairs in PEERS.items():
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
