"""What is left wrong when the least certain slices are not answered: the risk–coverage curve."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.evaluation.selective import risk_coverage
from brainmtl.report.style import Theme, one_axes


def risk_coverage_curve(
    top: NDArray[np.float64], right: NDArray[np.bool_], aurc: float | None, theme: Theme
) -> Figure:
    """Share of wrong classes among the answered against the share answered, the surest first.

    Beside it the best order there could be, which answers every wrong slice last, and a random one.

    Args:
        top: float64 ``(N,)``, probability of the called class, N ≥ 1.
        right: bool ``(N,)``.
        aurc: as measured, to be written in.
        theme: of the page.
    """
    wrong = (~right).astype(float)
    with one_axes(theme) as (figure, axes):
        best = risk_coverage(-np.arange(len(wrong), dtype=float), np.sort(wrong))
        for curve, colour, title, style in (
            (risk_coverage(top, wrong), theme.series[0], "by certainty", "-"),
            (best, theme.series[2], "best order", (0, (3, 1.5))),
        ):
            axes.plot(curve.coverage, curve.risk, color=colour, label=title, linestyle=style)
        axes.axhline(wrong.mean(), color=theme.soft, linewidth=1, linestyle="--", label="random order")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("share answered")
        axes.set_ylabel("share of those with a wrong class")
        if aurc is not None:
            place: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "fontweight": "bold"}
            axes.text(0.03, 0.88, f"AURC {aurc:.4f}", fontsize=10, **place)
        figure.legend(loc="outside upper left", ncols=3, columnspacing=1.0)
        return figure
