import dataclasses

import numpy as np
import pytest

from keras_augsynth.balancing.report import BalanceReport, ClassLine

PLAIN = [ClassLine(0, 90), ClassLine(1, 10)]
GOT = ClassLine(1, 10, 20, "SMOTE", 0.9, 0.8, 0.1, 0.75)
MORE = ClassLine(2, 9, 20, "SMOTE", 0.9, 0.9, 0.0, 0.75)
WORSE = ClassLine(3, 8, 20, "SMOTE", 0.9, 0.1, 0.9, 0.0, "bad rows")
UNSEEN = ClassLine(4, 7)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (BalanceReport([]), "nothing was generated."),
        (BalanceReport(PLAIN), "nothing was generated."),
        (BalanceReport(PLAIN, shares=[np.zeros(2)]), "nothing was generated."),
        # A fixed share is not looked at, but it was trained on.
        (
            BalanceReport(PLAIN, shares=[np.array([0.0, 0.5]), np.array([0.0, 0.7])]),
            "generated part of the rows: class 1: 60 %.",
        ),
        (BalanceReport(PLAIN, notes=["too short"]), "too short."),
        (BalanceReport([PLAIN[0], GOT], "why"), "class 1: 75 % of its added rows are generated; why."),
        (BalanceReport([GOT, MORE]), "classes 1, 2: 75 % of their added rows are generated."),
        (
            BalanceReport([GOT, MORE, dataclasses.replace(MORE, label=5, kept=0.05)]),
            "classes 1, 2, 5: 5 to 75 % of their added rows are generated.",
        ),
        (
            BalanceReport([GOT, WORSE, UNSEEN], "10 % are bad", notes=["a"]),
            "class 1: 75 % of its added rows are generated; class 3: none of its added rows is generated; "
            "10 % are bad; a.",
        ),
    ],
)
def test_in_a_sentence(report, sentence):
    assert str(report) == sentence


def test_markdown():
    lines = BalanceReport([PLAIN[0], GOT, WORSE, UNSEEN], "why").to_markdown().splitlines()
    assert {line.count("|") for line in lines[:6]} == {10}
    assert lines[2] == "| 0 | 90 | 0 |  |  |  |  | 0% |  |"
    assert lines[3] == "| 1 | 10 | 20 | SMOTE | 0.90 | 0.80 | 10% | 75% |  |"
    assert lines[4] == "| 3 | 8 | 20 | SMOTE | 0.90 | 0.10 | 90% | 0% | bad rows |"
    assert lines[-1].startswith("class 1: 75 % ")


def drawn(classes, shares=(), verdict=""):
    figure = BalanceReport(classes, verdict, shares=list(shares)).plot()
    figure.draw_without_rendering()
    return figure, {panel.get_title(): panel for panel in figure.axes}


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_no_panel_is_empty(epochs):
    figure, panels = drawn([PLAIN[0], UNSEEN], [np.zeros(2)] * epochs)
    assert not panels
    assert figure.get_suptitle() == f"SyntheticBalancer: {BalanceReport([PLAIN[0], UNSEEN])}"


def test_plot_of_looks():
    figure, panels = drawn([PLAIN[0], GOT, WORSE, UNSEEN], verdict="why")
    assert figure.get_suptitle().startswith("SyntheticBalancer with SMOTE: class 1: 75 % of its added rows")
    (panel,) = panels.values()
    np.testing.assert_array_equal([line.get_ydata() for line in panel.lines], [[0.9, 0.9], [0.8, 0.1]])
    np.testing.assert_array_equal([bar.get_height() for bar in panel.patches], [0.75, 0.0])
    assert [label.get_text() for label in panel.get_xticklabels()] == ["1\n10", "3\n8"]


@pytest.mark.parametrize("epochs", [1, 3])
def test_plot_of_shares(epochs):
    _, panels = drawn(PLAIN, [np.array([0.0, 0.2])] * epochs)
    (line,) = panels["generated rows in training"].lines
    np.testing.assert_allclose(line.get_ydata(), [20.0] * epochs)
    assert line.get_label() == "class 1"
