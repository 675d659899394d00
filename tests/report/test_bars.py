"""Bars are as long as their numbers, error bars reach their ends, and what is unknown is not drawn."""

import numpy as np
import pytest

from brainmtl.report.bars import BarRow, Estimate, bar_chart
from brainmtl.report.scatter import Point, cost_scatter
from brainmtl.report.style import DARK, LIGHT

GROUPS = {
    "Dice": [
        BarRow("one", Estimate(0.8, 0.6, 1.0), Estimate(0.9, 0.88, 0.92)),
        BarRow("two", None, Estimate(0.5)),
    ],
    "IoU": [BarRow("one", Estimate(0.7), None)],
}


@pytest.fixture(params=[LIGHT, DARK])
def axes(request):
    return bar_chart(GROUPS, "what errors are", request.param).axes[0]


def test_every_known_number_is_a_bar_with_its_text(axes):
    assert sorted(bar.get_width() for bar in axes.patches) == [0.5, 0.7, 0.8, 0.9]
    said = {text.get_text() for text in axes.texts}
    assert said == {"Dice", "IoU", "0.500", "0.700", "0.800", "0.900"}


def test_error_bars_reach_their_ends_and_no_further_than_one(axes):
    ends = {tuple(np.round(line.get_xdata(), 3)) for line in axes.lines}
    assert ends == {(0.6, 1.0), (0.88, 0.92)}


def test_rows_stand_beneath_their_headings(axes):
    heads = {text.get_text(): text.get_position()[1] for text in axes.texts if text.get_weight() == "bold"}
    places = [tick for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)]
    assert heads["Dice"] < min(places) < heads["IoU"] < max(places)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two", "one"]


def test_costs_are_on_a_logarithmic_axis_and_rings_are_published():
    points = [Point("theirs", 1e6, Estimate(0.8), True), Point("ours", 1e5, Estimate(0.9, 0.85, 0.95))]
    axes = cost_scatter(points, "parameters", "accuracy", LIGHT).axes[0]
    assert axes.get_xscale() == "log"
    marks = {
        line.get_xdata()[0]: line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"
    }
    assert marks == {1e6: LIGHT.paper, 1e5: LIGHT.series[0]}
