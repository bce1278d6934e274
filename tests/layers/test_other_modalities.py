import numpy as np
import pytest

from keras_augsynth import layers


def test_gain_in_decibels(rng):
    sound = rng.normal(size=(300, 64)).astype("float32")
    twice = layers.RandomGain((20 * np.log10(2),) * 2)(sound)
    np.testing.assert_allclose(twice, sound * 2, rtol=1e-5)
    factor = layers.RandomGain(6.0, seed=1)(sound).numpy()[:, 0] / sound[:, 0]
    decibels = 20 * np.log10(factor)
    assert -6.001 <= decibels.min() < -5.5 and 5.5 < decibels.max() <= 6.001
    stereo = layers.RandomGain(6.0, seed=1)(np.ones((3, 64, 2), "float32")).numpy()
    assert np.all(stereo == stereo[:, :1, :1])  # one gain for a recording
    with pytest.raises(ValueError, match=r"RandomGain: `gain_db` must be a finite number from -120\.0 to 120\.0"):
        layers.RandomGain(200)


def test_words_are_deleted_at_their_rate():
    texts = [" ".join(f"w{k}" for k in range(50))] * 40
    result = [text.decode().split() for text in layers.RandomWordDeletion(0.2, seed=1)(texts).numpy()]
    kept = np.mean([len(words) for words in result]) / 50
    assert 0.77 < kept < 0.83
    for words in result:
        assert words == sorted(words, key=lambda word: int(word[1:]))  # order kept, nothing new


def test_a_text_is_never_emptied_and_only_changed_by_deletion():
    texts = ["one", "", "  spaced   out  ", "päüß 日本 語", "a b c d e"]
    all_gone = layers.RandomWordDeletion(1.0, seed=1)(texts).numpy()
    assert [len(text.decode().split()) for text in all_gone] == [1, 0, 1, 1, 1]
    kept = layers.RandomWordDeletion(0.0)(texts).numpy()
    assert [text.decode() for text in kept] == texts
    column = layers.RandomWordDeletion(0.5)(np.array([[b"a b"], [b"c"]], object))
    assert column.shape == (2, 1)
    with pytest.raises(ValueError, match="RandomWordDeletion: `rate` must"):
        layers.RandomWordDeletion(1.5)


def test_word_deletion_does_not_depend_on_the_longest_text():
    alone = layers.RandomWordDeletion(0.5, seed=1)({"texts": ["a b c d e f"], "sample_ids": [5]})["texts"]
    beside = layers.RandomWordDeletion(0.5, seed=1)({"texts": ["a b c d e f", "x " * 40], "sample_ids": [5, 6]})[
        "texts"
    ]
    assert alone[0] == beside[0]


def test_volumes_flip_along_every_axis(rng):
    volume = rng.integers(0, 99, (1, 3, 4, 5, 1)).repeat(200, 0)
    result = layers.RandomFlip3D(seed=1)(volume).numpy()
    axes = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    counts = [sum(np.array_equal(v, np.flip(volume[0], kind)) for v in result) for kind in axes]
    assert sum(counts) == 200 and min(counts) > 10
    depth = layers.RandomFlip3D(axes=0, seed=1)(volume).numpy()
    assert {np.array_equal(v, volume[0]) or np.array_equal(v, volume[0, ::-1]) for v in depth} == {True}
    with pytest.raises(ValueError, match="RandomFlip3D: `axes` must be an integer from 0 to 2"):
        layers.RandomFlip3D(axes=3)


def test_feature_noise_is_in_proportion_to_the_column(rng):
    data = rng.normal([0.0, 5.0, 1.0], [1.0, 100.0, 0.0], (4000, 3))
    data[::7, 0] = np.nan
    layer = layers.RandomFeatureNoise(0.1, seed=1)
    layer.adapt(data)
    noise = layer(data).numpy() - data
    np.testing.assert_array_equal(np.isnan(noise), np.isnan(data))
    np.testing.assert_allclose(np.nanstd(noise, axis=0), [0.1, 10.0, 0.0], rtol=0.05, atol=1e-4)
    with pytest.raises(ValueError, match="RandomFeatureNoise: `data` must be an array"):
        layer.adapt(np.zeros((0, 3)))


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "mixed_float16"])
def test_feature_noise_of_every_dtype(dtype):
    """The noise is that of float32, rounded."""
    x, exact = np.ones((2, 3), "float32"), layers.RandomFeatureNoise(0.5, scale=1.0, seed=1)
    found = layers.RandomFeatureNoise(0.5, scale=1.0, seed=1, dtype=dtype)(x, training=True)
    assert found.dtype.name == dtype.removeprefix("mixed_")
    np.testing.assert_allclose(np.asarray(found, "float32"), exact(x, training=True), rtol=1e-2)
