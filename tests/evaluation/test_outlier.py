"""Outlier scores agree with SciPy and torch, and tell strangers apart."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import ledoit_wolf

from brainmtl.evaluation.classification import separation
from brainmtl.evaluation.outlier import alarm_threshold, distance, energy, fit_features

RANDOM = np.random.default_rng(2)
CLASSES = RANDOM.integers(0, 3, 300)
CENTRES = RANDOM.normal(0, 4, (3, 6))
FEATURES = CENTRES[CLASSES] + RANDOM.normal(size=(300, 6))


def test_energy_agrees_with_torch():
    logits = RANDOM.normal(0, 5, (20, 4))
    expected = -1.5 * torch.logsumexp(torch.from_numpy(logits) / 1.5, dim=1)
    assert energy(logits, 1.5) == pytest.approx(expected.numpy())


def test_distance_agrees_with_scipy():
    centres = [FEATURES[code == CLASSES].mean(axis=0) for code in range(3)]
    shared = ledoit_wolf(FEATURES - np.stack(centres)[CLASSES], assume_centered=True)[0]
    inverse = np.linalg.inv(shared)
    expected = [min(mahalanobis(one, centre, inverse) ** 2 for centre in centres) for one in FEATURES[:40]]
    assert distance(fit_features(FEATURES, CLASSES), FEATURES[:40]) == pytest.approx(expected)


def test_strangers_are_farther_away():
    space = fit_features(FEATURES[:200], CLASSES[:200])
    near, far = distance(space, FEATURES[200:]), distance(space, RANDOM.normal(0, 6, (100, 6)))
    assert near.mean() == pytest.approx(6, rel=0.25)
    assert separation(np.repeat([False, True], 100), np.r_[near, far]) > 0.95
    assert np.mean(near > alarm_threshold(distance(space, FEATURES[:200]))) < 0.15


def test_alarms_are_as_rare_as_promised():
    assert alarm_threshold(np.arange(19.0), 0.05) == 18
    assert alarm_threshold(np.arange(18.0), 0.05) == np.inf
    thresholds = [alarm_threshold(RANDOM.normal(size=80), 0.1) for _ in range(400)]
    assert np.mean(RANDOM.normal(size=(400, 50)) > np.array(thresholds)[:, None]) < 0.105


def test_one_slice_is_no_space():
    with pytest.raises(ValueError, match="two slices"):
        fit_features(FEATURES[:1], CLASSES[:1])
