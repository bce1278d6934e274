"""What layers do, at three strengths: to a photograph, a sound, a spectrogram and to texts.

    python examples/gallery.py             # a page to look at and to listen to
    python examples/gallery.py --smoke     # a few layers, small, to see that everything runs
    python examples/gallery.py --layers RandomRotation RandomFog RandomReverb

Writes out/gallery/index.html, for each layer <layer>.png, for each layer of sounds <layer>_<strength>.wav, and a sheet
of all pictures of a kind. The photograph has a mask, two boxes and two points with it.
"""

import argparse
import difflib
import html
import os
import pathlib
import sys
import time
import wave

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import matplotlib
    import numpy as np
    import tensorflow as tf

    from keras_augsynth import layers
    from keras_augsynth.core import registry
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed. Install what the examples need: pip install ".[examples]"')

matplotlib.use("Agg")
tf.get_logger().setLevel("ERROR")
import matplotlib.cbook
import matplotlib.pyplot as plt

STRENGTHS = (0.1, 0.5, 1.0)
# Of the photograph at 128 x 128: the face, the ribbons and the eyes, by eye.
FACE = {"center": (66.0, 52.0), "radius": (26.0, 31.0)}
BOXES = [[40, 21, 92, 83], [80, 116, 113, 127]]
POINTS = [[58, 41], [76, 41]]
RATE = 16000
TEXTS = [
    "The film is good, because it begins fast. Two small dogs said so! It goes on and on?",
    "A big dog runs, while one is happy. Start anew. So it goes.",
]


