"""Lesions are paired one to one, as many as can be."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from brainmtl.evaluation.lesions import LesionCounts, count_lesions, match_lesions

MASKS = arrays(bool, (7, 8), elements=st.sampled_from([False, False, True]))


def box(*places: tuple[int, int], side: int = 4) -> np.ndarray:
    mask = np.zeros((30, 40), bool)
    for top, left in places:
        mask[top : top + side, left : left + side] = True
    return mask


@settings(max_examples=60, deadline=None)
@given(MASKS, MASKS)
def test_no_other_pairing_has_more_pairs(truth, prediction):
    found = match_lesions(truth, prediction)
    (true, trues), (said, saids) = (ndimage.label(mask, np.ones((3, 3))) for mask in (truth, prediction))
    assert (found.true, found.predicted) == (trues, saids)
    fits = [
        [
            ((true == a) & (said == b)).sum() / ((true == a) | (said == b)).sum() >= 0.1
            for b in range(1, saids + 1)
        ]
        for a in range(1, trues + 1)
    ]
    if trues <= 5 and saids <= 5:
        fits = fits if trues <= saids else [list(column) for column in zip(*fits, strict=True)]
        wide = max(trues, saids)
        best = max(
            (sum(fits[a][b] for a, b in enumerate(order)) for order in permutations(range(wide), len(fits))),
            default=0,
        )
        assert found.matched == best


@given(MASKS)
def test_a_mask_against_itself(mask):
    n = count_lesions(mask)
    assert match_lesions(mask, mask) == LesionCounts(n, n, n)


@pytest.mark.parametrize(
    ("truth", "prediction", "expected"),
    [
        (box(), box(), (0, 0, 0)),
        (box((2, 2)), box(), (1, 0, 0)),
        (box(), box((2, 2)), (0, 1, 0)),
        (box((2, 2), (20, 20)), box((3, 3)), (2, 1, 1)),
        (box((2, 2), (2, 8)), box((2, 2), side=10), (2, 1, 1)),
        (box((2, 2)), box((5, 5)), (1, 1, 0)),  # one pixel of 31
    ],
)
def test_hand_made(truth, prediction, expected):
    assert match_lesions(truth, prediction) == LesionCounts(*expected)


def test_pixels_that_touch_at_a_corner_are_one_lesion():
    assert count_lesions(np.eye(5, dtype=bool)) == 1
