"""Sound layers against audiomentations and torch-audiomentations, one thread each: python -m benchmarks.audio

Clips of one second at 16 kHz; our layers stand in a graph, compiled, as in `tf.data`. Each layer is compared with its
counterpart, then whole chains. audiomentations takes one clip after the other, torch-audiomentations a batch. "Vocoder"
names audiomentations' librosa backend, whose algorithm is ours; without the word it is its default backend. All get the
same clips. Times are those of the processor. It is checked first that each result is finite, has the size of the clips
and differs from them.
"""

import functools
import time
import warnings

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
    return {name: [make()] for name, make in makers.items()}, peer.Compose


def torch_audiomentations():
    import torch_audiomentations as peer

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
    return {name: [make()] for name, make in makers.items()}


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


def candidates(names, mine, x):
    """Ours, and all peers that have every one of these layers."""
    found = {OURS: our_call([mine[name] for name in names], tf.constant(x))}
    single, compose = audiomentations()
    one = compose([part for name in names for part in single[name]])
    found["audiomentations"] = lambda: np.stack([one(clip, sample_rate=RATE) for clip in x])
    parts = torch_audiomentations()
    if all(name in parts for name in names):
        import torch

        batch = torch.from_numpy(x)[:, None]
        run = lambda sound, name: parts[name][0](sound).samples
        found["torch-audiomentations"] = lambda: functools.reduce(run, names, batch)[:, 0].numpy()
    return found


def check(calls, x):
    for name, call in calls.items():
        result = np.asarray(call())
        assert result.shape == x.shape, (name, result.shape)
        assert np.isfinite(result).all(), name
        assert np.mean(np.any(result != x, axis=1)) > 0.5, name  # a shift or a mask may be drawn empty


def ratios(tables):
    """All in one; losses in bold."""
    lines = ["| | audiomentations | torch-audiomentations |", "| --- | --- | --- |"]
    for name, (rows, _) in tables.items():
        cells = []
        for peer in ("audiomentations", "torch-audiomentations"):
            ratio = rows[peer].median / rows[OURS].median if peer in rows else None
            text = f"{ratio:.2g}" if ratio and ratio < 10 else f"{ratio:.0f}" if ratio else "–"
            cells.append(f"**{text}**" if ratio and ratio < 1 else text)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    import torch

    chosen = options(__doc__.splitlines()[0])
    warnings.simplefilter("ignore")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    torch.set_num_threads(1)
    x = clips(2 if chosen.smoke else 64)
    rounds = 1 if chosen.smoke else chosen.rounds
    mine, tables = ours(), {}
    chains = {f"chain: {name} ({', '.join(names)})": names for name, names in CHAINS.items()}
    for name, names in {**chains, **{name: (name,) for name in mine}}.items():
        calls = candidates(names, mine, x)
        check(calls, x)
        tables[name] = (measure(calls, rounds, time.process_time), OURS)
        print(name, {key: f"{1000 * row.median:.1f} ms" for key, row in tables[name][0].items()}, flush=True)
    note = (
        f"{len(x)} clips of 1 s at 16 kHz. Numbers are processor times, in ours: below 1, in bold, the other library "
        "takes less; – where it has no such layer. Vocoder: librosa's phase vocoder in audiomentations, whose default "
        "is another one. The machine had other work, too, which is why processor seconds were counted and not those "
        "of the wall; a ratio may still be off by what the work of others does to caches."
    )
    write("audio", chosen.out, tables, note, text=ratios(tables))


if __name__ == "__main__":
    main()
