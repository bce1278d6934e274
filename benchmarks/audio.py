"""Sound layers against audiomentations and torch-audiomentations, one thread each: python -m benchmarks.audio

Clips of one second at 16 kHz; our layers stand in a graph, compiled, as in `tf.data`. Each layer is compared with its
counterpart, then whole chains. audiomentations takes one clip after the other, torch-audiomentations a batch. "Vocoder"
names audiomentations' librosa backend, whose algorithm is ours; without the word it is its default backend. All get the
same clips. Times are those of the processor. It is checked first that each result is finite, has the size of the clips
and differs from them. A library that is not installed, or cannot be imported, is left out.
"""

import functools
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.harness import measure, options, write

import numpy as np  # isort: skip  (harness quietens TensorFlow first)
import tensorflow as tf

from keras_augsynth import layers

OURS, RATE = "keras_augsynth", 16000
SAME = {"sample_rate": RATE}
VOCODER = {"method": "librosa_phase_vocoder"}


def clips(count):
    """Noise that swells and fades, like speech in level and in nothing else."""
    rng = np.random.default_rng(0)
    swell = np.abs(np.sin(np.pi * np.arange(RATE) * rng.uniform(1, 4, (count, 1)) / RATE))
    return (0.1 * swell * rng.normal(size=(count, RATE))).astype("float32")


def ours():
    return {
        "gain": layers.RandomGain(12.0),
        "gain transition": layers.RandomGainTransition(12.0, **SAME),
        "polarity": layers.RandomPolarityInversion(1.0),
        "reverse": layers.RandomReverse(1.0),
        "shift": layers.RandomTimeShift(0.3, fill_mode="wrap", **SAME),
        "time mask": layers.RandomTimeMask(0.2, **SAME),
        "noise": layers.AddNoise((5.0, 30.0)),
        "colored noise": layers.RandomColoredNoise((5.0, 30.0)),
        "low pass": layers.RandomLowPass((1000.0, 4000.0), **SAME),
        "high pass": layers.RandomHighPass((100.0, 1000.0), **SAME),
        "band pass": layers.RandomBandPass((500.0, 2000.0), **SAME),
        "band stop": layers.RandomBandStop((500.0, 2000.0), **SAME),
        "clipping": layers.RandomClipping((0.1, 0.7)),
        "bit crush": layers.RandomBitCrush((5, 12)),
        "time stretch": layers.RandomTimeStretch((0.8, 1.25)),
        "pitch shift": layers.RandomPitchShift(4.0),
        "time stretch, vocoder": layers.RandomTimeStretch((0.8, 1.25)),
        "pitch shift, vocoder": layers.RandomPitchShift(4.0),
    }


class Peer(NamedTuple):
    """A library: its layers by our names for them, and what carries out a chain of them on clips `(N, time)`."""

    layers: dict[str, Any]
    chain: Callable


def audiomentations():
    import audiomentations as peer

    always = {"p": 1.0}
    stretch = {"min_rate": 0.8, "max_rate": 1.25, "leave_length_unchanged": True, **always}
    pitch = {"min_semitones": -4, "max_semitones": 4, **always}
    makers = {
        "gain": lambda: peer.Gain(min_gain_db=-12, max_gain_db=12, **always),
        "gain transition": lambda: peer.GainTransition(min_gain_db=-12, max_gain_db=12, **always),
        "polarity": lambda: peer.PolarityInversion(**always),
        "reverse": lambda: peer.Reverse(**always),
        "shift": lambda: peer.Shift(min_shift=-0.3, max_shift=0.3, **always),
        "time mask": lambda: peer.TimeMask(min_band_part=0.0, max_band_part=0.2, **always),
        "noise": lambda: peer.AddGaussianSNR(min_snr_db=5, max_snr_db=30, **always),
        "colored noise": lambda: peer.AddColorNoise(min_snr_db=5, max_snr_db=30, **always),
        "low pass": lambda: peer.LowPassFilter(min_cutoff_freq=1000, max_cutoff_freq=4000, **always),
        "high pass": lambda: peer.HighPassFilter(min_cutoff_freq=100, max_cutoff_freq=1000, **always),
        "band pass": lambda: peer.BandPassFilter(min_center_freq=500, max_center_freq=2000, **always),
        "band stop": lambda: peer.BandStopFilter(min_center_freq=500, max_center_freq=2000, **always),
        "clipping": lambda: peer.ClippingDistortion(**always),
        "bit crush": lambda: peer.BitCrush(min_bit_depth=5, max_bit_depth=12, **always),
        "time stretch": lambda: peer.TimeStretch(**stretch),
        "pitch shift": lambda: peer.PitchShift(**pitch),
        "time stretch, vocoder": lambda: peer.TimeStretch(**stretch, **VOCODER),
        "pitch shift, vocoder": lambda: peer.PitchShift(**pitch, **VOCODER),
    }

    def chain(parts, x):
        one = peer.Compose(parts)
        return lambda: np.stack([one(clip, sample_rate=RATE) for clip in x])

    return Peer({name: make() for name, make in makers.items()}, chain)


