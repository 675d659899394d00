"""Mean and SD over folds, against the standard library's."""

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.study.summary import spread, spread_metrics

NUMBERS = st.lists(st.floats(0, 1), min_size=2, max_size=9)


@given(NUMBERS)
def test_spread_is_the_mean_and_the_sample_sd(values):
    found = spread([*values, None])
    assert found["mean"] == pytest.approx(fmean(values))
    assert found["sd"] == pytest.approx(stdev(values))
    assert (found["n"], found["values"]) == (len(values), [*values, None])


def test_one_fold_has_no_sd_and_none_has_no_mean():
    assert spread([0.5])["sd"] is None
    assert spread([None, None]) == {"mean": None, "sd": None, "n": 0, "values": [None, None]}


def test_matrices_and_absent_sections_are_left_out():
    folds = [
        {
            "segmentation": None,
            "classification": {"accuracy": {"value": value, "n": 4}, "confusion": {"value": [[1]], "n": 4}},
        }
        for value in (0.5, 0.75)
    ]
    found = spread_metrics(folds)
    assert set(found) == {"classification"}
    assert set(found["classification"]) == {"accuracy"}
    assert found["classification"]["accuracy"]["mean"] == 0.625
