"""The risk–coverage curve, against counting by hand."""

import numpy as np
import pytest

from brainmtl.report.risk_coverage import risk_coverage_curve
from brainmtl.report.style import LIGHT

TOP = np.array([0.99, 0.9, 0.8, 0.7, 0.6])
RIGHT = np.array([True, False, True, True, False])


@pytest.fixture(scope="module")
def lines():
    figure = risk_coverage_curve(TOP, RIGHT, 0.3, LIGHT)
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_the_surest_come_first(lines):
    np.testing.assert_allclose(lines["by certainty"].get_xdata(), np.arange(1, 6) / 5)
    np.testing.assert_allclose(lines["by certainty"].get_ydata(), [0, 1 / 2, 1 / 3, 1 / 4, 2 / 5])


def test_the_best_order_answers_the_wrong_ones_last(lines):
    np.testing.assert_allclose(lines["best order"].get_ydata(), [0, 0, 0, 1 / 4, 2 / 5])


def test_a_random_order_is_as_wrong_as_all(lines):
    np.testing.assert_allclose(lines["random order"].get_ydata(), 2 / 5)
