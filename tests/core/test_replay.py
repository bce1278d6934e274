"""What a layer draws can be looked at and carried out again, and a sample drawn again from three integers."""

import numpy as np
import pytest

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (4, 12, 10, 3)).astype("uint8")


def pipeline(**kwargs):
    return layers.Pipeline(
        [
            layers.RandomFlip("horizontal", p=0.5),
            layers.OneOf([layers.RandomRotation(0.1), layers.RandomElasticTransform()]),
            layers.RandomContrast(0.5),
            layers.RandomGaussianNoise(0.1),
            layers.RandomCrop(8, 8),
        ],
        seed=3,
        jit=False,
        **kwargs,
    )


def test_replay_is_the_call(images):
    layer, ids = pipeline(), np.array([7, 1, 30, 2])
    params = layer.draw_params(ids, epoch=2, shape=(12, 10, 3))
    called = layer({"images": images, "sample_ids": ids, "epoch": 2}, training=True)["images"]
    np.testing.assert_allclose(layer.replay(images, params), called, atol=1e-4)
    assert next(iter(params)).startswith("0_random_flip")
    np.testing.assert_array_equal(next(iter(params.values()))["gate"].shape, (4,))


def test_parameters_can_be_changed(images):
    layer = layers.RandomRotation(0.1, seed=1)
    params = layer.draw_params([5, 6, 7, 8])
    (name,) = params
    assert np.all(np.abs(params[name]["params"]["angle"]) <= 0.1 * 2 * np.pi)
    params[name]["params"]["angle"] = np.full(4, np.pi, "float32")
    np.testing.assert_allclose(layer.replay(images, params), images[:, ::-1, ::-1], atol=1e-2)


def test_whoever_does_it_wrong_is_told(images):
    layer = layers.RandomRotation(0.1)
    with pytest.raises(ValueError, match="RandomRotation: `params` must be what `draw_params` of this layer returns"):
        layer.replay(images, {"angle": 1.0})
    with pytest.raises(ValueError, match="RandomRotation: `params` must be drawn for 4 samples"):
        layer.replay(images, layer.draw_params([1, 2]))
    with pytest.raises(TypeError, match="RandomRotation: `sample_ids` must be integers"):
        layer.draw_params([0.5])
    with pytest.raises(ValueError, match="RandomCrop: `shape` must be given"):
        layers.RandomCrop(4, 4).draw_params([1])


def test_shuffled_orders_are_all_there():
    """Turning and then shifting is not shifting and then turning: both come up, and each row is one of the two."""
    image = np.zeros((1, 9, 9, 1), "float32")
    image[0, 2, 4] = 1.0
    many = np.repeat(image, 40, 0)
    turn, shift = {"factor": (0.25, 0.25)}, {"height_factor": (0.0, 0.0), "width_factor": (2 / 9, 2 / 9)}
    make = lambda: [layers.RandomRotation(**turn), layers.RandomTranslation(**shift)]
    orders = [layers.Pipeline(parts, jit=False)(image).numpy()[0] for parts in (make(), make()[::-1])]
    result = layers.Pipeline(make(), shuffle=True, seed=1, jit=False)(many).numpy()
    which = [[np.abs(row - order).max() < 1e-4 for order in orders] for row in result]
    assert np.all(np.sum(which, axis=1) == 1)
    assert 8 < np.sum(which, axis=0)[0] < 32


def test_a_shuffled_pipeline_does_everything_once(images):
    parts = [layers.RandomBrightness((0.1, 0.1)), layers.RandomGaussianBlur(), layers.RandomFlip()]
    with_order = layers.Pipeline(parts, shuffle=True, seed=5, jit=False)
    flat = np.full_like(images, 100)
    np.testing.assert_allclose(with_order(flat), 125.5, atol=1e-3)
    with pytest.raises(ValueError, match="Pipeline: `layers` must be augmentations that keep the size"):
        layers.Pipeline([layers.RandomCrop(4, 4)], shuffle=True)
