"""How far layers are from independent references, measured inside the tests that hold them: python -m benchmarks.parity

Runs the tests that are named in `ROWS` and notes what they compare: the largest distance that NumPy's
`assert_allclose` meets, the smallest p-value of SciPy's tests, the smallest signal-to-error ratio of the tests of
sounds. So every number is one that a test holds to a bound, and the bound stands in the test. Image layers have their
references in their tests, too; they are not listed here.

`python -m benchmarks.parity --out docs` writes the page that is published. It needs the extra `test`.
"""

import argparse
import collections
import functools
import pathlib
import sys
from dataclasses import dataclass, field

from benchmarks.harness import heading, provenance, publish

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import pytest
import scipy.stats

from keras_augsynth.core import registry

SOUND, SPECTROGRAM = "layers/test_sound.py", "layers/test_spectrograms.py"
TEXT, WORDS, TOKENS = "layers/test_text.py", "ops/test_text.py", "layers/test_tokens.py"
GEOMETRY, VALUES, TABLES = "layers/test_volume_geometry.py", "layers/test_volume_values.py", "layers/test_tabular.py"
FILTERS = "RandomLowPass, RandomHighPass, RandomBandPass, RandomBandStop"
VOCODER = "librosa 0.11 in float64"

# Layers, what is compared, with what, in which test; which of its comparisons, by their lines; and how it is measured.
ROWS = {
    "Sounds": [
        ("RandomTimeStretch", "the whole recording", VOCODER, SOUND, "test_stretch_is_that_of_librosa", 0, "ratio"),
        ("RandomTimeStretch", "its core", VOCODER, SOUND, "test_stretch_is_that_of_librosa", 1, "ratio"),
        ("RandomPitchShift", "its core", VOCODER, SOUND, "test_pitch_is_that_of_librosa", 0, "ratio"),
        ("RandomSpeed", "waves", "SciPy's `resample_poly`", SOUND, "test_speed_is_that_of_scipy", 0, "ratio"),
        (FILTERS, "-3 dB points", "what is asked for", SOUND, "test_filters_take_3_db_where_they_say", 0, "percent"),
        (FILTERS, "response", "SciPy's `butter`", SOUND, "test_filters_take_3_db_where_they_say", 1, "largest"),
        (
            *("RandomEQ", "gains at the centers", "what is asked for, by NumPy's FFT"),
            *(SOUND, "test_equalizer_has_its_gain_at_each_frequency", 0, "decibels"),
        ),
        (
            *("AddNoise, RandomColoredNoise, BackgroundNoise", "signal-to-noise ratio", "what is asked for"),
            *(SOUND, "test_noise_has_its_level_over_the_valid_part", 0, "decibels"),
        ),
        (
            *("RandomColoredNoise", "slope per octave", "SciPy's `welch`"),
            *(SOUND, "test_noise_has_its_color", 0, "decibels"),
        ),
        (
            *("RandomReverb", "direct-to-reverberant ratio", "what is asked for"),
            *(SOUND, "test_echo_dies_away_as_it_should", 0, "decibels"),
        ),
        (
            *("RandomReverb", "RT60", "what is asked for, by Schroeder's integral"),
            *(SOUND, "test_echo_dies_away_as_it_should", 1, "percent"),
        ),
        (
            *("RandomReverb", "waves, with a measured room", "SciPy's `fftconvolve`"),
            *(SOUND, "test_measured_rooms_are_convolved_with", 1, "largest"),
        ),
        (
            *("RandomMuLaw", "waves", "librosa's formula, in NumPy"),
            *(SOUND, "test_levels_of_mu_law_and_bit_crush", 0, "largest"),
        ),
        (
            *("RandomCompression", "levels", "threshold and ratio as asked for"),
            *(SOUND, "test_compression_brings_loud_and_quiet_together", 0, "decibels"),
        ),
    ],
    "Spectrograms": [
        (
            *("RandomTimeWarp", "places, in frames", "NumPy's `interp`"),
            *(SPECTROGRAM, "test_warp_has_two_straight_parts", 0, "largest"),
        ),
    ],
    "Texts": [
        ("all for words", "the words of a text", "Python's `re`", WORDS, "test_words_are_those_of_python", 0, "equal"),
        (
            *("RandomPunctuationInsertion", "how many marks, least and most", "the authors' algorithm in Python"),
            *(TEXT, "test_punctuation_as_in_the_paper", 0, "equal"),
        ),
        ("EDA", "how many words change", "the paper's numbers", TEXT, "test_eda_does_what_the_paper_does", 0, "equal"),
    ],
    "Token ids": [
        ("RandomTokenMask", "shares of ids", "BERT's 80/10/10", TOKENS, "test_the_mask_of_bert", 0, "largest"),
        (
            *("RandomTokenReplacement", "ids by their counts", "SciPy's `chisquare`"),
            *(TOKENS, "test_ids_are_drawn_in_proportion_to_counts", 0, "p"),
        ),
        (
            *("RandomTokenReplacement", "cosines of neighbours, relative", "NumPy"),
            *(TOKENS, "test_neighbors_of_an_embedding", 0, "percent"),
        ),
    ],
    "Volumes": [
        (
            *("RandomAffine3D", "voxels, of 1", "SciPy's `affine_transform` and `Rotation`"),
            *(GEOMETRY, "test_affine_is_scipys_in_millimeters", 0, "largest"),
        ),
        (
            *("RandomElasticTransform3D", "voxels, of 1", "SciPy's `BSpline` and `map_coordinates`"),
            *(GEOMETRY, "test_elastic_is_scipys_spline", 0, "largest"),
        ),
        ("RandomBiasField3D", "voxels", "NumPy's powers", VALUES, "test_bias_field_is_a_polynomial", 0, "percent"),
        (
            *("RandomGhosting3D", "voxels, of 1", "NumPy's FFT"),
            *(VALUES, "test_ghosting_weakens_every_gth_frequency", 0, "largest"),
        ),
        (
            *("RandomGibbs3D", "voxels, of 1", "NumPy's FFT"),
            *(VALUES, "test_gibbs_keeps_a_ball_of_frequencies", 0, "largest"),
        ),
        ("RandomSpike3D", "voxels, of 1", "NumPy's FFT", VALUES, "test_spikes_are_single_frequencies", 0, "largest"),
        (
            *("RandomMotion3D", "voxels, of 1", "SciPy's `affine_transform`, NumPy's FFT"),
            *(VALUES, "test_motion_reads_k_space_in_stretches", 0, "largest"),
        ),
        (
            *("RandomRicianNoise3D", "distribution", "SciPy's `rice`, by `kstest`"),
            *(VALUES, "test_rician_noise_has_rices_distribution", 0, "p"),
        ),
        (
            *("RandomGaussianNoise3D", "distribution", "SciPy's `norm`, by `kstest`"),
            *(VALUES, "test_gaussian_noise_is_a_part_of_the_volumes_deviation", 1, "p"),
        ),
        (
            *("RandomGamma3D", "voxels, of a range of 700", "NumPy's power in float64"),
            *(VALUES, "test_gamma_acts_between_the_ends_of_the_volume", 0, "largest"),
        ),
        (
            *("RandomContrast3D", "voxels, of 1", "NumPy in float64"),
            *(VALUES, "test_contrast_stays_in_the_range_of_the_volume", 0, "largest"),
        ),
        (
            *("RandomLowResolution3D", "voxels, of 1", "SciPy's `map_coordinates`"),
            *(VALUES, "test_low_resolution_reads_the_nearest_voxels", 0, "largest"),
        ),
        (
            *("RandomHistogramShift3D", "voxels, of 1", "NumPy's `interp`"),
            *(VALUES, "test_histogram_shift_is_a_rising_curve", 0, "largest"),
        ),
        (
            *("RandomDoseNoise", "standard deviation", "the formula of filtered back-projection"),
            *(VALUES, "test_dose_noise_grows_with_what_rays_have_to_cross", 0, "percent"),
        ),
        (
            *("CarveMix", "which voxels are taken", "SciPy's `distance_transform_cdt`"),
            *(VALUES, "test_carve_mix_cuts_along_the_lesion", 0, "equal"),
        ),
    ],
    "Tables": [
        (
            *("Imputation", "mean, median, most frequent, constant; in deviations", "scikit-learn's `SimpleImputer`"),
            *(TABLES, "test_imputation_is_scikit_learns", 0, "largest"),
        ),
        (
            *("Imputation", "nearest neighbours; in deviations", "scikit-learn's `KNNImputer`"),
            *(TABLES, "test_nearest_neighbours_are_scikit_learns", 0, "largest"),
        ),
        (
            *("Imputation", "Gaussian", "conditional mean by NumPy's `solve`"),
            *(TABLES, "test_gaussian_is_the_conditional_mean", 0, "percent"),
        ),
        (
            *("OutlierClip", "values", "NumPy's `nanquantile` and `clip`"),
            *(TABLES, "test_outliers_are_clipped_to_their_quantiles", 0, "percent"),
        ),
        (
            *("RandomLabelNoise", "classes", "SciPy's `chisquare`"),
            *(TABLES, "test_label_noise_is_uniform_over_the_other_classes", 0, "p"),
        ),
    ],
}
MEASURES = {
    "ratio": lambda seen: f"{min(seen['ratio']):.0f} dB above the difference",
    "percent": lambda seen: f"{100 * max(seen['relative']):.2g} %",
    "decibels": lambda seen: f"{max(seen['absolute']):.2g} dB",
    "largest": lambda seen: f"{max(seen['absolute']):.1e}" if max(seen["absolute"]) else "0",
    "p": lambda seen: f"p = {min(seen['p']):.2g}",
}


