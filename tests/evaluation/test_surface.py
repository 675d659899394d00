"""Outline distances agree with MONAI, and with shapes whose distances can be computed by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from scipy.spatial.distance import directed_hausdorff

from brainmtl.evaluation.surface import hd95, outline_distances, surface_dice, surface_metrics

PAIRS = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)
FULL_PAIRS = PAIRS.filter(lambda pair: pair[0].any() and pair[1].any())


def square(top: int, left: int, side: int = 20) -> np.ndarray:
    mask = np.zeros((60, 80), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def disc(radius: float, size: int = 201) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size // 2
    return rows**2 + columns**2 <= radius**2


def blobs(seed: int, shape: tuple[int, int]) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    rows, columns = (np.fft.fftfreq(length)[:, None] for length in shape)
    smooth = np.fft.ifft2(np.fft.fft2(noise) * np.exp(-600 * (rows**2 + columns.T**2))).real
    return smooth > np.quantile(smooth, 0.95)


def pierced() -> tuple[np.ndarray, np.ndarray]:
    """A full mask, and the same with a hole of one pixel: nearly all distances are 0."""
    full = np.ones((7, 33), bool)
    hole = full.copy()
    hole[2, 2] = False
    return full, hole


def channels(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask)[None, None].float()


@given(FULL_PAIRS)
@example(pierced())
def test_hd95_agrees_with_monai(pair):
    truth, prediction = pair
    expected = compute_hausdorff_distance(
        channels(prediction), channels(truth), include_background=True, percentile=95
    ).item()
    # MONAI interpolates in single precision: of a number near 0 only the absolute error is small
    assert hd95(truth, prediction) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(FULL_PAIRS, st.sampled_from([0.0, 1.0, 2.0, 3.5]))
def test_surface_dice_agrees_with_monai(pair, tolerance):
    truth, prediction = pair
    expected = compute_surface_dice(
        channels(prediction), channels(truth), [tolerance], include_background=True
    ).item()
    assert surface_dice(truth, prediction, tolerance) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.sampled_from([(128, 128), (97, 160)]))
def test_tumour_like_masks_agree_with_monai(seed, shape):
    truth, prediction = blobs(seed, shape), blobs(seed + 1, shape)
    both = (channels(prediction), channels(truth))
    found = surface_metrics(truth, prediction)
    assert found[0] == pytest.approx(
        compute_hausdorff_distance(*both, include_background=True, percentile=95).item(),
        rel=1e-5,
        abs=1e-5,
    )
    assert found[1] == pytest.approx(
        compute_surface_dice(*both, [2.0], include_background=True).item(), abs=1e-6
    )


@given(FULL_PAIRS)
def test_the_greatest_distance_is_scipys_hausdorff(pair):
    """On a chequerboard, where every pixel of a mask is outline."""
    truth, prediction = (mask & (np.add.outer(*map(np.arange, mask.shape)) % 2 == 0) for mask in pair)
    if not (truth.any() and prediction.any()):
        return
    apart = outline_distances(truth, prediction)
    points = np.argwhere(truth), np.argwhere(prediction)
    assert apart.to_prediction.max() == pytest.approx(directed_hausdorff(points[0], points[1])[0])
    assert apart.to_truth.max() == pytest.approx(directed_hausdorff(points[1], points[0])[0])


@given(FULL_PAIRS)
def test_swapping_truth_and_prediction_changes_nothing(pair):
    assert surface_metrics(*pair) == pytest.approx(surface_metrics(*pair[::-1]))


@given(FULL_PAIRS, st.integers(0, 9), st.integers(0, 9))
def test_black_around_a_slice_changes_nothing(pair, rows, columns):
    padded = [np.pad(mask, ((rows, columns), (columns, rows))) for mask in pair]
    assert surface_metrics(*padded) == surface_metrics(*pair)


def test_shifted_squares():
    """Of each outline's 76 pixels, a shift of 3 takes one side of 20, and 14 of the other, beyond 2."""
    assert surface_metrics(square(5, 5), square(5, 5)) == (0, 1)
    assert surface_metrics(square(5, 5), square(5, 7)) == (2, 1)
    far, share = surface_metrics(square(5, 5), square(5, 8))
    assert far == 3
    assert share == pytest.approx(1 - (20 + 14) / 76)


def test_concentric_discs():
    assert hd95(disc(60), disc(40)) == pytest.approx(20, abs=0.75)
    assert surface_dice(disc(60), disc(40)) == 0
    assert surface_dice(disc(60), disc(40), tolerance=22) == 1


def test_a_far_speck_moves_hd95_only_once_it_is_a_twentieth_of_the_outline():
    speckled = square(5, 5)
    speckled[55, 70:73] = True
    assert hd95(square(5, 5), speckled) == 0
    speckled[55, 66:78] = True
    assert hd95(square(5, 5), speckled) > 40


def test_empty_masks():
    full, empty = square(5, 5), np.zeros((60, 80), bool)
    assert surface_metrics(full, empty) == (100, 0)
    assert all(math.isnan(value) for value in surface_metrics(empty, full))
    assert all(math.isnan(value) for value in surface_metrics(empty, empty))
    with pytest.raises(ValueError, match="prediction is empty"):
        outline_distances(full, empty)


def test_masks_that_do_not_match():
    with pytest.raises(ValueError, match="must be bool"):
        hd95(square(5, 5), square(5, 5).astype(np.uint8))
    with pytest.raises(ValueError, match="they must agree"):
        surface_dice(square(5, 5), square(5, 5).T)