def torch_audiomentations():
    import torch
    import torch_audiomentations as peer

    torch.set_num_threads(1)

    always = {"p": 1.0, "sample_rate": RATE, "output_type": "dict"}
    makers = {
        "gain": lambda: peer.Gain(min_gain_in_db=-12, max_gain_in_db=12, **always),
        "polarity": lambda: peer.PolarityInversion(**always),
        "reverse": lambda: peer.TimeInversion(**always),
        "shift": lambda: peer.Shift(min_shift=-0.3, max_shift=0.3, **always),
        "colored noise": lambda: peer.AddColoredNoise(min_snr_in_db=5, max_snr_in_db=30, **always),
        "low pass": lambda: peer.LowPassFilter(min_cutoff_freq=1000, max_cutoff_freq=4000, **always),
        "high pass": lambda: peer.HighPassFilter(min_cutoff_freq=100, max_cutoff_freq=1000, **always),
        "band pass": lambda: peer.BandPassFilter(min_center_frequency=500, max_center_frequency=2000, **always),
        "band stop": lambda: peer.BandStopFilter(min_center_frequency=500, max_center_frequency=2000, **always),
        "pitch shift": lambda: peer.PitchShift(min_transpose_semitones=-4, max_transpose_semitones=4, **always),
    }

    def chain(parts, x):
        batch = torch.from_numpy(x)[:, None]
        run = lambda sound, part: part(sound).samples
        return lambda: functools.reduce(run, parts, batch)[:, 0].numpy()

    return Peer({name: make() for name, make in makers.items()}, chain)


MAKERS = {"audiomentations": audiomentations, "torch-audiomentations": torch_audiomentations}


def peers():
    """The libraries that can be imported, and for each other one a sentence."""
    found, missing = {}, []
    for name, make in MAKERS.items():
        try:
            found[name] = make()
        except (ImportError, OSError) as error:  # an OSError where a binary of theirs does not load
            missing.append(f"{name} is left out, since it cannot be imported here: {str(error).splitlines()[0]}.")
    return found, missing


# Of single layers, by their names; torch-audiomentations has no stretch.
LEVEL = ("gain", "polarity", "shift", "colored noise")
CHAINS = {
    "level and noise": LEVEL,
    "filters and noise": ("gain", "low pass", "high pass", "colored noise"),
    "everything but stretch": (*LEVEL, "low pass", "pitch shift"),
    "everything": (*LEVEL, "low pass", "time stretch", "pitch shift"),
    "everything, vocoder": (*LEVEL, "low pass", "time stretch, vocoder", "pitch shift, vocoder"),
}


def our_call(parts, x):
    pipeline = layers.Pipeline(parts, jit=True)  # as it is left to itself behind some batches
    call = tf.function(lambda x: pipeline(x, training=True), autograph=False)
    return lambda: call(x)


def candidates(names, mine, libraries, x):
    """Ours, and all libraries that have every one of these layers."""
    found = {OURS: our_call([mine[name] for name in names], tf.constant(x))}
    for library, peer in libraries.items():
        if all(name in peer.layers for name in names):
            found[library] = peer.chain([peer.layers[name] for name in names], x)
    return found


def check(calls, x):
    for name, call in calls.items():
        result = np.asarray(call())
        assert result.shape == x.shape, (name, result.shape)
        assert np.isfinite(result).all(), name
        assert np.mean(np.any(result != x, axis=1)) > 0.5, name  # a shift or a mask may be drawn empty


def ratios(tables, libraries):
    """All in one; losses in bold."""
    lines = [f"| | {' | '.join(['ours, ms', *libraries])} |", f"|{' --- |' * (2 + len(libraries))}"]
    for name, (rows, _) in tables.items():
        cells = [f"{1000 * rows[OURS].median:.1f}"]
        for library in libraries:
            ratio = rows[library].median / rows[OURS].median if library in rows else None
            text = f"{ratio:.2g}" if ratio and ratio < 10 else f"{ratio:.0f}" if ratio else "–"
            cells.append(f"**{text}**" if ratio and ratio < 1 else text)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    chosen = options(__doc__.splitlines()[0])
    warnings.simplefilter("ignore")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    libraries, missing = peers()
    x = clips(2 if chosen.smoke else 64)
    rounds = 1 if chosen.smoke else chosen.rounds
    mine, tables = ours(), {}
    chains = {f"chain: {name} ({', '.join(names)})": names for name, names in CHAINS.items()}
    for name, names in {**chains, **{name: (name,) for name in mine}}.items():
        calls = candidates(names, mine, libraries, x)
        check(calls, x)
        tables[name] = (measure(calls, rounds, time.process_time), OURS)
        print(name, {key: f"{1000 * row.median:.1f} ms" for key, row in tables[name][0].items()}, flush=True)
    note = (
        f"{len(x)} clips of 1 s at 16 kHz. Numbers are processor times, in ours: below 1, in bold, the other library "
        "takes less; – where it has no such layer. Vocoder: librosa's phase vocoder in audiomentations, whose default "
        "is another one. Processor seconds are counted and not those of the wall, so that other work of the machine "
        "(its load is said above) makes less difference; a ratio may still be off by what that does to caches."
    )
    write("audio", chosen.out, tables, " ".join([note, *missing]), text=ratios(tables, libraries))


if __name__ == "__main__":
    main()