@dataclass
class Recorder:
    """A plugin of pytest that notes what tests compare.

    Attributes:
        seen: {test: {line: {measure: numbers of all its runs}}}; an empty entry for a test that compares otherwise.
    """

    seen: dict = field(default_factory=dict)
    test: str = ""

    def note(self, depth=2, **numbers):
        lines = self.seen[self.test].setdefault(sys._getframe(depth).f_lineno, collections.defaultdict(list))
        for measure, number in numbers.items():
            lines[measure].append(float(number))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        self.test = f"{item.path.parent.name}/{item.path.name}::{item.originalname}"
        self.seen.setdefault(self.test, {})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np.testing, "assert_allclose", self.allclose(np.testing.assert_allclose))
            for name in ("kstest", "chisquare"):
                patch.setattr(scipy.stats, name, self.noted(getattr(scipy.stats, name), p=lambda test: test.pvalue))
            if hasattr(item.module, "db"):
                patch.setattr(item.module, "db", self.noted(item.module.db, ratio=lambda decibels: decibels))
            return (yield)

    def noted(self, function, **measures):
        @functools.wraps(function)
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            self.note(**{name: of(result) for name, of in measures.items()})
            return result

        return call

    def allclose(self, function):
        @functools.wraps(function)
        def call(actual, desired, *args, **kwargs):
            found, expected = np.broadcast_arrays(np.asarray(actual, "float64"), np.asarray(desired, "float64"))
            finite = np.isfinite(found) & np.isfinite(expected)
            distance, size = np.abs(found - expected)[finite], np.abs(expected)[finite]
            relative = (distance[size > 0] / size[size > 0]).max(initial=0.0)
            self.note(absolute=distance.max(initial=0.0), relative=relative)
            return function(actual, desired, *args, **kwargs)

        return call


