"""What every image layer does to a photograph, at three strengths, with a mask, two boxes and two points.

    python examples/gallery.py             # a picture for each layer, all on one sheet, and a page to look at
    python examples/gallery.py --smoke     # a few layers, small, to see that everything runs
    python examples/gallery.py --layers RandomRotation RandomFog

Writes out/gallery/index.html, sheet.png and <layer>.png.
"""

import argparse
import html
import os
import pathlib
import sys
import time

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


def strip(layer, data, draws):
    """One layer as a picture: a column for each strength, a row for each draw; uint8 `(height, width, 3)`."""
    figure, axes = plt.subplots(
        draws, len(STRENGTHS), figsize=(5.4, 1.75 * draws + 0.35), dpi=80, squeeze=False, layout="constrained"
    )
    if issubclass(layer, layers.Mixing):  # it takes no points
        data = {key: value for key, value in data.items() if key != "keypoints"}
    for column, strength in zip(axes.T, STRENGTHS, strict=True):
        arguments = layer.at_strength(strength)
        if {"height", "width"} <= arguments.keys():  # a crop: three quarters of the side, not the tests' tiny window
            arguments |= dict.fromkeys(("height", "width"), data["images"].shape[1] * 3 // 4)
        augment = layer(**{"seed": 3, **arguments, "jit": False})
        for row, cell in enumerate(column):
            shown(cell, augment({**data, "epoch": row}, training=True), stretched=len(layer.modalities) > 5)
        column[0].set_title(f"{strength}", fontsize=7)
    figure.suptitle(layer.__name__, fontsize=9, fontweight="bold")
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return picture


def sheet(pictures, columns):
    """All pictures on one, in rows."""
    height = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0)), constant_values=255) for p in pictures]
    padded += [np.full_like(padded[0], 255)] * (-len(padded) % columns)
    rows = [np.concatenate(padded[start : start + columns], 1) for start in range(0, len(padded), columns)]
    return np.concatenate(rows)


def page(names):
    """HTML: every picture under its layer's name and sentence."""
    sentence = lambda layer: (layer.__doc__ or "").partition("\n")[0]
    known = {layer.__name__: layer for layer in registry.layers("image")}
    figures = "\n".join(
        f'<figure id="{name}"><img src="{name}.png" alt="{name}" loading="lazy">'
        f"<figcaption><b>{name}</b> {html.escape(sentence(known[name]))}</figcaption></figure>"
        for name in names
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>keras_augsynth: image layers</title>
<style>
body {{ font: 14px/1.4 sans-serif; margin: 2em; background: #fff; color: #222 }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(432px, 1fr)); gap: 1.5em }}
figure {{ margin: 0 }} img {{ max-width: 100% }} figcaption {{ max-width: 432px }}
</style>
<h1>Image layers</h1>
<p>Each at strength 0.1, 0.5 and 1; one row for each draw. Green: a mask; yellow and blue: boxes; red: points.</p>
<main>
{figures}
</main></html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="*", help="names; all where it is left out")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/gallery"))
    parser.add_argument("--smoke", action="store_true", help="a few layers, small, to see that everything runs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    chosen = [layer for layer in registry.layers("image") if not options.layers or layer.__name__ in options.layers]
    if options.smoke:
        chosen, options.draws = [*chosen[::8], layers.CutMix], 1
    if not chosen:
        parser.error(f"no layer of that name among {[layer.__name__ for layer in registry.layers('image')]}")
    data, start, pictures = photograph(64 if options.smoke else 128), time.time(), {}
    for layer in chosen:
        pictures[layer.__name__] = strip(layer, data, options.draws)
        plt.imsave(options.out / f"{layer.__name__}.png", pictures[layer.__name__])
        print(".", end="", flush=True)
    plt.imsave(options.out / "sheet.png", sheet(list(pictures.values()), 4))
    (options.out / "index.html").write_text(page(list(pictures)), encoding="utf-8")
    print(f"\n{len(pictures)} layers in {options.out}/index.html, {time.time() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
