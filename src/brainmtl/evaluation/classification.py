"""Classes called against the true ones. A class is its index in :data:`brainmtl.labels.CLASSES`."""

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from brainmtl.labels import CLASSES, HEALTHY

Codes = NDArray[np.integer]
HEALTHY_CODE = CLASSES.index(HEALTHY)


def accuracy(truth: Codes, predicted: Codes) -> float:
    """Share of slices whose class is right.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
    """
    return float(metrics.accuracy_score(truth, predicted))


def f1_macro(truth: Codes, predicted: Codes) -> float:
    """F1 of each class, averaged over the classes that occur in the truth or the prediction.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
    """
    return float(metrics.f1_score(truth, predicted, average="macro", zero_division=0))


def f1_weighted(truth: Codes, predicted: Codes) -> float:
    """F1 of each class, averaged by the class's share of the true slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
    """
    return float(metrics.f1_score(truth, predicted, average="weighted", zero_division=0))


def precision_macro(truth: Codes, predicted: Codes) -> float:
    """Precision of each class, averaged as :func:`f1_macro` is; 0 for a class never called.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
    """
    return float(metrics.precision_score(truth, predicted, average="macro", zero_division=0))


def recall_macro(truth: Codes, predicted: Codes) -> float:
    """Recall of each class, averaged as :func:`f1_macro` is; 0 for a class called but never true.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.
    """
    return float(metrics.recall_score(truth, predicted, average="macro", zero_division=0))


def auroc(truth: Codes, probabilities: NDArray[np.floating]) -> float:
    """Area under the ROC curve of each class against the rest, averaged over the classes that have both.

    Args:
        truth: int ``(N,)``.
        probabilities: ``(N, 4)``.

    Returns:
        0 to 1; NaN where no class has both positives and negatives.
    """
    areas = [
        float(metrics.roc_auc_score(truth == code, probabilities[:, code]))
        for code in range(len(CLASSES))
        if 0 < np.count_nonzero(truth == code) < len(truth)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def miss_rate(truth: Codes, predicted: Codes) -> float:
    """Share of tumour slices called no_tumor.

    Args:
        truth: int ``(N,)``.
        predicted: int ``(N,)``.

    Returns:
        0 to 1; NaN where there is no tumour slice.
    """
    tumour = truth != HEALTHY_CODE
    return float(np.mean(predicted[tumour] == HEALTHY_CODE)) if tumour.any() else float("nan")


def confusion(truth: Codes, predicted: Codes) -> NDArray[np.int64]:
    """Count the slices by true and called class.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        predicted: int ``(N,)``.

    Returns:
        int64 ``(4, 4)``: rows the truth, columns the prediction, in the order of ``CLASSES``.
    """
    table: NDArray[np.int64] = metrics.confusion_matrix(truth, predicted, labels=range(len(CLASSES)))
    return table
