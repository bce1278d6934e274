import pytest
import tensorflow as tf

from keras_augsynth import synthesis


@pytest.mark.parametrize("num_classes", [None, 4])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (24, 16, 3), (64, 2), (8, 16, 8, 1)], ids=str)
def test_dcgan_of_every_rank(shape, num_classes):
    generator, discriminator = synthesis.dcgan(shape, num_classes, latent_dim=5, width=4)
    noise, labels = tf.zeros((2, 5)), tf.constant([0, 3])
    sample = generator([noise, labels] if num_classes else noise)
    assert sample.shape == (2, *shape)
    assert discriminator([sample, labels] if num_classes else sample).shape == (2, 1)


def test_mlp_gan_is_the_tutorials():
    generator, discriminator = synthesis.mlp_gan((28, 28, 1))
    units = lambda model: [layer.units for layer in model.layers if hasattr(layer, "units")]
    assert generator.inputs[0].shape == (None, 100)
    assert units(generator) == [128, 256, 512, 1024, 784]
    assert units(discriminator) == [512, 256, 128, 1]
    assert generator.output_shape == (None, 28, 28, 1)
    assert synthesis.mlp_gan((7,), num_classes=2)[0].output_shape == (None, 7)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (
            lambda: synthesis.dcgan((29, 29, 1)),
            ValueError,
            "dcgan: `shape` must have sides that come down to 16 or less",
        ),
        (lambda: synthesis.dcgan((5,)), ValueError, "dcgan: `shape` must have 1, 2 or 3 sides"),
        (lambda: synthesis.dcgan("28"), TypeError, "dcgan: `shape` must be the shape of one sample"),
        (lambda: synthesis.mlp_gan((28, 28, 1), num_classes=0), ValueError, "mlp_gan: `num_classes` must"),
        (lambda: synthesis.mlp_gan((28, 28, 1), latent_dim=0), ValueError, "mlp_gan: `latent_dim` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