def measured(seen, place, measure):
    """Of one row; comparisons are counted by their lines in the test."""
    if measure == "equal":
        return "equal"
    lines = [seen[line] for line in sorted(seen)]
    return MEASURES[measure](lines[place])


def others():
    """Layers of these kinds that no row names."""
    named = {name for rows in ROWS.values() for layers, *_ in rows for name in layers.split(", ")}
    kinds = ("volume", "audio", "spectrogram", "text", "tokens", "tabular")
    return [cls.__name__ for cls in registry.layers() if cls.modalities[0].name in kinds and cls.__name__ not in named]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/benchmarks"))
    chosen = parser.parse_args()
    recorder = Recorder()
    tests = sorted({f"tests/{file}::{test}" for rows in ROWS.values() for *_, file, test, _, _ in rows})
    options = ["-q", "-p", "no:cacheprovider", "-o", "pythonpath=tests .", "-m", ""]
    if pytest.main([*options, *tests], plugins=[recorder]) != 0:
        sys.exit("The tests do not hold.")
    parts = [
        "# Parity\n\nHow far layers are from references that are not ours, measured inside the tests that hold them. A "
        "ratio in decibels says how far the reference stands above its difference from ours; other numbers are the "
        "largest differences; p is that of a test for equal distributions, the smallest of all runs. Of which data, "
        "and which bound is held, is said in the tests.\n",
        heading(provenance()),
    ]
    record = {}
    for title, rows in ROWS.items():
        lines = [
            f"## {title}\n",
            "| layers | what | reference | difference | test |",
            "| --- | --- | --- | --- | --- |",
        ]
        for layers, what, reference, file, test, place, measure in rows:
            found = measured(recorder.seen[f"{file}::{test}"], place, measure)
            lines.append(f"| {layers} | {what} | {reference} | {found} | [`{test}`](../tests/{file}) |")
            record.setdefault(title, []).append([layers, what, reference, found, f"{file}::{test}"])
        parts.append("\n".join(lines) + "\n")
    parts.append(
        "## Without a row\n\nHeld to exact results for given numbers, to rates and distributions, and to the "
        f"properties of `tests/properties.py`, not to another library: {', '.join(others())}.\n"
    )
    publish("parity", chosen.out, "\n".join(parts), {**provenance(), "differences": record})


if __name__ == "__main__":
    main()
