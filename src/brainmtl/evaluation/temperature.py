"""One number that makes probabilities honest without changing any answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import GroupKFold

from brainmtl.evaluation.calibration import ece, nll
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.inference.certainty import SMALLEST
from brainmtl.inference.certainty import temper as scale

__all__ = ["RANGE", "Temperature", "best_temperature", "fit_temperature", "held_out_scaled", "scale"]

RANGE = (0.05, 20.0)
FOLDS = 5


@dataclass(frozen=True)
class Temperature:
    """A temperature, and what it does to slices that it was not fitted on.

    Attributes:
        value: what the logits are divided by; above 1 where the network is too sure.
        nll_before: in nats, on the slices given.
        nll_after: in nats, each slice scaled as the other persons' slices want it.
        ece_before: 0 to 1.
        ece_after: 0 to 1.
        n: slices.
    """

    value: float
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float
    n: int


def best_temperature(truth: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """The temperature of the least negative log-likelihood (Guo et al., ICML 2017).

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.

    Returns:
        Within :data:`RANGE`, at whose ends it stays where every answer is right, or the certainty is worth
        nothing.
    """
    logits, rows = _logits(probabilities), np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / np.exp(log_temperature), axis=1)[rows, truth].mean())

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def fit_temperature(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], groups: NDArray[Any] | None = None
) -> Temperature:
    """Fit a temperature on a validation part, and judge it on persons left out in turn.

    Args:
        truth: int ``(N,)``.
        probabilities: ``(N, 4)``.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.

    Raises:
        ValueError: all slices are of one person.
    """
    scaled = held_out_scaled(truth, probabilities, groups)
    return Temperature(
        best_temperature(truth, probabilities),
        float(nll(truth, probabilities)),
        float(nll(truth, scaled)),
        float(ece(truth, probabilities)),
        float(ece(truth, scaled)),
        len(truth),
    )


def held_out_scaled(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], groups: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """Probabilities, each slice's scaled as the slices of other persons want it.

    Args:
        truth: int ``(N,)``.
        probabilities: ``(N, 4)``.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.

    Returns:
        ``(N, 4)``.

    Raises:
        ValueError: all slices are of one person.
    """
    codes = cluster_codes(groups, len(truth))
    persons = int(codes.max(initial=-1)) + 1
    if persons < 2:
        raise ValueError("a temperature needs slices of two persons at least")
    scaled = np.empty((len(truth), probabilities.shape[1]))
    for seen, left in GroupKFold(min(FOLDS, persons)).split(codes, groups=codes):
        scaled[left] = scale(probabilities[left], best_temperature(truth[seen], probabilities[seen]))
    return scaled


def _logits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = np.log(np.maximum(probabilities.astype(float), SMALLEST))
    return logits
