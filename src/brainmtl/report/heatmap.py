"""The heat map of a grid: a number for each pair of two fields' values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from brainmtl.report.style import Theme, one_axes


def heat_map(
    values: Sequence[Sequence[float | None]],
    rows: tuple[str, Sequence[object]],
    columns: tuple[str, Sequence[object]],
    title: str,
    theme: Theme,
    largest_is_best: bool = True,
) -> Figure:
    """Draw a grid: one hue from light to dark, so that it reads without colours; each number in its cell, the
    best one framed, a cross where a trial failed.

    Args:
        values: a number for each row and column; ``None`` where there is none.
        rows: the field of the rows, and its values.
        columns: the field of the columns, and its values.
        title: what the numbers are.
        theme: of the page.
        largest_is_best: which of them is framed.
    """
    grid = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    low, high = (np.nanmin(grid), np.nanmax(grid)) if np.isfinite(grid).any() else (0.0, 1.0)
    with one_axes(theme) as (figure, axes):
        colours = LinearSegmentedColormap.from_list("value", [theme.paper, theme.series[0]])
        picture = axes.imshow(grid, cmap=colours, vmin=low - 0.15 * (high - low), vmax=high, aspect="auto")
        for row, column in np.ndindex(grid.shape):
            value = grid[row, column]
            dark = np.isfinite(value) and high > low and (value - low) / (high - low) > 0.55
            place: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "color": theme.paper if dark else theme.ink,
            }
            axes.text(column, row, f"{value:.3f}" if np.isfinite(value) else "×", fontsize=8, **place)
        if np.isfinite(grid).any():
            best = np.nanargmax(grid) if largest_is_best else np.nanargmin(grid)
            y, x = divmod(int(best), grid.shape[1])
            axes.add_patch(_frame(x, y, theme))
        for axis, (field, names) in ((axes.xaxis, columns), (axes.yaxis, rows)):
            axis.set_ticks(range(len(names)), [_short(name) for name in names])
            axis.set_label_text(field)
        axes.tick_params(length=0, labelcolor=theme.ink, labelsize=8)
        axes.grid(visible=False)
        figure.colorbar(picture, ax=axes, label=title).outline.set_visible(False)
        return figure


def _frame(x: int, y: int, theme: Theme) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, fill=False, edgecolor=theme.ink, linewidth=1.8)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
