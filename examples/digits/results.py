"""What each method has reached, on disk as soon as it is known: results.json, table.md and a model each."""

import json
import os
import pathlib
import shutil

import numpy as np


class ResultsError(Exception):
    """The folder cannot be used. The message is one sentence that says what to do."""


class Results:
    """The runs that are finished, in a folder.

    Args:
        folder: of results.json, table.md and models/.
        settings: what the results depend on; a folder with other settings is refused.
        restart: whether what is there is removed.

    Raises:
        ResultsError: for a folder that cannot be written, or with results of other settings.
    """

    def __init__(self, folder, settings, restart=False):
        self.folder, self.settings, self.runs = pathlib.Path(folder), settings, []
        path = self.folder / "results.json"
        try:
            if restart and path.exists():
                shutil.rmtree(self.folder / "models", ignore_errors=True)
                path.unlink()
            (self.folder / "models").mkdir(parents=True, exist_ok=True)
            (self.folder / ".can_write").touch()
            (self.folder / ".can_write").unlink()
            known = json.loads(path.read_text()) if path.exists() else {"settings": settings, "runs": []}
        except OSError as error:
            reason = f"{self.folder} cannot be written ({error.strerror})"
            raise ResultsError(f"{reason}. Give another folder with --out.") from error
        except ValueError as error:
            raise ResultsError(f"{path} is damaged ({error}). --restart begins anew.") from error
        if known["settings"] != settings:
            differ = [name for name in settings if known["settings"].get(name) != settings[name]]
            reason = f"{self.folder} holds results with other settings ({', '.join(differ)})"
            raise ResultsError(f"{reason}. Give another folder with --out, or begin anew with --restart.")
        self.runs = known["runs"]

    def find(self, method, seed):
        """The run of a method and a seed; None if it is not finished."""
        return next((run for run in self.runs if (run["method"], run["seed"]) == (method, seed)), None)

    def add(self, **run):
        self.runs.append(run)
        self.write()

    def write(self):
        text = json.dumps({"settings": self.settings, "runs": self.runs}, indent=1)
        write_whole(self.folder / "results.json", text)
        write_whole(self.folder / "table.md", table(self.runs) + "\n")

    def path(self, name, seed, suffix=".keras"):
        """Where a model of that name belongs."""
        return self.folder / "models" / f"{slug(name)}_{seed}{suffix}"

    def best(self, methods):
        """The run of these methods with the highest mean recall on the validation rows; of equals the first."""
        return max((run for run in self.runs if run["method"] in methods), key=lambda run: np.mean(run["validation"]))


def slug(name):
    """A name that suits a file: "balancer + SMOTE" is "balancer_smote"."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def write_whole(path, text):
    """Writes beside and moves into place: whoever stops the program finds the old file or the new one."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text)
    os.replace(beside, path)


def save_whole(model, path):
    """The same for a Keras model."""
    beside = path.with_name(f"part_{path.name}")
    model.save(beside)
    os.replace(beside, path)


def mean(values):
    """Mean over the seeds in percent, with its standard error if there are several: "95.1" or "95.1 ± 0.4"."""
    values = 100 * np.asarray(values, "float64")
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{values.mean():.1f} ± {values.std(ddof=1) / np.sqrt(len(values)):.1f}"


def table(runs):
    """Markdown, a row for each method: balanced accuracy, worst recall and recalls by class in percent.

    The columns of the test rows are there once these were looked at.
    """
    tested = bool(runs) and all(run["test"] is not None for run in runs)
    of_test = ["test", "worst", *map(str, range(len(runs[0]["test"])))] if tested else []
    head = ["method", "validation", *of_test, "generated", "seconds"]
    lines = [head, ["---"] * len(head)]
    for method in dict.fromkeys(run["method"] for run in runs):
        mine = [run for run in runs if run["method"] == method]
        cells = [method, mean([np.mean(run["validation"]) for run in mine])]
        if tested:
            recalls = np.array([run["test"] for run in mine])
            cells += [mean(recalls.mean(1)), mean(recalls.min(1)), *(f"{100 * one:.0f}" for one in recalls.mean(0))]
        cells += [f"{np.mean([100 * run['generated'] for run in mine]):.0f} %"]
        lines.append([*cells, f"{np.mean([run['seconds'] for run in mine]):.0f}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
