"""Overlap metrics agree with scikit-learn and MONAI, and with areas that can be computed by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_dice, compute_iou
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from brainmtl.evaluation.segmentation import Counts, counts, dice, iou, pixel_accuracy

PAIRS = st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def square(top: int, left: int, side: int = 10) -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[top : top + side, left : left + side] = True
    return mask


@given(PAIRS)
def test_agrees_with_scikit_learn(pair):
    truth, prediction = pair
    flat = (truth.ravel(), prediction.ravel())
    assert pixel_accuracy(truth, prediction) == pytest.approx(accuracy_score(*flat))
    if truth.any():
        assert dice(truth, prediction) == pytest.approx(f1_score(*flat))
        assert iou(truth, prediction) == pytest.approx(jaccard_score(*flat))


@given(PAIRS)
def test_agrees_with_monai_on_when_a_slice_counts(pair):
    truth, prediction = (torch.from_numpy(mask)[None, None].float() for mask in pair)
    expected = compute_dice(prediction, truth, ignore_empty=True).item()
    assert dice(*pair) == pytest.approx(expected, abs=1e-6, nan_ok=True)
    expected = compute_iou(prediction, truth, ignore_empty=True).item()
    assert iou(*pair) == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_a_square_shifted_by_half():
    assert counts(square(5, 5), square(5, 10)) == Counts(truth=100, predicted=100, overlap=50, pixels=2400)
    assert dice(square(5, 5), square(5, 10)) == 0.5
    assert iou(square(5, 5), square(5, 10)) == pytest.approx(1 / 3)
    assert pixel_accuracy(square(5, 5), square(5, 10)) == pytest.approx(2300 / 2400)


@pytest.mark.parametrize("metric", [dice, iou])
def test_empty_masks(metric):
    full, empty = square(5, 5), np.zeros((40, 60), bool)
    assert metric(full, empty) == 0
    assert math.isnan(metric(empty, empty))
    assert math.isnan(metric(empty, full))
    assert pixel_accuracy(empty, empty) == 1


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (np.zeros((60, 40), bool), "they must agree"),
        (np.full((40, 60), 255, np.uint8), "prediction must be bool, not uint8"),
        (np.zeros((1, 40, 60), bool), r"must be \(H, W\)"),
    ],
)
def test_masks_that_do_not_match(prediction, message):
    with pytest.raises(ValueError, match=message):
        dice(square(5, 5), prediction)
