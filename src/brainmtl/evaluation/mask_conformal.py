"""Margins around predicted masks, wide enough for the true tumour, as often as promised."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brainmtl.evaluation.bootstrap import Interval
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.rates import rate_interval
from brainmtl.evaluation.segmentation import check_pair

COVERED = 0.95
"""Share of a tumour's pixels that a margin has to cover."""


@dataclass(frozen=True)
class Margin:
    """By how much to dilate a predicted mask.

    Attributes:
        pixels: radius; infinite where no margin can keep the promise.
        confidence: share of new persons whose tumours are covered on every slice.
        persons: that it was calibrated on.
    """

    pixels: float
    confidence: float
    persons: int


def needed_margin(truth: NDArray[np.bool_], prediction: NDArray[np.bool_], covered: float = COVERED) -> float:
    """The least radius at which the dilated prediction covers a tumour.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.
        covered: share of the true pixels that must lie within, above 0, to 1.

    Returns:
        Pixels, Euclidean; 0 without a tumour, infinite where a tumour got no mask at all.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    check_pair(truth, prediction)
    if not truth.any():
        return 0.0
    if not prediction.any():
        return math.inf
    away = np.sort(ndimage.distance_transform_edt(~prediction)[truth])
    return float(away[math.ceil(covered * len(away) - 1e-9) - 1])


def dilate(prediction: NDArray[np.bool_], pixels: float) -> NDArray[np.bool_]:
    """Every pixel no farther from a mask than a margin.

    Args:
        prediction: bool ``(H, W)``.
        pixels: radius; an infinite one takes the whole slice.
    """
    if not prediction.any():
        return np.full_like(prediction, math.isinf(pixels))
    wider: NDArray[np.bool_] = ndimage.distance_transform_edt(~prediction) <= pixels
    return wider


def fit_margin(
    needed: NDArray[np.floating], groups: NDArray[Any] | None = None, confidence: float = 0.9
) -> Margin:
    """Split-conformal margin over persons: the ⌈(G + 1) · confidence⌉-th smallest of their worst slices.

    A new person's slices are then all covered with that confidence, however alike they are among themselves
    (Vovk, Gammerman and Shafer 2005; persons, not slices, are what is exchangeable).

    Args:
        needed: ``(N,)``, :func:`needed_margin` of each calibration slice.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        confidence: 0 to 1.
    """
    worst = _worst(needed, groups)
    rank = math.ceil((len(worst) + 1) * confidence - 1e-9)
    pixels = float(np.sort(worst)[rank - 1]) if rank <= len(worst) else math.inf
    return Margin(pixels, confidence, len(worst))


def held_out_margin(
    needed: NDArray[np.floating],
    groups: NDArray[Any] | None = None,
    *,
    confidence: float = 0.9,
    folds: int = 10,
    seed: int = 0,
) -> Interval:
    """How often a margin fitted on some persons covers all slices of others: persons are dealt into folds.

    Args:
        needed: ``(N,)``, :func:`needed_margin` of each calibration slice.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        confidence: as will be promised.
        folds: at least 2.
        seed: of the deal.

    Returns:
        The share of persons with its 95 % interval.
    """
    worst = _worst(needed, groups)
    fold = np.random.default_rng(seed).permutation(len(worst)) % folds
    covered = [
        worst[fold == number] <= fit_margin(worst[fold != number], confidence=confidence).pixels
        for number in range(folds)
    ]
    return rate_interval(np.concatenate(covered).astype(float))


def control_risk(
    losses: NDArray[np.floating], groups: NDArray[Any] | None, risk: float, most: float = 1.0
) -> int | None:
    """Conformal risk control: the mildest setting whose expected loss on a new person is bounded.

    The setting λ is the first with G/(G+1) · mean loss + most/(G+1) ≤ risk (Angelopoulos et al., ICLR 2024);
    a person's loss is the mean over the slices.

    Args:
        losses: ``(N, L)``, of each slice at each of L settings, e.g. the share of the tumour missed at
            falling thresholds; never rising from one setting to the next.
        groups: ``(N,)``, the person of each slice; none where each slice stands alone.
        risk: what is tolerated, 0 to ``most``.
        most: the greatest loss there can be.

    Returns:
        The number of the setting; none where no setting keeps the bound.

    Raises:
        ValueError: a loss rises.
    """
    if (np.diff(losses, axis=1) > 1e-12).any():
        raise ValueError("a loss rises from one setting to the next")
    codes = cluster_codes(groups, len(losses))
    persons = int(codes.max(initial=-1)) + 1
    sums = np.zeros((persons, losses.shape[1]))
    np.add.at(sums, codes, losses)
    mean = (sums / np.bincount(codes)[:, None]).sum(axis=0)
    kept = np.flatnonzero((mean + most) / (persons + 1) <= risk)
    return int(kept[0]) if len(kept) else None


def _worst(needed: NDArray[np.floating], groups: NDArray[Any] | None) -> NDArray[np.float64]:
    codes = cluster_codes(groups, len(needed))
    worst = np.zeros(int(codes.max(initial=-1)) + 1)
    np.maximum.at(worst, codes, np.asarray(needed, float))
    return worst
