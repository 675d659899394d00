"""Counts a slice give what all pixels together would."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from brainmtl.evaluation.mask_calibration import (
    count_pixels,
    join_counts,
    mask_brier,
    mask_ece,
    mask_ece_uncertain,
    mask_nll,
)


def slices(seed: int, number: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(seed)
    return [(random.random((6, 7)) < 0.3, random.beta(0.5, 1, (6, 7))) for _ in range(number)]


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_agrees_with_scikit_learn_on_all_pixels(seed):
    pairs = slices(seed)
    counts = join_counts([count_pixels(*pair) for pair in pairs])
    truth, shares = (np.concatenate([one.ravel() for one in column]) for column in zip(*pairs, strict=True))
    assert mask_brier(counts) == pytest.approx(brier_score_loss(truth, shares))
    assert mask_nll(counts) == pytest.approx(log_loss(truth, shares), rel=1e-6)
    edges = np.linspace(0, 1, 16)
    gaps = [
        abs((shares[inside] - truth[inside]).sum())
        for low, high in pairwise(edges)
        if (inside := (shares > low) & (shares <= high)).any()
    ]
    assert mask_ece(counts) == pytest.approx(sum(gaps) / len(truth))
    upper = shares > edges[1]
    above = [
        abs((shares[inside] - truth[inside]).sum())
        for low, high in pairwise(edges[1:])
        if (inside := (shares > low) & (shares <= high)).any()
    ]
    assert mask_ece_uncertain(counts) == pytest.approx(sum(above) / upper.sum())


def test_weights_are_repeats():
    parts = [count_pixels(*pair) for pair in slices(4)]
    weighted, repeated = join_counts(parts), join_counts([parts[0], parts[2], parts[2]])
    for score in (mask_ece, mask_ece_uncertain, mask_brier, mask_nll):
        assert score(weighted, np.array([[1.0, 0, 2]]))[0] == pytest.approx(score(repeated))


def test_certain_background():
    counts = count_pixels(np.zeros((4, 5), bool), np.zeros((4, 5)))
    assert (mask_ece(counts), mask_brier(counts), mask_nll(counts)) == (0, 0, 0)
    assert np.isnan(mask_ece_uncertain(counts))
    with pytest.raises(ValueError, match="must agree"):
        count_pixels(np.zeros((4, 5), bool), np.zeros((5, 4)))
