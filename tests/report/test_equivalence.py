"""The chart of differences shows what was found, where it was found."""

import pytest

from brainmtl.report.equivalence import equivalence_chart
from brainmtl.report.style import DARK, LIGHT

FOUND = {
    "Dice": {"value": 0.001, "low": -0.002, "high": 0.004, "by_seed": [0.002, 0.0, 0.001]},
    "accuracy": {"value": -0.006, "low": -0.011, "high": -0.001, "by_seed": [-0.006]},
}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_metric_has_its_interval_its_seeds_and_the_margin(theme):
    axes = equivalence_chart(FOUND, 0.005, theme).axes[0]
    (band,) = axes.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-0.005, 0.005))
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(FOUND)
    _, *lines = axes.lines  # the first is zero
    for place, one, (interval, point, seeds) in zip(
        axes.get_yticks(), FOUND.values(), zip(*[iter(lines)] * 3, strict=True), strict=True
    ):
        assert list(interval.get_xdata()) == [one["low"], one["high"]]
        assert list(interval.get_ydata()) == [place, place]
        assert list(point.get_xdata()) == [one["value"]]
        assert list(seeds.get_xdata()) == one["by_seed"]
