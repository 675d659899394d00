"""What is fitted is scikit-learn's; strangers are told apart, and alarms are as rare as promised."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.decomposition import PCA

from brainmtl.evaluation.classification import separation
from brainmtl.evaluation.outlier import alarm_threshold, fit_features, held_out_distance
from brainmtl.inference.familiarity import distance

RANDOM = np.random.default_rng(2)
MIXING = RANDOM.normal(size=(12, 12))
FEATURES = RANDOM.normal(size=(300, 12)) @ MIXING * 3 + 7


def test_distances_are_those_of_the_fitted_normal():
    mean, scale = FEATURES.mean(axis=0), FEATURES.std(axis=0)
    inverse = PCA(4, svd_solver="full").fit((FEATURES - mean) / scale).get_precision()
    expected = [mahalanobis((one - mean) / scale, np.zeros(12), inverse) ** 2 for one in FEATURES[:40]]
    assert distance(fit_features(FEATURES, 4), FEATURES[:40]) == pytest.approx(expected, rel=1e-3)


def test_strangers_are_farther_away():
    space = fit_features(FEATURES[:200])
    near, far = distance(space, FEATURES[200:]), distance(space, RANDOM.normal(7, 9, (100, 12)))
    assert separation(np.repeat([False, True], 100), np.r_[near, far]) > 0.95
    assert np.mean(near > alarm_threshold(held_out_distance(FEATURES[:200]), 0.05)) < 0.12


def test_a_persons_own_slices_make_none_familiar():
    """Each person's slices are copies: seen with the others' they lie close, left out as far as strangers."""
    persons = np.repeat(np.arange(40), 10)
    copies = np.repeat(RANDOM.normal(size=(40, 60)), 10, axis=0)
    together, apart = held_out_distance(copies), held_out_distance(copies, persons)
    assert np.median(apart) > 1.5 * np.median(together)


def test_features_that_never_change_do_no_harm():
    features = np.c_[FEATURES, np.full(300, 3.0)]
    assert np.isfinite(distance(fit_features(features), features)).all()
    assert distance(fit_features(features), np.full((1, 13), 50.0))[0] > 1e3


def test_alarms_are_as_rare_as_promised():
    assert alarm_threshold(np.arange(19.0), 0.05) == 18
    assert alarm_threshold(np.arange(18.0), 0.05) == np.inf
    thresholds = [alarm_threshold(RANDOM.normal(size=80), 0.1) for _ in range(400)]
    assert np.mean(RANDOM.normal(size=(400, 50)) > np.array(thresholds)[:, None]) < 0.105


def test_what_is_no_space():
    with pytest.raises(ValueError, match="two slices"):
        fit_features(FEATURES[:1])
    with pytest.raises(ValueError, match="same features"):
        fit_features(np.ones((9, 3)))
    with pytest.raises(ValueError, match="two persons"):
        held_out_distance(FEATURES, np.zeros(300))
