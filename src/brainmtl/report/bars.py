"""Bars with error bars: what was published, and what was measured, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from brainmtl.report.style import Theme, one_axes

WIDTH: Final = 6.6
ROW: Final = 0.36
"""Inches a row; a heading takes as much."""
THICK: Final = 0.36
"""Of a row, each of its two bars."""


@dataclass(frozen=True)
class Estimate:
    """A number in [0, 1] with the ends of its error bar, if it has any."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class BarRow:
    """A row of bars.

    Attributes:
        name: what it is of.
        published: the upper, pale bar; ``None`` where nothing is published.
        ours: the lower bar; ``None`` where nothing was measured.
    """

    name: str
    published: Estimate | None
    ours: Estimate | None


def bar_chart(groups: Mapping[str, Sequence[BarRow]], error: str, theme: Theme) -> Figure:
    """Draw rows of bars from 0 to 1 beneath a heading a group, each number at the end of its bar.

    Args:
        groups: a metric's title to its rows.
        error: what the error bars are, in words.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        ticks: dict[float, str] = {}
        place = 0.0
        for title, rows in groups.items():
            axes.text(0, place, title, weight="bold", va="center", color=theme.ink)
            for row in rows:
                place += 1
                ticks[place] = row.name
                _bar(axes, place - THICK / 2, row.published, theme.line, theme)
                _bar(axes, place + THICK / 2, row.ours, theme.series[0], theme)
            place += 1
        figure.set_size_inches(WIDTH, ROW * (place + 1) + 0.6)
        axes.set(xlim=(0, 1.16), ylim=(place - 0.4, -0.6), xlabel=error)
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.tick_params(axis="y", length=0, labelcolor=theme.ink)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        handles = [Patch(color=theme.line, label="published"), Patch(color=theme.series[0], label="measured")]
        figure.legend(handles=handles, loc="outside upper right", ncols=2)
        return figure


def _bar(axes: Axes, place: float, estimate: Estimate | None, colour: str, theme: Theme) -> None:
    if estimate is None:
        return
    axes.barh(place, estimate.value, THICK, color=colour)
    end = estimate.value
    if estimate.low is not None and estimate.high is not None:
        low, end = max(estimate.low, 0.0), min(estimate.high, 1.0)
        axes.plot([low, end], [place, place], color=theme.ink, linewidth=1, solid_capstyle="butt")
        axes.plot([low, end], [place, place], color=theme.ink, marker="|", markersize=4, linestyle="")
    axes.annotate(
        f"{estimate.value:.3f}",
        (max(end, estimate.value), place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=theme.soft,
    )
