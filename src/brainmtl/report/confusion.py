"""The confusion matrix: what was there against what was called."""

from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.labels import CLASSES
from brainmtl.report.names import value_name
from brainmtl.report.style import Theme, one_axes


def confusion_matrix(counts: NDArray[np.int64], theme: Theme) -> Figure:
    """Counts, and beneath each its share of the true class, which also colours the cell.

    Args:
        counts: int64 ``(4, 4)``: rows the truth, columns the prediction, in the order of ``CLASSES``.
        theme: of the page.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with one_axes(theme) as (figure, axes):
        colours = LinearSegmentedColormap.from_list("share", [theme.paper, theme.series[0]])
        axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
        for row, column in np.ndindex(counts.shape):
            if counts[row, column]:
                ink = theme.paper if shares[row, column] > 0.5 else theme.ink
                at: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
                axes.text(column, row - 0.1, f"{counts[row, column]}", fontsize=12, fontweight="bold", **at)
                axes.text(column, row + 0.22, f"{shares[row, column] * 100:.1f} %", fontsize=8, **at)
            else:
                axes.text(column, row, "0", ha="center", va="center", color=theme.soft)
        names = [value_name(name) for name in CLASSES]
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names, rotation=90, va="center")
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.tick_params(length=0, labelcolor=theme.ink, labelsize=8)
        axes.grid(visible=False)
        axes.set_xticks(np.arange(0.5, 3), minor=True)
        axes.set_yticks(np.arange(0.5, 3), minor=True)
        axes.grid(which="minor", color=theme.line, linewidth=1)
        axes.tick_params(which="minor", length=0)
        axes.spines[["top", "right"]].set_visible(True)
        return figure
