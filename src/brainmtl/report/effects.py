"""What each of several choices did, as a chart."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brainmtl.report.style import SMALL, Theme, many_axes

Effect = Mapping[str, float | None]
NAMES, LINE, HEAD = 2.4, 0.28, 0.9
"""Inches: for the choices' names, for each choice, and for titles and scale."""


def effects_chart(found: Mapping[str, Mapping[str, Effect]], theme: Theme) -> Figure:
    """Every choice's effect with its interval: a line a choice, a column a metric, each with its own scale.

    Args:
        found: metric's title → choice → ``{value, low, high}``; ends may be ``None``, as may values.
        theme: of the page.
    """
    choices = list(next(iter(found.values())))
    with many_axes(theme, 1, len(found), one_scale=False) as (figure, grid):
        figure.set_size_inches(NAMES + SMALL * len(found), HEAD + LINE * len(choices))
        for axes, (title, effects) in zip(grid, found.items(), strict=True):
            axes.set_title(title)
            axes.axvline(0, color=theme.soft, linewidth=1)
            for place, choice in enumerate(choices):
                value, low, high = (effects[choice][name] for name in ("value", "low", "high"))
                if value is not None and low is not None and high is not None:
                    axes.plot([low, high], [place, place], color=theme.series[0], linewidth=2)
                if value is not None:
                    axes.plot(value, place, "o", color=theme.series[0], markersize=5)
            axes.grid(visible=False, axis="y")
            axes.xaxis.set_major_locator(MaxNLocator(3))
        grid[0].set_yticks(range(len(choices)), choices)
        grid[0].set_ylim(len(choices) - 0.5, -0.5)
        figure.supxlabel("with it minus without it, 95 % interval", fontsize="medium", color=theme.soft)
        return figure