def photograph(side):
    """Grace Hopper, as she comes with Matplotlib, and what belongs to her; twice, the second time mirrored."""
    picture = plt.imread(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))[20:532]
    picture = picture.reshape(side, 512 // side, side, 512 // side, 3).mean((1, 3))
    scale = side / 128
    y, x = (np.mgrid[:side, :side] + 0.5) / scale
    (cx, cy), (rx, ry) = FACE["center"], FACE["radius"]
    mask = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
    boxes, points = np.array(BOXES, "float32") * scale, np.array(POINTS, "float32") * scale
    mirrored = boxes[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (side, 0, side, 0)
    return {
        "images": np.stack([picture, picture[:, ::-1]]).round().astype("uint8"),
        "segmentation_masks": np.stack([mask, mask[:, ::-1]])[..., None].astype("int32"),
        "bounding_boxes": {
            "boxes": np.stack([boxes, mirrored]).astype("float32"),
            "labels": np.array([[0, 1], [0, 1]]),
        },
        "keypoints": np.stack([points, points * (-1, 1) + (side, 0)]).astype("float32"),
        "labels": np.eye(2, dtype="float32"),
        "sample_ids": np.arange(2),
    }


def shown(axes, result, stretched):
    """The first sample, with the outline of its mask, its boxes and its points."""
    image = np.asarray(tf.cast(result["images"][0], tf.float32))
    if stretched:  # a layer that leaves 0..255: the whole range of what came out
        image = 255 * (image - image.min()) / max(np.ptp(image), 1e-6)
    axes.imshow(np.clip(image, 0, 255).round().astype("uint8"), interpolation="nearest")
    mask = np.asarray(result["segmentation_masks"])[0, ..., 0]
    if 0 < mask.mean() < 1:
        axes.contour(mask, [0.5], colors="lime", linewidths=0.8)
    boxes = result["bounding_boxes"]
    for box, label in zip(np.asarray(boxes["boxes"])[0], np.asarray(boxes["labels"])[0], strict=True):
        if label != -1:
            left, top, right, bottom = box - 0.5  # Matplotlib counts from the center of the first pixel
            color = ("yellow", "cyan")[int(label) % 2]
            axes.add_patch(plt.Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=color, lw=0.8))
    height, width = image.shape[:2]
    points = np.asarray(result.get("keypoints", np.zeros((1, 0, 2))))[0]
    inside = np.all((points >= 0) & (points <= (width, height)), axis=-1)
    axes.plot(*(points[inside].T - 0.5), "r.", markersize=3)
    axes.set_axis_off()


def sound(seconds):
    """Three vowels that are sung: harmonics of a pitch that rises and trembles, each vowel with two resonances."""
    time = np.arange(int(RATE * seconds)) / RATE
    place = 3 * time / seconds
    pitch = 130 * 2 ** (place / 4 + 0.02 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    resonances = np.array([[730, 1090], [270, 2290], [300, 870]])[place.astype(int)]  # a, i, u
    loudness = lambda f: np.sum(1 / (1 + ((f[:, None] - resonances) / 120) ** 2), axis=1)
    voice = sum(loudness(k * pitch) * np.sin(k * phase) for k in range(1, 30))
    voice *= np.sin(np.pi * (place % 1)) ** 0.5
    return (0.2 * voice / np.abs(voice).max())[None].astype("float32")  # layers may make it five times as loud


def spectrogram(x, bins):
    """`(1, time, frequency)`, in decibels above silence, from 0 to 60: a mask of zeros is silent."""
    frames = np.lib.stride_tricks.sliding_window_view(x[0], 512)[::160] * np.hanning(512)
    power = np.abs(np.fft.rfft(frames))[:, :bins] ** 2 / 1000  # about 1 where the sound is loudest
    return np.maximum(60 + 10 * np.log10(power + 1e-9), 0)[None].astype("float32")


def made(layer, strength, **more):
    return layer(**{"seed": 3, **layer.at_strength(strength), **more, "jit": False})


def drawn(figure, layer):
    """The figure under the layer's name, as uint8 `(height, width, 3)`."""
    figure.suptitle(layer.__name__, fontsize=9, fontweight="bold")
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return picture


def of_images(layer, data, draws):
    """A column for each strength, a row for each draw."""
    figure, axes = plt.subplots(
        draws, len(STRENGTHS), figsize=(5.4, 1.75 * draws + 0.35), dpi=80, squeeze=False, layout="constrained"
    )
    if issubclass(layer, layers.Mixing):  # it takes no points
        data = {key: value for key, value in data.items() if key != "keypoints"}
    for column, strength in zip(axes.T, STRENGTHS, strict=True):
        crop = {}
        if {"height", "width"} <= layer.at_strength(strength).keys():  # not the tests' tiny window
            crop = dict.fromkeys(("height", "width"), data["images"].shape[1] * 3 // 4)
        augment = made(layer, strength, **crop)
        for row, cell in enumerate(column):
            shown(cell, augment({**data, "epoch": row}, training=True), stretched=len(layer.modalities) > 5)
        column[0].set_title(f"{strength}", fontsize=7)
    return drawn(figure, layer)


def in_columns(layer, results, rows, draw):
    """A column for what went in and one for each strength; `draw` draws a result on the axes of its column."""
    figure, axes = plt.subplots(
        rows, len(results), figsize=(7.2, 1.2 * rows + 0.4), dpi=80, squeeze=False, layout="constrained"
    )
    for column, (name, result) in zip(axes.T, results.items(), strict=True):
        draw(column, result)
        column[0].set_title(name, fontsize=7)
        for cell in column:
            cell.set(xticks=[], yticks=[])
    return drawn(figure, layer)


def of_sounds(layer, x, folder):
    """Waves above their spectrograms, 0 to 8 kHz; WAV files beside. What is louder than 1 is cut off in both."""
    results = {"before": x[0]}
    for strength in STRENGTHS:
        crop = {"length": x.shape[1] * 3 // 4} if layer is layers.RandomAudioCrop else {}
        result = made(layer, strength, p=1.0, **crop)(x, training=True).numpy()[0]
        save(folder / f"{layer.__name__}_{strength}.wav", result)
        results[f"{strength}"] = result

    def draw(axes, result):
        axes[0].plot(result, linewidth=0.4)
        axes[0].set(xlim=(0, x.shape[1]), ylim=(-1, 1))
        levels(axes[1], spectrogram(result[None], 256)[0], extent=(0, len(result), 0, 1))
        axes[1].set_xlim(0, x.shape[1])

    return in_columns(layer, results, 2, draw)


def of_spectrograms(layer, x):
    results = {"before": x[0]}
    for strength in STRENGTHS:
        results[f"{strength}"] = made(layer, strength, p=1.0)(x, training=True).numpy()[0]
    return in_columns(layer, results, 1, lambda axes, result: levels(axes[0], result))


def levels(axes, spectrogram, **kwargs):
    axes.imshow(spectrogram.T, origin="lower", aspect="auto", vmin=0, vmax=60, **kwargs)


def save(path, x):
    """As a WAV file of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(x, -1, 1) * 32767).round().astype("<i2").tobytes())


def of_texts(layer):
    """{strength: the first text as HTML, with what has gone and what has come}."""
    results = [made(layer, strength, p=1.0)(TEXTS, training=True).numpy()[0].decode() for strength in STRENGTHS]
    return dict(zip(STRENGTHS, (marked(TEXTS[0], result) for result in results), strict=True))


def marked(before, after):
    old, new = before.split(), after.split()
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(html.escape(" ".join(old[a:b])))
        else:
            parts += [f"<del>{html.escape(' '.join(old[a:b]))}</del>"] * (b > a)
            parts += [f"<ins>{html.escape(' '.join(new[c:d]))}</ins>"] * (d > c)
    return " ".join(parts)


def sheet(pictures, columns):
    """All pictures on one, in rows."""
    height = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0)), constant_values=255) for p in pictures]
    padded += [np.full_like(padded[0], 255)] * (-len(padded) % columns)
    rows = [np.concatenate(padded[start : start + columns], 1) for start in range(0, len(padded), columns)]
    return np.concatenate(rows)


def figure(layer, kind, texts):
    """HTML: what a layer does, above its name and sentence."""
    name = layer.__name__
    body = "" if kind == "text" else f'<img src="{name}.png" alt="{name}" loading="lazy">'
    if kind == "text":
        body = "".join(f"<p>{strength}: {text}</p>" for strength, text in texts.items())
    if kind == "audio":
        files = ["before.wav", *(f"{name}_{strength}.wav" for strength in STRENGTHS)]
        body += "".join(f'<audio controls preload="none" src="{file}"></audio>' for file in files)
    sentence = html.escape((layer.__doc__ or "").partition("\n")[0])
    return f'<figure id="{name}">{body}<figcaption><b>{name}</b> {sentence}</figcaption></figure>'


TITLES = {
    "image": ("Images", "One row for each draw. Green: a mask; yellow and blue: boxes; red: points."),
    "audio": (
        "Sounds",
        "Three vowels, sung: waves, and 0 to 8 kHz over time. What is louder than 1 is cut off.",
    ),
    "spectrogram": ("Spectrograms", "Of the same sound."),
    "text": ("Texts", f"Before: {html.escape(TEXTS[0])}"),
}


def page(figures):
    """HTML of {kind: figures}."""
    parts = "\n".join(
        f"<h2>{TITLES[kind][0]}</h2>\n<p>{TITLES[kind][1]}</p>\n<main>\n{chr(10).join(found)}\n</main>"
        for kind, found in figures.items()
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>keras_augsynth: layers</title>
<style>
body {{ font: 14px/1.4 sans-serif; margin: 2em; background: #fff; color: #222 }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(576px, 1fr)); gap: 1.5em }}
figure {{ margin: 0 }} img {{ max-width: 100% }} figcaption {{ max-width: 576px }} audio {{ width: 144px }}
del {{ color: #b00 }} ins {{ color: #070 }}
</style>
<h1>Layers</h1>
<p>Each at strength 0.1, 0.5 and 1.</p>
{parts}
</html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="*", help="names; all where it is left out")
    parser.add_argument("--draws", type=int, default=2, help="of images")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/gallery"))
    parser.add_argument("--smoke", action="store_true", help="a few layers, small, to see that everything runs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    kinds = {kind: [cls for cls in registry.layers(kind) if cls.modalities[0].name == kind] for kind in TITLES}
    known = [layer.__name__ for chosen in kinds.values() for layer in chosen]
    for kind, chosen in kinds.items():
        kinds[kind] = [layer for layer in chosen if not options.layers or layer.__name__ in options.layers]
    if options.smoke:
        few = [layers.RandomReverb, layers.SpecAugment, layers.RandomWordSwap]
        kinds = {kind: [layer for layer in chosen if layer in few] for kind, chosen in kinds.items()}
        kinds["image"], options.draws = [*registry.layers("image")[::12], layers.CutMix], 1
    if not any(kinds.values()):
        parser.error(f"no layer of that name among {known}")
    data, x, start = photograph(64 if options.smoke else 128), sound(1.5), time.time()
    save(options.out / "before.wav", x[0])
    draw = {
        "image": lambda layer: of_images(layer, data, options.draws),
        "audio": lambda layer: of_sounds(layer, x, options.out),
        "spectrogram": lambda layer: of_spectrograms(layer, spectrogram(x, 128)),
    }
    figures, number = {}, 0
    for kind, chosen in kinds.items():
        pictures = []
        for layer in chosen:
            if kind in draw:
                pictures.append(draw[kind](layer))
                plt.imsave(options.out / f"{layer.__name__}.png", pictures[-1])
            texts = of_texts(layer) if kind == "text" else {}
            figures.setdefault(kind, []).append(figure(layer, kind, texts))
            number += 1
            print(".", end="", flush=True)
        if pictures:
            plt.imsave(options.out / f"sheet_{kind}.png", sheet(pictures, 4))
    (options.out / "index.html").write_text(page(figures), encoding="utf-8")
    print(f"\n{number} layers in {options.out}/index.html, {time.time() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
