"""How far a joint network is from each specialist, and whether that is within the margin."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from brainmtl.report.style import Theme, one_axes


def equivalence_chart(found: Mapping[str, Mapping[str, Any]], margin: float, theme: Theme) -> Figure:
    """Joint minus specialist with its interval, a line a metric; the seeds as dots, the margin as a band.

    Args:
        found: by metric, ``{value, low, high, by_seed}``: differences, and the interval's ends.
        margin: within which two networks count as equal.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        axes.axvspan(-margin, margin, color=theme.series[2], alpha=0.16, linewidth=0, label="equivalent")
        axes.axvline(0, color=theme.soft, linewidth=1)
        places = range(len(found))[::-1]
        for number, (place, one) in enumerate(zip(places, found.values(), strict=True)):
            told = "a seed" if number == 0 else "_"
            axes.plot([one["low"], one["high"]], [place, place], color=theme.series[0], linewidth=2.5)
            axes.plot(one["value"], place, "o", color=theme.series[0], markersize=7)
            axes.plot(one["by_seed"], [place - 0.22] * len(one["by_seed"]), ".", color=theme.soft, label=told)
        axes.set_yticks(list(places), list(found))
        axes.set_ylim(-0.7, len(found) - 0.3)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("joint minus specialist, 90 % interval")
        figure.legend(loc="outside upper left", ncols=2)
        return figure
