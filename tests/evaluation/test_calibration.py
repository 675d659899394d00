"""Calibration metrics agree with torchmetrics, scikit-learn and torch, and with closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from brainmtl.evaluation.calibration import brier, ece, ece_adaptive, nll

SAMPLES = st.tuples(st.integers(0, 10**6), st.integers(1, 200), st.sampled_from([0.1, 1.0, 10.0])).map(
    lambda drawn: sample(*drawn)
)


def sample(seed: int, slices: int, concentration: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet(np.full(4, concentration), slices)
    return generator.integers(0, 4, slices), shares * 0.999 + 0.00025


@given(SAMPLES)
def test_ece_agrees_with_torchmetrics(sample):
    truth, shares = (torch.from_numpy(values) for values in sample)
    expected = multiclass_calibration_error(shares, truth, num_classes=4, n_bins=15, norm="l1").item()
    assert ece(*sample) == pytest.approx(expected, abs=1e-5)


@given(SAMPLES)
def test_brier_agrees_with_scikit_learn(sample):
    expected = brier_score_loss(*sample, labels=range(4), scale_by_half=False)
    assert brier(*sample) == pytest.approx(expected)


@given(SAMPLES)
def test_nll_agrees_with_torch(sample):
    truth, shares = (torch.from_numpy(values) for values in sample)
    expected = torch.nn.functional.nll_loss(shares.log(), truth).item()
    assert nll(*sample) == pytest.approx(expected)


def test_certain_and_right():
    truth, shares = np.array([0, 3]), np.eye(4)[[0, 3]]
    assert (ece(truth, shares), brier(truth, shares)) == (0, 0)
    assert nll(truth, shares) == pytest.approx(0, abs=1e-12)


def test_certain_and_wrong():
    truth, shares = np.array([0, 3]), np.eye(4, dtype=np.float32)[[1, 2]]
    assert (ece(truth, shares), brier(truth, shares)) == (1, 2)
    assert nll(truth, shares) == pytest.approx(-math.log(np.finfo(float).eps))


def test_no_idea():
    truth, shares = np.array([0, 1, 2, 3]), np.full((4, 4), 0.25)
    assert ece(truth, shares) == 0
    assert brier(truth, shares) == 0.75
    assert nll(truth, shares) == pytest.approx(math.log(4))


def test_a_bin_is_closed_above():
    """.6 is 9/15 and shares its bin with .59, so a right and a wrong slice balance; not so in finer bins."""
    truth, shares = np.array([0, 1]), np.array([[0.6, 0.4, 0, 0], [0.59, 0.41, 0, 0]])
    assert ece(truth, shares) == pytest.approx(abs(0.6 + 0.59 - 1) / 2)
    assert ece(truth, shares, bins=100) == pytest.approx((0.4 + 0.59) / 2)


def test_adaptive_bins_hold_equally_many_slices():
    """Certainties .9, .8 (right) and .7, .6 (wrong); in two bins of two: |.85 − 1| and |.65 − 0|, halved."""
    top = np.array([0.7, 0.9, 0.6, 0.8])
    shares = np.stack([top, 1 - top, 0 * top, 0 * top], axis=1)
    assert ece_adaptive(np.array([1, 0, 1, 0]), shares, bins=2) == pytest.approx((0.15 + 0.65) / 2)
