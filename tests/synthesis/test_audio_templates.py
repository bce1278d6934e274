import numpy as np
import pytest

from keras_augsynth import synthesis

Templates = synthesis.AudioTemplateSynthesizer
EVENTS = {0: [np.sin(0.5 * np.arange(20.0))], 2: [np.ones(10), np.ones((1, 30))[0]]}


@pytest.fixture
def backgrounds(rng):
    return rng.normal(0.0, 0.1, (3, 64)).astype("float32")


def level(x):
    return 10 * np.log10(np.mean(np.asarray(x, "float64") ** 2))


def test_events_of_the_class_at_their_time_and_level(backgrounds):
    made = Templates(EVENTS, backgrounds, snr_db=(-3.0, 9.0)).compose(np.repeat([0, 2], 100), seed=1)
    starts, ends = made["starts"].numpy(), made["ends"].numpy()
    lengths = ends - starts
    assert set(lengths[:100]) == {20} and set(lengths[100:]) == {10, 30}
    assert starts.min() == 0 and ends.max() == 64
    used = set()
    for row in range(0, 200, 13):
        sound, snr = made["audio"].numpy()[row], float(made["snr_db"][row])
        distance = np.abs(backgrounds - sound)
        heard = slice(starts[row], ends[row])
        place = np.delete(distance, np.r_[heard], axis=1).sum(1).argmin()
        background = backgrounds[place]
        used.add(int(place))
        np.testing.assert_allclose(np.delete(sound, np.r_[heard]), np.delete(background, np.r_[heard]), atol=1e-7)
        assert abs(level((sound - background)[heard]) - level(background[heard]) - snr) < 0.1
        assert -3.0 <= snr <= 9.0
    assert used == {0, 1, 2}


def test_silence_pcm_channels_and_long_events():
    silent = Templates({0: [np.ones(4)]}, np.zeros((1, 8)), place=(0.0, 0.0)).sample([0], seed=1)
    np.testing.assert_array_equal(silent, [[1, 1, 1, 1, 0, 0, 0, 0]])
    pcm = Templates({0: [np.full(99, 8192, "int16")]}, np.zeros((1, 6, 2), "int16")).sample([0], seed=1)
    np.testing.assert_array_equal(pcm, np.full((1, 6, 2), 8192))
    assert pcm.dtype == "int16"


def test_backgrounds_by_fit_and_from_a_file(backgrounds, tmp_path):
    synthesizer = Templates(EVENTS)
    with pytest.raises(RuntimeError, match="AudioTemplateSynthesizer: `sample` must come after `fit`"):
        synthesizer.sample([0], seed=1)
    synthesizer.fit(backgrounds, [0, 1, 2])
    synthesizer.save(tmp_path / "events.npz")
    again = Templates.load(tmp_path / "events.npz")
    np.testing.assert_array_equal(synthesizer.sample([0, 2], seed=4), again.sample([0, 2], seed=4))
    with pytest.raises(ValueError, match="AudioTemplateSynthesizer: `x` must be recordings like the backgrounds"):
        synthesizer.fit(np.zeros((3, 5)), [0, 1, 2])


def test_wrong_templates(backgrounds):
    with pytest.raises(TypeError, match="AudioTemplateSynthesizer: `templates` must be a dictionary"):
        Templates([np.ones(3)])
    with pytest.raises(ValueError, match="AudioTemplateSynthesizer: `templates` must hold finite recordings"):
        Templates({0: [np.array([1.0, np.nan])]}, backgrounds)
    with pytest.raises(ValueError, match="AudioTemplateSynthesizer: `templates` must hold at least one"):
        Templates({0: []}, backgrounds)
    with pytest.raises(ValueError, match="labels"):
        Templates(EVENTS, backgrounds).sample([1], seed=1)  # no template


def test_rows_for_rare_classes(backgrounds):
    synthesizer = Templates(EVENTS, backgrounds)
    assert isinstance(synthesizer, synthesis.Synthesizer)
    x, y = synthesizer.fit_resample(np.concatenate([backgrounds] * 4), np.array([0] * 9 + [2] * 3), seed=1)
    assert x.shape == (18, 64) and np.bincount(y).tolist() == [9, 0, 9]
