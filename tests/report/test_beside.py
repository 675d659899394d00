"""Several runs on the same slices, side by side."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.report.beside import beside_sheet, choose_slices
from brainmtl.report.folder import read_run
from brainmtl.report.panels import SIDE


def test_the_median_and_the_widest_difference_are_chosen():
    scores = pd.DataFrame(
        {
            "label": ["glioma"] * 5 + ["pituitary", "no_tumor"],
            0: [0.1, 0.5, 0.9, 0.6, 0.8, 0.7, np.nan],
            1: [0.1, 0.7, 0.9, 0.6, 0.2, 0.7, np.nan],
        },
        index=list("abcdefg"),
    )
    assert choose_slices(scores) == [
        ("glioma", "median", "b"),
        ("glioma", "they differ most", "e"),
        ("pituitary", "median", "f"),
    ]


@pytest.fixture
def pair(make_run):
    return [read_run(make_run("one")), read_run(make_run("other"))]


def test_a_column_a_run_beside_the_whole_slice(pair):
    figure = beside_sheet(pair, "test")
    said = [text.get_text() for text in figure.texts]
    assert sum(text.startswith("one   Dice") for text in said) == sum(
        text.startswith("other   Dice") for text in said
    )
    assert len(figure.axes) % 3 == 0
    assert figure.get_figwidth() * 100 > 3 * SIDE
    dice = pair[0].evaluations[0].slices.set_index("id")["dice"]
    first = next(text for text in said if text.startswith("one"))
    assert any(f"Dice {value:.3f}" in first for value in dice.dropna())


def test_close_ups_of_a_slice_show_the_same_place(pair):
    axes = beside_sheet(pair, "test").axes
    assert axes[1].get_xlim() == axes[2].get_xlim()
    assert axes[1].get_ylim() == axes[2].get_ylim()
    whole = axes[0].get_xlim()
    assert whole[0] <= axes[1].get_xlim()[0] < axes[1].get_xlim()[1] <= whole[1]


def test_one_run_is_nothing_to_compare(pair):
    assert beside_sheet(pair[:1], "test") is None


def test_classifiers_have_no_masks(pair, make_run):
    classifier = read_run(make_run("third", task="classification"))
    assert beside_sheet([pair[0], classifier], "test") is None
