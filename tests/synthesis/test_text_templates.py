import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, layers, synthesis

TEMPLATES = {0: ["The {food} was {bad}.", "{bad}, {bad} {food} {{0}}"], 2: ["What a {food}!", "Plain."]}
SLOTS = {"food": ["soup", "bread", "日本茶"], "bad": ["cold", "old"]}


def written(label):
    """All texts that there are of a class."""
    fillers = [{"food": food, "bad": bad} for food in SLOTS["food"] for bad in SLOTS["bad"]]
    return {template.format(**each) for template in TEMPLATES[label] for each in fillers}


@pytest.fixture(scope="module")
def synthesizer():
    return synthesis.TextTemplateSynthesizer(TEMPLATES, SLOTS)


def test_every_text_of_a_class_and_no_other(synthesizer):
    labels = np.repeat([0, 2], 300)
    texts = [text.decode() for text in synthesizer.sample(labels, seed=1).numpy()]
    assert set(texts[:300]) == written(0) and set(texts[300:]) == written(2)
    assert abs(np.mean([text == "Plain." for text in texts[300:]]) - 0.5) < 0.12  # templates are drawn evenly


def test_seed_place_and_graph(synthesizer):
    sample = tf.function(
        synthesizer.sample, input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)]
    )
    first = synthesizer.sample([0, 2, 0, 0], seed=1).numpy().tolist()
    assert (
        sample([0, 2, 0, 0], 1).numpy().tolist() == first == synthesizer.sample([0, 2, 0, 0], seed=1).numpy().tolist()
    )
    assert synthesizer.sample([0, 2], seed=1).numpy().tolist() == first[:2]
    many = np.zeros(40, int)
    assert synthesizer.sample(many, seed=2).numpy().tolist() != synthesizer.sample(many, seed=3).numpy().tolist()
    assert synthesizer.sample(many).numpy().tolist() != synthesizer.sample(many).numpy().tolist()
    assert synthesizer.sample(np.zeros(0, int)).shape == (0,)


def test_fillers_are_learned_from_spans(tmp_path):
    synthesizer = synthesis.TextTemplateSynthesizer({1: ["no {food}"]})
    with pytest.raises(ValueError, match=r"TextTemplateSynthesizer: `slots` must have fillers for \['food'\]"):
        synthesizer.sample([1])
    texts = ["größe Suppe", "kalte Suppe", "das Brot"]
    synthesizer.fit(texts, [1, 1, 1], spans=[[(6, 11, "food")], [(6, 11, "food")], [(4, 8, "food"), (0, 3, "article")]])
    assert synthesizer.slots == {"food": ["Suppe", "Brot"], "article": ["das"]}
    known = synthesis.TextTemplateSynthesizer({1: ["no {food}"]}, {"food": ["tea"]}).fit(["x"], [1], [[(0, 1, "food")]])
    assert known.slots == {"food": ["tea", "x"]}
    samples = synthesizer.sample([1] * 20, seed=1).numpy()
    assert set(samples) == {b"no Suppe", b"no Brot"}
    synthesizer.save(tmp_path / "it.npz")
    loaded = synthesis.TextTemplateSynthesizer.load(tmp_path / "it.npz")
    np.testing.assert_array_equal(loaded.sample([1] * 20, seed=1), samples)


def test_wrong_arguments(synthesizer):
    for arguments, kind, message in (
        (([],), TypeError, "`templates` must be a dictionary from class numbers"),
        (({"a": ["x"]},), TypeError, "`templates` must be a dictionary from class numbers"),
        (({0: "x"},), TypeError, "`templates` must hold lists of strings"),
        (({},), ValueError, "`templates` must hold at least one class"),
        (({0: []},), ValueError, "`templates` must have at least one string"),
        (({0: ["{a"]},), ValueError, "`templates` must be format strings"),
        (({0: ["{a:3}"]},), ValueError, "`templates` must have slots that are plain names"),
        (({0: ["{}"]},), ValueError, "`templates` must have slots that are plain names"),
        (({0: ["a"]}, {"a": []}), ValueError, "`slots` must have at least one string"),
        (({0: ["a"]}, {1: ["a"]}), TypeError, "`slots` must be a dictionary from names"),
    ):
        with pytest.raises(kind, match=f"TextTemplateSynthesizer: {message}"):
            synthesis.TextTemplateSynthesizer(*arguments)
    with pytest.raises(ValueError, match="`labels` must be classes that had rows"):
        synthesizer.sample([1])
    with pytest.raises(ValueError, match=r"`y` must be classes that have templates, \[0, 2\]"):
        synthesizer.fit(["a"], [1])
    with pytest.raises(ValueError, match="`spans` must lie in their texts"):
        synthesizer.fit(["a"], [0], spans=[[(0, 2, "food")]])


@pytest.mark.parametrize(("shape", "accept"), [((), None), pytest.param((1,), "teacher", marks=pytest.mark.full)])
def test_minority_texts_in_a_fit_that_begins_with_text_vectorization(shape, accept):
    source = synthesis.TextTemplateSynthesizer(
        {0: ["bad {food}"], 1: ["good {food}", "fine good {food}"]}, {"food": ["soup"]}
    )
    texts, y = np.array(["bad soup"] * 40 + ["good soup"] * 8).reshape(-1, *shape), np.array([0] * 40 + [1] * 8)
    words = keras.layers.TextVectorization(20, output_mode="multi_hot")
    words.adapt(["bad good fine soup"])
    model = keras.Sequential(
        [keras.Input(shape, dtype="string"), words, keras.layers.Dense(2, kernel_initializer="zeros")]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    balancer = callbacks.SyntheticBalancer(source, strategy="equal", accept=accept, seed=1)
    balancer.adapt(y)
    model.fit(tf.constant(texts.tolist()), y, batch_size=24, epochs=3, callbacks=[balancer], verbose=0, shuffle=False)
    # "fine" is in the generated texts alone: without them its weights would be as they began, 0
    weights = dict(zip(words.get_vocabulary(), model.layers[-1].kernel.numpy(), strict=True))
    assert weights["fine"][1] > 0.0 > weights["fine"][0]
    assert np.all(weights["[UNK]"] == 0.0)


def test_real_texts_resampled_and_augmented():
    texts = np.array(["a good film", "a bad film"] * 6)
    source = synthesis.AugmentedResampler(layers.RandomWordSwap(1.0)).fit(texts, np.arange(12) % 2)
    for text, word in zip(source.sample([0, 1, 0], seed=1).numpy(), (b"good", b"bad", b"good"), strict=True):
        assert sorted(text.split()) == sorted([b"a", b"film", word])
