"""The bins of a reliability diagram, each with the interval of what was right."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.calibration import BINS, equal_mass, equal_width
from brainmtl.evaluation.rates import rate_interval


@dataclass(frozen=True)
class Reliability:
    """Bins that hold a slice, in rising order.

    Attributes:
        certainty: float64 ``(K,)``, the mean of what was stated.
        right: float64 ``(K,)``, the share that was right.
        low: float64 ``(K,)``, lower end of its 95 % interval.
        high: float64 ``(K,)``, upper end.
        n: int64 ``(K,)``, slices.
    """

    certainty: NDArray[np.float64]
    right: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]


def reliability(
    certainty: NDArray[np.floating],
    right: NDArray[np.bool_],
    groups: NDArray[Any] | None = None,
    *,
    bins: int = BINS,
    kind: Literal["width", "mass"] = "width",
) -> Reliability:
    """Compare what was stated with what was right, bin by bin.

    Args:
        certainty: ``(N,)``, the probability of the called class, 0 to 1.
        right: bool ``(N,)``.
        groups: ``(N,)``, the person of each slice, for the intervals; default: each slice stands alone.
        bins: how many, at most.
        kind: bins of equal width, or of equally many slices.
    """
    numbers = (equal_width if kind == "width" else equal_mass)(np.asarray(certainty, float), bins)
    rows = []
    for number in np.unique(numbers):
        inside = numbers == number
        share = rate_interval(right[inside].astype(float), None if groups is None else groups[inside])
        rows.append((certainty[inside].mean(), share.value, share.low, share.high, inside.sum()))
    columns = np.array(rows, float).reshape(-1, 5).T
    return Reliability(columns[0], columns[1], columns[2], columns[3], columns[4].astype(np.int64))
