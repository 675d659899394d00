"""The chart of effects shows what was found, where it was found."""

import pytest

from brainmtl.report.effects import effects_chart
from brainmtl.report.style import DARK, LIGHT

FOUND = {
    "Dice": {
        "attention": {"value": 0.01, "low": -0.02, "high": 0.04},
        "gate": {"value": 0.02, "low": None, "high": None},
    },
    "accuracy": {
        "attention": {"value": None, "low": None, "high": None},
        "gate": {"value": -0.006, "low": -0.011, "high": -0.001},
    },
}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_metric_has_its_column_and_each_choice_its_line(theme):
    figure = effects_chart(FOUND, theme)
    assert [axes.get_title() for axes in figure.axes] == list(FOUND)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["attention", "gate"]
    drawn = [
        [([float(x) for x in line.get_xdata()], line.get_ydata()[0]) for line in axes.lines[1:]]  # after 0
        for axes in figure.axes
    ]
    assert drawn == [
        [([-0.02, 0.04], 0), ([0.01], 0), ([0.02], 1)],
        [([-0.011, -0.001], 1), ([-0.006], 1)],
    ]
    much = {"value": -1.0, "low": -1.9, "high": -0.1}
    beside = effects_chart(FOUND | {"false masks": {"attention": much, "gate": much}}, theme)
    assert beside.axes[0].get_xlim() == figure.axes[0].get_xlim()
    first, second = (figure.axes[0].transData.transform((0, place))[1] for place in (0, 1))
    assert first > second  # as a table reads
