"""`export_samples`: samples in a file, with the card that says what they are."""

import hashlib
import json
import os
import pathlib
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_flag, check_integer, wrong
from keras_augsynth.core.files import beside
from keras_augsynth.metrics.provenance import draw, fingerprint
from keras_augsynth.metrics.report import ALL, QualityReport


def export_samples(
    synthesizer: Any,
    labels: Any,
    path: str | os.PathLike,
    *,
    report: QualityReport,
    seed: int = 0,
    allow_memorized: bool = False,
) -> pathlib.Path:
    """Writes samples to `path` and their provenance card beside it, as `.json`.

    Samples of classes whose memorization test failed are refused: they would give training data away. Both files are
    written beside and moved into place, so that neither is ever there in part.

    Args:
        synthesizer: the one that the report is about, not trained since.
        labels: integers `(N,)`, classes that the report has; a number of samples for an unconditional synthesizer.
        path: of the `.npz` with arrays "x" and "y", or "x" alone without labels.
        report: of `quality_report`.
        seed: of the samples.
        allow_memorized: True writes such classes, too; the card says so.

    Returns:
        The path of the samples.

    Raises:
        ValueError: for classes that are memorized or not in the report, for a synthesizer that is another one than the
            report's, or a path that cannot be written.

    Example:

    >>> report = quality_report(gan, x, y, per_class_n=20, steps=0)
    >>> export_samples(gan, [0, 0, 2], "samples.npz", report=report).name
    'samples.npz'
    >>> np.load("samples.npz")["x"].shape
    (3, 8, 8, 3)
    """
    owner = "export_samples"
    if not isinstance(report, QualityReport):
        raise wrong(owner, "report", "be a QualityReport of this synthesizer", report, TypeError)
    check_flag(owner, allow_memorized, "allow_memorized")
    seed = check_integer(owner, seed, "seed", 0, 2**31 - 1)
    classes = [label for label in report.table if label != ALL]
    wanted, n, labels = _wanted(owner, labels, classes)
    memorized = [label for label in wanted if report.memorized(label)]
    if memorized and not allow_memorized:
        advice = f"leave out classes {memorized}, which repeat training data, or be given with allow_memorized=True"
        raise wrong(owner, "labels", advice, wanted)
    known = {name: report.card["synthesizer"][name] for name in ("sha256", "sha256_of")}
    if fingerprint(synthesizer, classes) != known:
        raise wrong(owner, "report", "be of this synthesizer as it is now: make it again", known["sha256"])

    path = pathlib.Path(path)
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    samples = draw(synthesizer, labels, n, seed)
    arrays = {"x": samples} if labels is None else {"x": samples, "y": labels}
    counts = {str(label): n if labels is None else int(np.sum(labels == label)) for label in wanted}
    try:
        # The card goes first: there are never samples that nothing is known of.
        with beside(path) as part:
            with open(part, "wb") as file:
                np.savez_compressed(file, **arrays)
            card = report.card | {
                "exported": {
                    "file": path.name,
                    "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
                    "classes": counts,
                    "seed": seed,
                    "allow_memorized": allow_memorized,
                    "memorized": {str(label): report.memorized(label) for label in wanted},
                }
            }
            with beside(path.with_suffix(".json")) as card_part:
                card_part.write_text(json.dumps(card, indent=1))
    except OSError as error:
        raise wrong(owner, "path", f"be a file that can be written ({error.strerror})", str(path)) from error
    return path


def _wanted(owner: str, labels: Any, classes: list) -> tuple[list, int, np.ndarray | None]:
    """(the rows of the report, how many samples, the labels) that are asked for."""
    if not classes:
        if isinstance(labels, bool) or not isinstance(labels, (int, np.integer)) or labels < 1:
            raise wrong(owner, "labels", "be a number of samples: the synthesizer is unconditional", labels, TypeError)
        return [ALL], int(labels), None
    labels = keras.ops.convert_to_numpy(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise wrong(owner, "labels", "be integers (N,)", f"{labels.dtype} {labels.shape}", TypeError)
    wanted = [int(label) for label in np.unique(labels)]
    unknown = sorted(set(wanted) - set(classes))
    if unknown:
        raise wrong(owner, "labels", f"be classes that the report has, {classes}", unknown)
    return wanted, len(labels), labels
