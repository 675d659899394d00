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
    none = {"mean": None, "sd": None, "low": None, "high": None, "n": 0, "values": [None, None]}
    assert spread([None, None]) == none


def test_the_interval_of_the_mean_is_nadeau_and_bengio_s():
    """Five folds: s² · (1/5 + 1/4), and Student's t of 4 degrees of freedom, 2.7764."""
    values = [0.91, 0.93, 0.95, 0.90, 0.96]
    half = 2.7764451 * stdev(values) * (1 / 5 + 1 / 4) ** 0.5
    assert spread(values)["low"] == pytest.approx(fmean(values) - half)
    assert spread(values)["high"] == pytest.approx(fmean(values) + half)


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


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=10),
    st.lists(st.floats(0, 500), min_size=2, max_size=10),
    st.sampled_from(["hd95_px", "distance_of_somebody"]),
)
def test_an_interval_holds_its_mean_and_nothing_that_cannot_be(shares, distances, far):
    one, other = (
        spread_metrics([{"segmentation": {name: {"value": value}}} for value in values])["segmentation"][name]
        for name, values in (("dice", shares), (far, distances))
    )
    assert 0 <= one["low"] <= one["mean"] + 1e-9
    assert one["mean"] - 1e-9 <= one["high"] <= 1
    assert 0 <= other["low"] <= other["mean"] + 1e-6
    assert other["mean"] <= other["high"] + 1e-6
    if far == "hd95_px" or max(distances) > 1:
        assert other["high"] == pytest.approx(spread(distances)["high"])
