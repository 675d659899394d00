"""The heat map says each number, in a hue that darkens with it, and frames the best."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from brainmtl.report.heatmap import heat_map
from brainmtl.report.style import DARK, LIGHT

VALUES = [[0.1, 0.7], [None, 0.4]]
ROWS, COLUMNS = ("optimizer.name", ["adam", "sgd"]), ("optimizer.lr", [5e-5, 1e-3])


@pytest.fixture(params=[LIGHT, DARK])
def axes(request):
    return heat_map(VALUES, ROWS, COLUMNS, "Dice", request.param).axes[0]


def test_every_cell_says_its_number_and_a_failure_is_crossed(axes):
    said = {(text.get_position()): text.get_text() for text in axes.texts}
    assert said == {(0, 0): "0.100", (1, 0): "0.700", (0, 1): "×", (1, 1): "0.400"}


def test_the_axes_name_the_fields_and_their_values(axes):
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["5e-05", "0.001"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["adam", "sgd"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("optimizer.lr", "optimizer.name")


@pytest.mark.parametrize(("largest", "cell"), [(True, (1, 0)), (False, (0, 0))])
def test_the_best_is_framed(largest, cell):
    axes = heat_map(VALUES, ROWS, COLUMNS, "Dice", LIGHT, largest_is_best=largest).axes[0]
    (frame,) = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert (round(frame.get_x() + 0.48), round(frame.get_y() + 0.46)) == cell


def test_larger_is_darker_so_that_it_reads_without_colours():
    picture = heat_map(VALUES, ROWS, COLUMNS, "Dice", LIGHT).axes[0].images[0]
    light = [
        float(np.dot(picture.cmap(picture.norm(value))[:3], (0.2126, 0.7152, 0.0722)))
        for value in (0.1, 0.4, 0.7)
    ]
    assert light == sorted(light, reverse=True)


def test_nothing_measured_is_drawn_all_the_same():
    assert heat_map([[None]], ("a", [1]), ("b", [2]), "Dice", LIGHT).axes
