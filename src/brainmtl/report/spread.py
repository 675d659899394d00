"""How the Dice of single slices spreads within each class."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.labels import TUMOURS
from brainmtl.report.style import Theme, class_colour, one_axes

JITTER = 0.17


def dice_by_class(slices: pd.DataFrame, theme: Theme) -> Figure:
    """Every tumour slice a dot, a box over the quartiles, the mean as a diamond with its value.

    Args:
        slices: ``per_image.parquet``.
        theme: of the page.
    """
    found = {name: _dice(slices, name) for name in reversed(TUMOURS)}
    found = {name: values for name, values in found.items() if values.size}
    with one_axes(theme) as (figure, axes):
        for height, (name, values) in enumerate(found.items()):
            _strip(axes, height, values, class_colour(name, theme), theme)
        axes.set_yticks(range(len(found)), [f"{name}\nn = {values.size}" for name, values in found.items()])
        axes.set_ylim(-0.6, len(found) - 0.4)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("Dice of a slice")
        axes.tick_params(axis="y", length=0, labelcolor=theme.ink)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        return figure


def _dice(slices: pd.DataFrame, label: str) -> NDArray[np.float64]:
    return slices.loc[slices["label"] == label, "dice"].dropna().to_numpy(dtype=float)


def _strip(axes: Axes, height: int, values: NDArray[np.float64], colour: str, theme: Theme) -> None:
    noise = np.random.default_rng(height).uniform(-JITTER, JITTER, values.size)
    # Thousands of dots are lighter as pixels, also within an SVG.
    axes.scatter(values, height - 0.08 + noise, s=7, color=colour, alpha=0.4, linewidths=0, rasterized=True)
    axes.boxplot(
        values,
        positions=[height - 0.08],
        orientation="horizontal",
        widths=2.6 * JITTER,
        showfliers=False,
        manage_ticks=False,
        boxprops={"color": theme.ink, "linewidth": 1},
        whiskerprops={"color": theme.ink, "linewidth": 1},
        capprops={"color": theme.ink, "linewidth": 1},
        medianprops={"color": theme.ink, "linewidth": 1.6},
    )
    mean = float(values.mean())
    axes.plot(mean, height - 0.08, "D", color=colour, markersize=7, markeredgecolor=theme.ink)
    axes.text(mean, height + 0.22, f"mean {mean:.3f}", ha="center", va="bottom", fontsize=8.5)
