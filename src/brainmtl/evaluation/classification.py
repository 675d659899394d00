"""Classes called against the true ones. A class is its index in :data:`brainmtl.labels.CLASSES`.

``weights`` are always how often each slice counts, ``(..., N)``, by default once each; what comes back is
``(...)``.
"""

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.weighted import Weights, mean, once, ratio
from brainmtl.labels import CLASSES, HEALTHY

Codes = NDArray[np.integer]
HEALTHY_CODE = CLASSES.index(HEALTHY)
PROBABILITIES = tuple(f"p_{name}" for name in CLASSES)
"""The columns that hold a slice's four probabilities."""


def confusion(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """Count the slices by true and called class.

    Args:
        truth: int ``(N,)``.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.

    Returns:
        ``(..., 4, 4)``: rows the truth, columns the prediction, in the order of ``CLASSES``.
    """
    classes = len(CLASSES)
    cells = np.eye(classes * classes)[truth * classes + predicted]
    weights = once(weights, len(truth))
    return np.asarray(weights @ cells).reshape(*weights.shape[:-1], classes, classes)


def accuracy(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """Share of slices whose class is right.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.
    """
    return mean((truth == predicted).astype(float), weights)


def f1_macro(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """F1 of each class, averaged over the classes that occur in the truth or the prediction.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.
    """
    table = confusion(truth, predicted, weights)
    return _over_present(table, _f1(table))


def f1_weighted(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """F1 of each class, averaged by the class's share of the true slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.
    """
    table = confusion(truth, predicted, weights)
    true = table.sum(axis=-1)
    return ratio((true * np.nan_to_num(_f1(table))).sum(axis=-1), true.sum(axis=-1))


def precision_macro(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """Precision of each class, averaged as :func:`f1_macro` is; 0 for a class never called.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.
    """
    table = confusion(truth, predicted, weights)
    return _over_present(table, ratio(_diagonal(table), table.sum(axis=-2)))


def recall_macro(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """Recall of each class, averaged as :func:`f1_macro` is; 0 for a class called but never true.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.
    """
    table = confusion(truth, predicted, weights)
    return _over_present(table, ratio(_diagonal(table), table.sum(axis=-1)))


def auroc(
    truth: Codes, probabilities: NDArray[np.floating], weights: Weights | None = None
) -> NDArray[np.float64]:
    """Area under the ROC curve of each class against the rest, averaged over the classes that have both.

    Args:
        truth: int ``(N,)``.
        probabilities: ``(N, 4)``.
        weights: ``(..., N)``.

    Returns:
        0 to 1; NaN where no class has both positives and negatives.
    """
    weights = once(weights, len(truth))
    areas = np.stack(
        [separation(truth == code, probabilities[:, code], weights) for code in range(len(CLASSES))], axis=-1
    )
    known = ~np.isnan(areas)
    return ratio(np.where(known, areas, 0.0).sum(axis=-1), known.sum(axis=-1))


def separation(
    positive: NDArray[np.bool_], scores: NDArray[np.floating], weights: Weights | None = None
) -> NDArray[np.float64]:
    """Area under one ROC curve: how often a positive scores above a negative; a tie counts half.

    Args:
        positive: bool ``(N,)``.
        scores: ``(N,)``.
        weights: ``(..., N)``.

    Returns:
        0 to 1; NaN without positives or without negatives (Hanley and McNeil, Radiology 143:29, 1982).
    """
    weights = once(weights, len(positive))
    order = np.argsort(scores, kind="stable")
    ranked, inside = scores[order], positive[order]
    passed = np.cumsum(weights[..., order] * ~inside, axis=-1)
    passed = np.concatenate([np.zeros((*passed.shape[:-1], 1)), passed], axis=-1)
    first = np.searchsorted(ranked, ranked[inside], side="left")
    last = np.searchsorted(ranked, ranked[inside], side="right")
    mine = weights[..., order[inside]]
    won = (mine * (passed[..., first] + passed[..., last]) / 2).sum(axis=-1)
    return ratio(won, mine.sum(axis=-1) * passed[..., -1])


def miss_rate(truth: Codes, predicted: Codes, weights: Weights | None = None) -> NDArray[np.float64]:
    """Share of tumour slices called no_tumor.

    Args:
        truth: int ``(N,)``.
        predicted: int ``(N,)``.
        weights: ``(..., N)``.

    Returns:
        0 to 1; NaN where there is no tumour slice.
    """
    missed = np.where(truth == HEALTHY_CODE, np.nan, predicted == HEALTHY_CODE)
    return mean(missed, weights)


def _f1(table: NDArray[np.float64]) -> NDArray[np.float64]:
    return ratio(2 * _diagonal(table), table.sum(axis=-1) + table.sum(axis=-2))


def _over_present(table: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    present = table.sum(axis=-1) + table.sum(axis=-2) > 0
    return ratio((present * np.nan_to_num(scores)).sum(axis=-1), present.sum(axis=-1))


def _diagonal(table: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.diagonal(table, axis1=-2, axis2=-1)
