"""Class metrics agree with torchmetrics, and with counting."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional import classification as reference

from brainmtl.evaluation import classification
from brainmtl.labels import CLASSES

CALLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60).map(
    lambda pairs: tuple(np.array(codes) for codes in zip(*pairs, strict=True))
)
SCORES = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.integers(1, 8), min_size=4, max_size=4)), min_size=1, max_size=30
)
GLIOMA, MENINGIOMA, PITUITARY, HEALTHY = range(4)


@pytest.mark.parametrize(
    ("ours", "theirs", "average"),
    [
        (classification.accuracy, reference.multiclass_accuracy, "micro"),
        (classification.f1_macro, reference.multiclass_f1_score, "macro"),
        (classification.f1_weighted, reference.multiclass_f1_score, "weighted"),
        (classification.precision_macro, reference.multiclass_precision, "macro"),
        (classification.recall_macro, reference.multiclass_recall, "macro"),
    ],
)
@given(calls=CALLS)
def test_agrees_with_torchmetrics(ours, theirs, average, calls):
    truth, predicted = calls
    expected = theirs(torch.from_numpy(predicted), torch.from_numpy(truth), num_classes=4, average=average)
    assert ours(truth, predicted) == pytest.approx(expected.item(), abs=1e-6)


@given(CALLS)
def test_confusion_counts_every_slice_where_it_belongs(calls):
    truth, predicted = calls
    table = classification.confusion(truth, predicted)
    for row, column in np.ndindex(4, 4):
        assert table[row, column] == sum((truth == row) & (predicted == column))


@given(SCORES)
def test_auroc_is_the_share_of_pairs_in_order(scores):
    truth = np.array([code for code, _ in scores])
    shares = np.array([weights for _, weights in scores], float)
    shares /= shares.sum(axis=1, keepdims=True)
    areas = []
    for code in range(4):
        inside, outside = shares[truth == code, code], shares[truth != code, code]
        if inside.size and outside.size:
            gaps = inside[:, None] - outside[None]
            areas.append(((gaps > 0) + 0.5 * (gaps == 0)).mean())
    expected = np.mean(areas) if areas else float("nan")
    assert classification.auroc(truth, shares) == pytest.approx(expected, nan_ok=True)


def test_classes_are_in_the_vocabularys_order():
    assert CLASSES == ("glioma", "meningioma", "pituitary", "no_tumor")
    table = classification.confusion(np.array([PITUITARY, HEALTHY]), np.array([PITUITARY, GLIOMA]))
    assert table[2, 2] == 1
    assert table[3, 0] == 1
    assert table.sum() == 2


def test_macro_is_over_the_classes_that_occur():
    truth, predicted = np.array([GLIOMA] * 4), np.array([GLIOMA] * 3 + [HEALTHY])
    assert classification.f1_macro(truth, predicted) == pytest.approx((6 / 7 + 0) / 2)
    assert classification.f1_weighted(truth, predicted) == pytest.approx(6 / 7)
    assert classification.precision_macro(truth, predicted) == 0.5
    assert classification.recall_macro(truth, predicted) == pytest.approx(0.75 / 2)


def test_auroc_of_one_class_is_not_defined():
    assert math.isnan(classification.auroc(np.array([GLIOMA, GLIOMA]), np.full((2, 4), 0.25)))


def test_miss_rate_is_of_tumour_slices():
    truth = np.array([GLIOMA, MENINGIOMA, PITUITARY, PITUITARY, HEALTHY, HEALTHY])
    predicted = np.array([HEALTHY, PITUITARY, PITUITARY, HEALTHY, HEALTHY, GLIOMA])
    assert classification.miss_rate(truth, predicted) == 0.5
    assert math.isnan(classification.miss_rate(truth[4:], predicted[4:]))
