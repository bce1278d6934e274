"""Policies against PIL, operation by operation, and their chances against the papers' tables."""

import hashlib
import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from keras_augsynth import layers
from keras_augsynth.layers.image.policies.auto_augment_policies import POLICIES
from keras_augsynth.layers.image.policies.policy import OPERATIONS, Policy


class Given(Policy, listed=False):
    """Always the same operation, at the same magnitude, both signs."""

    def __init__(self, name, magnitude, **kwargs):
        super().__init__(fill_mode="constant", jit=False, **kwargs)
        self.name_, self.magnitude = name, magnitude

    def operations(self, rng):
        sign = np.array([[1.0], [-1.0]], "float32")
        number = np.full((2, 1), OPERATIONS.index(self.name_), "int32")
        return {"name": number, "magnitude": np.full((2, 1), self.magnitude, "float32"), "sign": sign}


@pytest.fixture
def picture():
    y, x = np.mgrid[:31, :41].astype("float32")
    channels = [120 + 60 * np.sin(x / 5 + y / 7), 110 + 50 * np.cos(y / 4), 40 + 3 * x]
    return np.stack(channels, axis=-1).round().astype("uint8")


def affine(image, *coefficients):
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)


PIL = {
    "identity": lambda image, sign: image,
    "rotate": lambda image, sign: image.rotate(sign * 15.0, Image.Resampling.BILINEAR),
    "brightness": lambda image, sign: ImageEnhance.Brightness(image).enhance(1 + sign * 0.45),
    "color": lambda image, sign: ImageEnhance.Color(image).enhance(1 + sign * 0.45),
    "sharpness": lambda image, sign: ImageEnhance.Sharpness(image).enhance(1 + sign * 0.45),
    "solarize": lambda image, sign: ImageOps.solarize(image, 128),
    "posterize": lambda image, sign: ImageOps.posterize(image, 6),
    "auto_contrast": lambda image, sign: ImageOps.autocontrast(image),
    "equalize": lambda image, sign: cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(np.asarray(image))]),
    "invert": lambda image, sign: ImageOps.invert(image),
}


@pytest.mark.parametrize("name", PIL)
def test_operations_are_pils(picture, name):
    result = Given(name, 0.5)(np.stack([picture, picture])).numpy()
    for row, sign in zip(result, (1, -1), strict=True):
        expected = np.asarray(PIL[name](Image.fromarray(picture), sign), "float32")
        difference = np.abs(row - expected)[2:-2, 2:-2]
        # PIL rounds to whole levels, gray values and smoothed ones before they are blended; it cuts corners sharply
        tolerance = {"rotate": 4.0, "color": 1.5, "sharpness": 2.0}.get(name, 1.01)
        assert np.quantile(difference, 0.95 if name == "rotate" else 0.99) <= tolerance


@pytest.mark.parametrize("name", ["shear_x", "shear_y", "translate_x", "translate_y"])
def test_shears_and_shifts(picture, name):
    """Both directions, by the share that magnitude 0.5 means, about the center."""
    result = Given(name, 0.5)(np.stack([picture, picture])).numpy()
    height, width = picture.shape[:2]
    seen = []
    for sign in (1, -1):
        slope, part = sign * 0.15, sign * 0.5 * 150 / 331
        coefficients = {
            "shear_x": (1, slope, -slope * height / 2, 0, 1, 0),
            "shear_y": (1, 0, 0, slope, 1, -slope * width / 2),
            "translate_x": (1, 0, part * width, 0, 1, 0),
            "translate_y": (1, 0, 0, 0, 1, part * height),
        }[name]
        expected = np.asarray(affine(Image.fromarray(picture), *coefficients), "float32")
        errors = [np.quantile(np.abs(row - expected)[3:-3, 3:-3], 0.95) for row in result]
        seen.append(int(np.argmin(errors)))
        assert min(errors) < 4.0
    assert sorted(seen) == [0, 1]


def test_each_image_draws_its_own():
    layer = layers.RandAugment(num_ops=2, factor=(0.5, 0.5), seed=1)
    (record, *_) = layer.draw_params(np.arange(2000), shape=(8, 8, 3)).values()
    names = np.asarray(record["params"]["name"])
    counts = np.bincount(names.ravel(), minlength=14)
    assert len(counts) == 14 and counts.min() > 0.8 * 4000 / 14 and counts.max() < 1.2 * 4000 / 14
    for other in list(layer.draw_params(np.arange(2000), shape=(8, 8, 3)).values())[1:]:
        np.testing.assert_array_equal(other["params"]["name"], names)  # all parts carry out the same draw


# SHA-256 of torchvision 0.29's tables, `AutoAugment._get_policies`, as JSON, with 0 for None.
TORCHVISION = {
    "imagenet": "581e655f519be78789085b12d17977791d9b6c327f390346a1b9849f9ea95968",
    "cifar10": "0e1e410930ec17d691d9a66436c0990f81d10ef7dc3ec2caa19665bac4de45d4",
    "svhn": "27534e335b95819c1e61e89fba3e52f20c74cd2f104a8c96e19f3e877dddfb63",
}


def test_auto_augment_has_the_papers_tables():
    assert {name: hashlib.sha256(json.dumps(table).encode()).hexdigest() for name, table in POLICIES.items()} == (
        TORCHVISION
    )


def test_colors_come_before_levels():
    class Both(Policy, listed=False):
        def operations(self, rng):
            numbers = np.array([[OPERATIONS.index("posterize"), OPERATIONS.index("invert")]], "int32")
            return {"name": numbers, "magnitude": np.full((1, 2), 0.5, "float32"), "sign": np.ones((1, 2), "float32")}

    # 200 becomes 55 and, with six bits left, 52; the other way round 200 becomes 200 and 55.
    np.testing.assert_allclose(Both()(np.full((1, 4, 4, 3), 200, "uint8")), 52.0, atol=1e-4)


@pytest.mark.parametrize("policy", POLICIES)
def test_auto_augment_draws_its_table(policy):
    (record, *_) = layers.AutoAugment(policy, seed=2).draw_params(np.arange(20000), shape=(8, 8, 3)).values()
    names = np.asarray(record["params"]["name"])
    for place in (0, 1):
        expected = np.zeros(len(OPERATIONS))
        for pair in POLICIES[policy]:
            name, chance, _ = pair[place]
            expected[OPERATIONS.index(name)] += chance / 25
            expected[0] += (1 - chance) / 25
        found = np.bincount(names[:, place], minlength=len(OPERATIONS)) / 20000
        np.testing.assert_allclose(found, expected, atol=0.012)


def test_aug_mix_keeps_what_all_copies_share():
    flat = np.full((4, 12, 12, 3), 90.0, "float32")
    layer = layers.AugMix(factor=0.0, all_ops=True, seed=1, jit=False)
    # auto contrast and equalize leave a single level alone, solarizing nothing is nothing
    np.testing.assert_allclose(layer(flat), 90.0, atol=1e-2)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r'AutoAugment: `policy` must be one of .*did you mean "cifar10"'):
        layers.AutoAugment("cifar")
    with pytest.raises(ValueError, match="RandAugment: `num_ops` must be"):
        layers.RandAugment(num_ops=-1)
    with pytest.raises(ValueError, match="AugMix: `alpha` must be"):
        layers.AugMix(alpha=0.0)
