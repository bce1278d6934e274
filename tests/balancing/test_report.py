import numpy as np
import pytest

from keras_augsynth.balancing.report import BalanceReport, ClassLine

PLAIN = [ClassLine(0, 90), ClassLine(1, 10)]
GOT = ClassLine(1, 10, 20, "SMOTE", 0.25, -0.1, 0.02, 0.4, 0.5, 0.25)
MORE = ClassLine(2, 9, 20, "SMOTE", 0.25, -0.2, 0.02, 0.9, 1.0, 0.25)
WORSE = ClassLine(3, 8, 20, "SMOTE", 0.25, 0.1, 0.02, 0.9, 0.625, why="own loss")
UNSEEN = ClassLine(4, 7, 0, "SMOTE", 0.25)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (BalanceReport([]), "nothing was tried."),
        (BalanceReport(PLAIN), "nothing was tried."),
        (BalanceReport(PLAIN, notes=["too short"]), "too short."),
        (BalanceReport([PLAIN[0], GOT], "they helped"), "class 1: 25 % of its added rows are generated; they helped."),
        (BalanceReport([GOT, MORE]), "classes 1, 2: 25 % of their added rows are generated."),
        (
            BalanceReport([GOT, WORSE, UNSEEN], "they helped"),
            "class 1: 25 % of its added rows are generated; they helped; "
            "class 3: 0 %; generated rows lowered its validation recall from .90 to .62.",
        ),
        (BalanceReport([UNSEEN], "no proof", notes=["a", "b"]), "class 4: 0 % generated rows; no proof; a; b."),
    ],
)
def test_in_a_sentence(report, sentence):
    assert str(report) == sentence


def test_markdown():
    lines = BalanceReport([PLAIN[0], GOT, WORSE, UNSEEN], "they helped").to_markdown().splitlines()
    assert {line.count("|") for line in lines[:6]} == {11}
    assert lines[2] == "| 0 | 90 | 0 |  |  |  |  |  | 0% |  |"
    assert lines[3] == "| 1 | 10 | 20 | SMOTE | 25% | -0.1000 ± 0.0200 | .40 | .50 | 25% |  |"
    assert lines[4] == "| 3 | 8 | 20 | SMOTE | 25% | +0.1000 ± 0.0200 | .90 | .62 | 0% | own loss |"
    assert lines[5] == "| 4 | 7 | 0 | SMOTE | 25% |  |  |  | 0% |  |"
    assert lines[-1].startswith("class 1: 25 % ")


def drawn(classes, shares=(), verdict=""):
    figure = BalanceReport(classes, verdict, shares=list(shares)).plot()
    figure.draw_without_rendering()
    return figure, {panel.get_title(): panel for panel in figure.axes}


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_no_panel_is_empty(epochs):
    figure, panels = drawn([PLAIN[0], UNSEEN], [np.zeros(2)] * epochs)
    assert not panels
    assert figure.get_suptitle() == f"SyntheticBalancer: {BalanceReport([PLAIN[0], UNSEEN])}"


def test_plot_of_trials():
    figure, panels = drawn([PLAIN[0], GOT, WORSE, UNSEEN], verdict="they helped")
    assert figure.get_suptitle().startswith("SyntheticBalancer with SMOTE: class 1: 25 % of its added rows")
    changes, recalls = panels.values()
    bars = changes.containers[0]
    np.testing.assert_allclose(bars.lines[0].get_ydata(orig=False), [GOT.change, WORSE.change])
    ends = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[-0.12, -0.08], [0.08, 0.12]])  # a standard error to both sides
    np.testing.assert_array_equal([line.get_ydata() for line in recalls.lines], [[0.4, 0.9], [0.5, 0.625]])
    assert [label.get_text() for label in recalls.get_xticklabels()] == ["1\n10", "3\n8"]


@pytest.mark.parametrize("epochs", [1, 3])
def test_plot_of_shares(epochs):
    _, panels = drawn(PLAIN, [np.array([0.0, 0.2])] * epochs)
    (line,) = panels["generated rows in training"].lines
    np.testing.assert_allclose(line.get_ydata(), [20.0] * epochs)
    assert line.get_label() == "class 1"


def test_an_infinite_error_is_not_drawn():
    _, panels = drawn([ClassLine(0, 9, 1, "SMOTE", 0.5, -0.1, np.inf, 0.4, 0.5)])
    (segment,) = next(iter(panels.values())).containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose(segment[:, 1], -0.1)
