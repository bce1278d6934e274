import numpy as np
import pytest

from keras_augsynth.callbacks.balance_report import BalanceReport, ClassLine

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


@pytest.mark.parametrize("epochs", [0, 1, 3])
@pytest.mark.parametrize("classes", [[], PLAIN, [PLAIN[0], GOT, WORSE, UNSEEN]])
def test_plot(epochs, classes):
    shares = [np.array([0.0, 0.2, 0.1, 0.0])[: len(classes)]] * epochs
    figure = BalanceReport(classes, shares=shares).plot()
    figure.draw_without_rendering()
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), [line.with_them for line in classes])
    assert len(right.lines) == (min(len(classes), 3) - 1 if epochs and classes else 0)
    assert all(len(line.get_ydata()) == epochs and line.get_ydata()[0] in (20.0, 10.0) for line in right.lines)
