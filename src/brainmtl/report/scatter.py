"""A result against what it costs: a point a network, on a logarithmic axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from brainmtl.report.bars import Estimate
from brainmtl.report.style import Theme, one_axes


@dataclass(frozen=True)
class Point:
    """A network.

    Attributes:
        name: written beside it.
        cost: where it stands along; above 0.
        result: where it stands upwards.
        published: an open ring, not a disc.
    """

    name: str
    cost: float
    result: Estimate
    published: bool = False


def cost_scatter(points: Sequence[Point], cost: str, result: str, theme: Theme) -> Figure:
    """Draw results against costs, with their error bars.

    Args:
        points: at least one.
        cost: name of the axis along.
        result: name of the axis upwards.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        figure.set_size_inches(5.2, 3.6)
        for point in points:
            colour = theme.soft if point.published else theme.series[0]
            low, high = point.result.low, point.result.high
            if low is not None and high is not None:
                axes.plot([point.cost, point.cost], [low, high], color=colour, linewidth=1)
            axes.plot(
                point.cost,
                point.result.value,
                marker="o",
                markersize=6,
                color=colour,
                markerfacecolor=theme.paper if point.published else colour,
            )
            axes.annotate(
                point.name,
                (point.cost, point.result.value),
                xytext=(6, 4),
                textcoords="offset points",
                fontsize=7,
            )
        axes.set_xscale("log")
        axes.margins(x=0.25, y=0.15)
        axes.set(xlabel=cost, ylabel=result)
        return figure
