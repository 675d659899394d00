"""The bins of the diagram are scikit-learn's, and add up to the calibration errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from brainmtl.evaluation.calibration import ece, ece_adaptive
from brainmtl.evaluation.rates import rate_interval
from brainmtl.evaluation.reliability import reliability


def sample(seed: int, slices: int = 90) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, 4, slices), random.dirichlet(np.full(4, 0.5), slices)


@pytest.mark.parametrize(("kind", "score"), [("width", ece), ("mass", ece_adaptive)])
@given(seed=st.integers(0, 10**6))
def test_bins_add_up_to_the_calibration_error(kind, score, seed):
    truth, shares = sample(seed)
    found = reliability(shares.max(axis=1), shares.argmax(axis=1) == truth, kind=kind)
    gap = np.sum(found.n * np.abs(found.certainty - found.right)) / 90
    assert gap == pytest.approx(score(truth, shares))
    assert found.n.sum() == 90
    assert (found.low <= found.right).all()
    assert (found.right <= found.high).all()


def test_agrees_with_scikit_learn():
    truth, shares = sample(3)
    top, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    for kind, strategy in (("width", "uniform"), ("mass", "quantile")):
        true, stated = calibration_curve(right, top, n_bins=15, strategy=strategy)
        found = reliability(top, right, kind=kind)
        assert found.certainty == pytest.approx(stated)
        assert found.right == pytest.approx(true)


def test_bins_of_equal_mass_keep_ties_together():
    found = reliability(np.array([0.5] * 7 + [0.9] * 3), np.ones(10, bool), bins=5, kind="mass")
    assert found.n.tolist() == [7, 3]


def test_persons_widen_the_intervals():
    right, groups = np.arange(24) % 8 < 6, np.arange(24) % 8
    found = reliability(np.full(24, 0.8), right, groups)
    expected = rate_interval(right.astype(float), groups)
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high))
    assert found.low[0] < rate_interval(right.astype(float)).low
