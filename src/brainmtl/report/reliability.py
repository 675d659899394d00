"""Whether certainty means what it says: the reliability diagram."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.evaluation.calibration import BINS
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.report.style import Theme, one_axes


def certainty(slices: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of the called class, and whether it was right, of every labelled slice that has both.

    Args:
        slices: ``per_image.parquet``.

    Returns:
        float64 ``(N,)`` in [0, 1]; bool ``(N,)``.
    """
    known = slices[slices["right"].notna() & slices[PROBABILITIES[0]].notna()]
    top = known[list(PROBABILITIES)].to_numpy(dtype=float).max(axis=1, initial=0.0)
    return top, known["right"].to_numpy(dtype=bool)


def reliability_diagram(
    top: NDArray[np.float64], right: NDArray[np.bool_], ece: float | None, theme: Theme
) -> Figure:
    """Share of right answers against certainty in equal-width bins; a dot's area grows with its slices.

    Args:
        top: float64 ``(N,)``, probability of the called class, N ≥ 1.
        right: bool ``(N,)``.
        ece: as measured, to be written in.
        theme: of the page.
    """
    bins = np.clip(np.ceil(top * BINS).astype(int) - 1, 0, BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    used = count > 0
    said = np.bincount(bins, top, BINS)[used] / count[used]
    true = np.bincount(bins, right, BINS)[used] / count[used]
    with one_axes(theme) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=theme.soft, linewidth=1, linestyle="--")
        axes.vlines(said, said, true, color=theme.series[0], linewidth=1.2)
        area = 16 + 170 * count[used] / count.max()
        axes.scatter(said, true, s=area, color=theme.series[0], alpha=0.85, linewidths=0, clip_on=False)
        for x, y, n in zip(said, true, count[used], strict=True):
            axes.annotate(
                f"{n}",
                (x, y),
                (0, 10 if y >= x or y < 0.08 else -11),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=7.5,
            )
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, 1.1)
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.set_xlabel("certainty: probability of the called class")
        axes.set_ylabel("share that was right")
        axes.text(
            0.03, 0.93, "" if ece is None else f"ECE {ece:.3f}", va="top", fontsize=10, fontweight="bold"
        )
        axes.text(0.97, 0.03, "numbers: slices", ha="right", fontsize=8, color=theme.soft)
        return figure
