"""What callers write, right and wrong: dtypes, companions, padding, ragged data; each right value by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from properties import Case, values

from keras_augsynth import layers
from keras_augsynth.core import config, registry

SMALL = np.random.default_rng(3).integers(0, 256, (3, 10, 12, 3))
POLICIES = {"AugMix", "AutoAugment", "RandAugment", "TrivialAugmentWide"}  # made of the others
OF_IMAGES = [cls for cls in registry.layers("image") if cls.__name__ not in POLICIES]


def images(shape=(2, 8, 8, 3)):
    return np.zeros(shape, "float32")


def result_of(cls, dtype):
    x = SMALL > 99 if dtype == "bool" else SMALL.astype(dtype) * (257 if dtype == "uint16" else 1)
    masks = SMALL[..., :1] > 99 if dtype == "bool" else (SMALL[..., :1] * 257).astype("uint16")
    data = {"images": x, "segmentation_masks": masks, "sample_ids": np.arange(3)}
    as_floats = {**data, "images": x.astype("float32"), "segmentation_masks": masks.astype("int32")}
    return cls, data, as_floats


def held_to_floats(cls, data, as_floats):
    """16-bit and boolean images and masks give what the same numbers give as float32 and int32."""
    arguments = {"seed": 1, **cls.at_strength(0.7)}
    if data["images"].dtype == bool and "value_range" in config.arguments(cls):
        arguments["value_range"] = (0, 1)
        if "references" in arguments:
            arguments["references"] = arguments["references"] / 255
    found, expected = (cls(**arguments)(each, training=True) for each in (data, as_floats))
    np.testing.assert_allclose(found["images"], expected["images"], rtol=1e-5, atol=1e-3)
    assert found["segmentation_masks"].dtype.name == data["segmentation_masks"].dtype
    np.testing.assert_array_equal(tf.cast(found["segmentation_masks"], "int32"), expected["segmentation_masks"])


# Images of 0 and 1 are not what the usual value range says, which is the question elsewhere.
any_range = pytest.mark.filterwarnings("ignore:.*value_range")


@any_range
@pytest.mark.parametrize("cls", OF_IMAGES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("dtype", ["uint16", pytest.param("bool", marks=pytest.mark.full)])
def test_dtypes_of_images_and_masks(cls, dtype):
    held_to_floats(*result_of(cls, dtype))


# Booleans become bytes or floats before a kernel is entered: one layer of each way through a plan.
BOOLEANS_UNDER_XLA = (layers.RandomMedianBlur, layers.RandomRotation, layers.RandomBrightness, layers.RandomFlip)
BOOLEANS_UNDER_XLA += (layers.RandomErasing, layers.RandomElasticTransform, layers.MixUp, layers.RandomGaussianNoise)


@any_range
@pytest.mark.xla
@pytest.mark.parametrize(
    ("cls", "dtype"),
    [
        pytest.param(cls, dtype, id=f"{cls.__name__}-{dtype}", marks=[] if (cls, dtype) in known else pytest.mark.full)
        for known in [{(layers.RandomCrop, "uint16"), (layers.RandomMedianBlur, "bool")}]
        for cls in OF_IMAGES
        for dtype in ("uint16", "bool")
        if dtype == "uint16" or cls in BOOLEANS_UNDER_XLA
    ],
)
def test_dtypes_of_images_and_masks_under_xla(cls, dtype):
    held_to_floats(*result_of(cls, dtype))


@pytest.mark.xla
def test_boolean_masks_with_a_constant_border_under_xla():
    masks = np.ones((1, 6, 8, 1), bool)
    shift = layers.RandomTranslation(0.0, (0.25, 0.25), mask_fill_value=0)
    found = shift({"images": images((1, 6, 8, 1)), "segmentation_masks": masks}, training=True)["segmentation_masks"]
    assert found.dtype == tf.bool
    np.testing.assert_array_equal(found[0, ..., 0], [[False] * 2 + [True] * 6] * 6)


def test_integer_points_and_boxes_come_back_as_floats():
    """Half a turn of a 20 x 20 image takes (x, y) to (20 - x, 20 - y); a point that has left does not come back in."""
    points, box = np.array([[[3, 4], [7, 12], [1, 1]]]), np.array([[[3, 4, 7, 12]]])
    data = {"images": images((1, 20, 20, 1)), "keypoints": points, "bounding_boxes": {"boxes": box}}
    turned = layers.RandomRotation((0.5, 0.5))(data, training=True)
    np.testing.assert_allclose(turned["keypoints"], 20 - points, atol=1e-5)
    np.testing.assert_allclose(turned["bounding_boxes"]["boxes"], [[[13, 8, 17, 16]]], atol=1e-5)
    moved = layers.RandomTranslation((-0.08, -0.08), (-0.08, -0.08))(data, training=True)
    np.testing.assert_allclose(moved["keypoints"], points - 1.6, atol=1e-5)
    assert turned["keypoints"].dtype == turned["bounding_boxes"]["boxes"].dtype == tf.float32


def fields(names=("classes", "iscrowd", "scores")):
    boxes = np.array([[[0, 0, 3, 3.0]], [[12, 8, 16, 12.0]]], "float32")
    return {"boxes": boxes, **{name: np.array([[7], [8]], "float32" if name == "scores" else int) for name in names}}


@pytest.mark.parametrize("layer", [layers.MixUp, layers.CutMix, layers.Mosaic, layers.CopyPaste])
def test_fields_go_where_their_boxes_go(layer):
    data = {"images": images((2, 12, 16, 3)), "bounding_boxes": fields()}
    if layer is layers.CopyPaste:
        data["segmentation_masks"] = np.full((2, 12, 16, 1), 7)
    found = layer(seed=1)(data, training=True)["bounding_boxes"]
    assert all(found[name].shape == found["boxes"].shape[:2] for name in found if name != "boxes")
    assert found["boxes"].shape[1] in (2, 4) and set(np.unique(found["scores"])) == {7.0, 8.0}
    gone = values(found["classes"]) == -1
    np.testing.assert_array_equal(np.where(gone, found["iscrowd"], found["classes"]), found["iscrowd"])


@pytest.mark.parametrize("name", ["labels", "classes"])
def test_a_box_that_leaves_is_marked(name):
    shift = layers.RandomTranslation((0.5, 0.5), (0.5, 0.5), fill_mode="constant")
    data = {"images": images((2, 12, 16, 3)), "bounding_boxes": fields((name, "iscrowd"))}
    found = shift(data, training=True)["bounding_boxes"]
    np.testing.assert_array_equal(found[name], [[7], [-1]])
    np.testing.assert_array_equal(found["iscrowd"], [[7], [8]])


GEOMETRY = [
    layers.RandomFlip(),
    layers.RandomRotation(0.1),
    layers.RandomCrop(6, 6),
    layers.RandomPerspective(1.0, 0.2),
    layers.RandomElasticTransform(scale=0.5),
    layers.MixUp(),
]


@pytest.mark.parametrize("layer", GEOMETRY, ids=lambda layer: type(layer).__name__)
def test_no_boxes(layer):
    """In any image, and no image at all."""
    none = {"boxes": np.zeros((0, 4), "float32"), "labels": np.zeros((0,), "int64")}
    data = {"images": images((8, 8, 3)), "bounding_boxes": none}
    assert layer(data, training=True)["bounding_boxes"]["boxes"].shape[1:] == (4,)
    nobody = {"boxes": np.zeros((0, 2, 4), "float32")}
    data = {"images": images((0, 8, 8, 3)), "bounding_boxes": nobody}
    assert layer(data, training=True)["bounding_boxes"]["boxes"].shape[::2] == (0, 4)


@pytest.mark.parametrize("box_format", ["xyxy", "xywh", "rel_xyxy", "rel_xywh"])
@pytest.mark.parametrize(
    "layer", [layers.CenterCrop, layers.RandomResizedCrop, layers.Mosaic, layers.CutMix, layers.MixUp, layers.Pipeline]
)
def test_padding_stays_padding(layer, box_format):
    arguments = {
        layers.CenterCrop: {"height": 10, "width": 8},
        layers.RandomResizedCrop: {"height": 40, "width": 30},
        layers.Pipeline: {"layers": [layers.Mosaic(), layers.CenterCrop(10, 8), layers.RandomRotation(0.1)]},
    }
    make = layer(**arguments.get(layer, {}), bounding_box_format=box_format, seed=1)
    boxes = np.array([[[0.25, 0.25, 0.5, 0.5], [-1, -1, -1, -1]]] * 3, "float32")
    data = {"images": images((3, 20, 20, 1)), "bounding_boxes": {"boxes": boxes, "labels": np.array([[1, -1]] * 3)}}
    found = make(data, training=True)["bounding_boxes"]
    assert set(found) == {"boxes", "labels"}
    for row in values(found["boxes"]).reshape(3, -1, 2, 4):
        np.testing.assert_array_equal(row[:, 1], -np.ones_like(row[:, 1]))


@pytest.mark.parametrize(
    ("layer", "dtype"),
    [
        (layers.RandomPerspective(1.0, 0.9, mask_fill_value=-1), "uint8"),
        (layers.RandomTranslation(0.3, 0.3, mask_fill_value=300), "uint8"),
        (layers.RandomElasticTransform(mask_fill_value=-1), "uint16"),
        (layers.RandomErasing(1.0, (0.3, 0.3), mask_fill_value=300), "uint8"),
        (layers.RandomErasing(1.0, (0.3, 0.3), mask_fill_value=0.5), "int32"),
        (layers.CoarseDropout(mask_fill_value=2), "bool"),
        (layers.GridMask(mask_fill_value=40_000), "int16"),
        (layers.Pipeline([layers.CenterCrop(6, 6), layers.RandomTranslation(0.3, 0.3, mask_fill_value=2)]), "bool"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_mask_fill_value_that_masks_cannot_have(layer, dtype):
    data = {"images": images((1, 12, 12, 1)), "segmentation_masks": np.ones((1, 12, 12, 1), dtype)}
    with pytest.raises(ValueError, match=f"`mask_fill_value` must be a value that the masks' dtype {dtype} can have"):
        layer(data, training=True)


RAGGED = tf.ragged.constant([[[0.0, 0, 1, 1]], []], ragged_rank=1)
BOXES = {"boxes": np.zeros((2, 1, 4))}


@pytest.mark.parametrize("layer", [layers.RandomRotation(0.1), layers.RandomBrightness(0.1)])
@pytest.mark.parametrize(
    ("companions", "message"),
    [
        ({"sample_ids": None}, "`sample_ids` must be a tensor of numbers"),
        ({"sample_ids": {}}, "`sample_ids` must be a tensor of numbers"),
        ({"sample_ids": np.arange(3)}, "`sample_ids` must have a row for each of 2 samples"),
        ({"sample_ids": np.arange(1)}, "`sample_ids` must have a row for each of 2 samples"),
        ({"epoch": 1.5}, "`epoch` must be integers"),
        ({"epoch": np.arange(3)}, "`epoch` must have a row for each of 2 samples"),
        ({"labels": np.arange(3)}, "`labels` must have a row for each of 2 samples"),
        ({"segmentation_masks": None}, "`segmentation_masks` must be a tensor of numbers"),
        ({"segmentation_masks": np.zeros((2, 4, 4, 1), int)}, r"`segmentation_masks` must have the size \(8, 8\)"),
        ({"segmentation_masks": np.zeros((3, 8, 8, 1), int)}, "`segmentation_masks` must have a row for each of 2"),
        ({"segmentation_masks": np.zeros((2, 8, 8, 1), complex)}, "`segmentation_masks` must be real numbers"),
        ({"keypoints": "nose"}, "`keypoints` must be real numbers"),
        ({"keypoints": np.zeros((3, 1, 2))}, "`keypoints` must have a row for each of 2 samples"),
        ({"keypoints": np.zeros((2, 1, 1))}, "`keypoints` must have at least 2 columns"),
        ({"bounding_boxes": None}, "`bounding_boxes` must be a dictionary"),
        ({"bounding_boxes": {"boxes": np.zeros((2, 4))}}, r"`bounding_boxes` must have the shape \(batch, boxes, 4\)"),
        ({"bounding_boxes": {"boxes": np.zeros((2, 1, 5))}}, "`bounding_boxes` must have 4 columns"),
        ({"bounding_boxes": {"boxes": np.zeros((3, 1, 4))}}, "`bounding_boxes` must have a row for each of 2 samples"),
        ({"bounding_boxes": {**BOXES, "labels": np.zeros((2, 3), int)}}, r'`bounding_boxes\["labels"\]` must have one'),
        ({"bounding_boxes": {**BOXES, "scores": np.zeros((2, 3))}}, r'`bounding_boxes\["scores"\]` must have one'),
        ({"bounding_boxes": {**BOXES, "labels": np.full((2, 1), "cat")}}, r'`bounding_boxes\["labels"\]` must be real'),
        ({"bounding_boxes": {"boxes": RAGGED}}, "`boxes` must be dense: .* pad boxes with labels of -1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_companions_of_the_wrong_kind_or_shape(layer, companions, message):
    with pytest.raises((TypeError, ValueError), match=f"{type(layer).__name__}: {message}.* Received: "):
        layer({"images": images(), **companions}, training=True)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_frames_of_boxes_and_points_are_those_of_the_clip(data_format):
    layer = layers.RandomBrightness(0.1, data_format=data_format)
    clips = np.zeros((2, 3, 8, 8, 3), "float32")  # three channels, three frames
    for wrong in ({"keypoints": np.zeros((2, 4, 1, 2))}, {"bounding_boxes": {"boxes": np.zeros((2, 4, 1, 4))}}):
        with pytest.raises(ValueError, match=r"must have (3|8) frames, as the clips do"):
            layer({"videos": clips, **wrong}, training=True)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((images(), images()), "`inputs` must be one tensor .* once for each of several views"),
        (tf.ragged.stack([images()[0], images()[0, :4]]), "`inputs` must be dense: bring images to one size"),
        ({"images": None}, "`images` must be a tensor"),
        (images().astype(complex), "`images` must be real numbers"),
    ],
    ids=["views", "ragged", "none", "complex"],
)
def test_inputs_of_the_wrong_kind(inputs, message):
    with pytest.raises(TypeError, match=f"RandomFlip: {message}"):
        layers.RandomFlip()(inputs)


@pytest.mark.parametrize("ragged", [tf.ragged.constant([[1.0, 2.0], [3.0]]), [np.zeros(5), np.zeros(3)]])
def test_recordings_of_several_lengths(ragged):
    with pytest.raises(TypeError, match=r"RandomGain: .* pad to one length, .* give \"lengths\" beside it"):
        layers.RandomGain()(ragged)


@pytest.mark.parametrize("labels", [[0, 9], [-1, 0], [0, 1, 2]])
@pytest.mark.parametrize("layer", [layers.MixUp, layers.CutMix, layers.Mosaic])
def test_labels_that_cannot_be_mixed(layer, labels):
    needed = "be from 0 to 3" if len(labels) == 2 else "have a row for each of 2 samples"
    with pytest.raises(ValueError, match=f"{layer.__name__}: `labels` must {needed}"):
        layer(num_classes=4)(images(), np.array(labels), training=True)


@pytest.mark.parametrize("layer", [layers.MixUp(), layers.Mosaic(num_classes=4), layers.Pipeline([layers.CutMix()])])
def test_words_cannot_be_mixed(layer):
    with pytest.raises(TypeError, match="`labels` must be real numbers"):
        layer(images(), np.array(["cat", "dog"]), training=True)


@pytest.mark.parametrize("layer", [layers.MixUp, layers.CutMix, layers.Mosaic])
@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_binary_and_regression_targets_are_mixed_as_numbers(layer, shape):
    """By the shares that the layer says it has drawn."""
    ids, y = np.arange(6), np.array([0.0, 1, 1, 0, 4, -2], "float32").reshape(shape)
    mix = layer(seed=2)
    drawn = next(iter(mix.draw_params(ids, shape=(8, 8, 3)).values()))["params"]
    found = mix({"images": images((6, 8, 8, 3)), "sample_ids": ids, "labels": y}, training=True)["labels"]
    assert found.shape == shape
    shares = np.einsum("nk,nk->n", drawn["weights"], y.reshape(-1)[values(drawn["sources"])])
    np.testing.assert_allclose(found, shares.reshape(shape), atol=1e-6)


@pytest.mark.parametrize("name", ["RandomShear", "RandomTranslation", "RandomZoom", "RandomThinPlateSpline"])
@pytest.mark.parametrize("shape", [(3, 1, 8, 3), (3, 1, 1, 3), (2, 1, 6, 1)])
def test_images_one_pixel_high(name, shape):
    """Every pixel that is read is one of the row, or lies between two of them."""
    layer = Case(getattr(layers, name)).make(fill_mode="reflect")
    x = np.random.default_rng(0).integers(50, 200, shape).astype("uint8")
    found = values(layer(x, training=True))
    assert np.all(found >= x.min(axis=(1, 2), keepdims=True)) and np.all(found <= x.max(axis=(1, 2), keepdims=True))


def test_points_without_a_preimage_are_finite_and_outside():
    """At k = -0.3 the corners of the output show what lies 0.7 of the way out; beyond there is no preimage."""
    points = np.random.default_rng(1).random((1, 2000, 2)).astype("float32") * 32
    data = {"images": images((1, 32, 32, 1)), "keypoints": points}
    found = values(layers.RandomOpticalDistortion((-0.3, -0.3), seed=1)(data, training=True)["keypoints"])
    assert np.isfinite(found).all() and np.abs(found).max() <= 96
    radius = np.linalg.norm(points - 16, axis=-1) / 16
    outside = np.any((found < 0) | (found > 32), axis=-1)
    assert outside[radius > 1.1].all() and not outside[radius < 0.6].any()


@pytest.mark.parametrize(
    "layer", [layers.RandomShear((1.0, 1.0), (1.0, 1.0)), layers.RandomResizedCrop(4, 4, scale=(1e-300, 1e-300))]
)
def test_points_under_a_matrix_without_an_inverse(layer):
    """All pixels of the output show one line or one point of the input: what is beside it has no place."""
    data = {"images": images((2, 8, 8, 1)), "keypoints": np.array([[[1.0, 2], [6, 1], [2, 7]]] * 2, "float32")}
    data["bounding_boxes"] = {"boxes": np.array([[[1, 1, 3, 2.0]]] * 2), "labels": np.ones((2, 1), int)}
    found = layer(data, training=True)
    assert np.isfinite(found["keypoints"]).all() and np.isfinite(found["bounding_boxes"]["boxes"]).all()
    assert np.all(np.any((found["keypoints"] < 0) | (found["keypoints"] > 8), axis=-1))


def test_two_texts_a_sample_are_refused():
    with pytest.raises(ValueError, match="RandomWordDeletion: `texts` must have the shape"):
        layers.RandomWordDeletion(0.5)(np.array([["a b", "c d"]] * 3), training=True)


@pytest.mark.parametrize(
    ("call", "kind", "write"),
    [
        (lambda: layers.RandomCase()(["a", None]), TypeError, r'put "" in its place, in pandas by `fillna\(""\)`'),
        (lambda: layers.RandomCase()(np.array(["a", np.nan], object)), TypeError, "have no entry that is missing"),
        (lambda: layers.RandomCase()([["a", "b"], ["c", "d"]]), ValueError, "one string for each text, its words join"),
        (lambda: layers.RandomCase()([[1, 2], [3, 4]]), TypeError, "`texts` must be strings"),
        (lambda: layers.RandomCase()(keras.Input((1,))), TypeError, r'write keras.Input\(\(\), dtype="string"\)'),
        (
            lambda: layers.RandomTokenSwap()(["a b"]),
            TypeError,
            "ids of words, as `keras.layers.TextVec",
        ),
        (lambda: layers.RandomTokenSwap()([[1.0, 2.0]]), TypeError, r'integers: write tf.cast\(x, "int32"\)'),
        (lambda: layers.RandomTokenSwap()(keras.Input((4,))), TypeError, r'keras.Input\(shape, dtype="int32"\)'),
        (
            lambda: layers.RandomSwapNoise()(np.array([["a", 1.0], ["b", 2.0]], object)),
            TypeError,
            "be numbers: a column of words becomes one of codes by `synthesis.TableSchema`",
        ),
        (
            lambda: layers.RandomSwapNoise()({"age": [1.0, 2.0], "income": [3.0, 4.0]}),
            ValueError,
            r'put side by side, {"features": tf.stack\(\[…\], axis=1\)}',
        ),
        (
            lambda: layers.AddNoise()({"audio": np.zeros((2, 800)), "lengths": [0.5, 1.0]}),
            TypeError,
            "how many steps of each sample are valid, not seconds or parts",
        ),
    ],
)
def test_errors_say_what_to_write(call, kind, write):
    with pytest.raises(kind, match=write):
        call()


def test_no_sample_at_all():
    """What is worked out over samples knows that there may be none."""
    for layer, rows in (
        (layers.RandomElasticTransform3D(), {"volumes": np.zeros((0, 3, 4, 5, 1)), "keypoints": np.zeros((0, 2, 3))}),
        (layers.RandomTokenDeletion(0.5), {"tokens": np.zeros((0, 4), int)}),
        (layers.MixUp(), {"images": images((0, 8, 8, 3))}),
        (
            layers.RandomRotation(layers.PerClass([0.1, 0.2])),
            {"images": images((0, 8, 8, 3)), "labels": np.zeros(0, int)},
        ),
    ):
        found = layer(rows, training=True)
        assert all(found[name].shape == rows[name].shape for name in rows)
