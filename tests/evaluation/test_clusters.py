"""The clustered error is that of statsmodels, and persons are numbered as pandas would."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brainmtl.evaluation.clusters import cluster_codes, cluster_error, cluster_means


def sample(seed: int, slices: int, persons: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=slices), np.r_[
        np.arange(persons), random.integers(persons, size=slices - persons)
    ]


@given(st.integers(0, 10**6), st.integers(2, 12))
def test_error_agrees_with_statsmodels(seed, persons):
    values, groups = sample(seed, 30, persons)
    fit = sm.OLS(values, np.ones(30)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert cluster_error(values, groups) == pytest.approx(fit.bse[0])


def test_one_slice_a_person_is_the_textbook():
    values = np.random.default_rng(1).normal(size=17)
    assert cluster_error(values) == pytest.approx(stats.sem(values))
    assert cluster_error(np.repeat(values, 3), np.repeat(range(17), 3)) == pytest.approx(stats.sem(values))


def test_one_person_shows_no_error():
    assert np.isnan(cluster_error(np.arange(5.0), np.zeros(5)))


def test_unknown_persons_stand_alone():
    codes = cluster_codes(np.array(["b", None, "a", "b", None], object), 5)
    assert codes[0] == codes[3]
    assert len(set(codes)) == 4
    assert set(codes) == set(range(4))
    assert (cluster_codes(None, 3) == [0, 1, 2]).all()
    with pytest.raises(ValueError, match="of 1 slices, not 2"):
        cluster_codes(np.zeros(1), 2)


def test_means_of_persons():
    assert cluster_means(np.array([1.0, 5, 2]), np.array(["a", "b", "a"])).tolist() == [1.5, 5]
