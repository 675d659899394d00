"""Whether certainty means what it says: the reliability diagram."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.reliability import reliability
from brainmtl.report.style import Theme, one_axes


def certainty(
    slices: pd.DataFrame,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[Any] | None]:
    """The probability of the called class, whether it was right, and whose it is, of every slice with both.

    Args:
        slices: ``per_image.parquet``.

    Returns:
        float64 ``(N,)`` in [0, 1]; bool ``(N,)``; ``(N,)``, or none where nobody's group is known.
    """
    known = slices[slices["right"].notna() & slices[PROBABILITIES[0]].notna()]
    top = known[list(PROBABILITIES)].to_numpy(dtype=float).max(axis=1, initial=0.0)
    groups = known["group"].to_numpy(dtype=object) if "group" in known else None
    return top, known["right"].to_numpy(dtype=bool), groups


def reliability_diagram(
    top: NDArray[np.float64],
    right: NDArray[np.bool_],
    groups: NDArray[Any] | None,
    ece: float | None,
    theme: Theme,
) -> Figure:
    """Share of right answers against certainty in equal-width bins, with 95 % intervals.

    A dot's area grows with its slices.

    Args:
        top: float64 ``(N,)``, probability of the called class, N ≥ 1.
        right: bool ``(N,)``.
        groups: ``(N,)``, the person of each slice, or none.
        ece: as measured, to be written in.
        theme: of the page.
    """
    found = reliability(top, right, groups)
    with one_axes(theme) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=theme.soft, linewidth=1, linestyle="--")
        axes.vlines(found.certainty, found.low, found.high, color=theme.series[0], linewidth=1.2)
        area = 16 + 170 * found.n / found.n.max()
        axes.scatter(
            found.certainty,
            found.right,
            s=area,
            color=theme.series[0],
            alpha=0.85,
            linewidths=0,
            clip_on=False,
        )
        for x, y, n in zip(found.certainty, found.right, found.n, strict=True):
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
        axes.text(
            0.97, 0.03, "numbers: slices; lines: 95 % intervals", ha="right", fontsize=8, color=theme.soft
        )
        return figure
