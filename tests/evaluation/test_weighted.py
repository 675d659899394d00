"""Weighted averages are those of NumPy on slices repeated as often as they weigh."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.evaluation import calibration, classification
from brainmtl.evaluation.weighted import mean, median, once, ratio

SAMPLES = st.lists(
    st.tuples(st.one_of(st.just(np.nan), st.floats(-5, 5)), st.integers(0, 3)), min_size=1, max_size=15
).map(lambda pairs: tuple(np.array(column, float) for column in zip(*pairs, strict=True)))


@pytest.mark.parametrize(("ours", "theirs"), [(mean, np.mean), (median, np.median)])
@given(sample=SAMPLES)
def test_weights_are_repeats(ours, theirs, sample):
    values, weights = sample
    repeated = np.repeat(values, weights.astype(int))
    repeated = repeated[~np.isnan(repeated)]
    expected = theirs(repeated) if len(repeated) else np.nan
    assert ours(values, weights) == pytest.approx(expected, nan_ok=True)
    assert ours(values, np.stack([weights, weights])) == pytest.approx(np.full(2, expected), nan_ok=True)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_class_metrics_of_weighted_slices_are_those_of_repeated_ones(seed, slices):
    random = np.random.default_rng(seed)
    truth, shares = random.integers(0, 4, slices), random.integers(1, 6, (slices, 4)) / 20
    weights = random.integers(0, 4, slices)
    weights[0] = 1
    repeated = np.repeat(np.arange(slices), weights)
    said = shares.argmax(axis=1)
    for score in (
        classification.accuracy,
        classification.f1_macro,
        classification.f1_weighted,
        classification.precision_macro,
        classification.recall_macro,
        classification.miss_rate,
    ):
        expected = score(truth[repeated], said[repeated])
        found = score(truth, said, np.stack([weights.astype(float), np.ones(slices)]))
        assert found == pytest.approx([expected, score(truth, said)], nan_ok=True)
    for score in (classification.auroc, calibration.ece, calibration.brier, calibration.nll):
        expected = score(truth[repeated], shares[repeated])
        assert score(truth, shares, weights.astype(float)) == pytest.approx(expected, nan_ok=True)


def test_nothing_over_nothing_is_not_a_number():
    assert ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])) == pytest.approx([0.5, np.nan], nan_ok=True)


def test_weights_of_other_slices():
    with pytest.raises(ValueError, match="of 3 slices, not 2"):
        once(np.ones(3), 2)
