"""A sheet of corruptions: a row each, from mild to severe."""

from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.report.panels import View, blank_figure, draw_view, whole_window
from brainmtl.report.style import DARK

CELL: Final = 110
GAP: Final = 6
TITLE: Final = 22
COLUMNS: Final = 2
Row = tuple[str, Sequence[str], Sequence[tuple[NDArray[np.uint8], NDArray[np.bool_] | None]]]


def gallery_sheet(rows: Sequence[Row]) -> Figure:
    """Draw rows of slices in two columns: the title above, a level in each slice, the tumour outlined.

    Args:
        rows: title, text of each level, and slices with their masks, as many as levels.
    """
    down, most = -(-len(rows) // COLUMNS), max(len(slices) for _, _, slices in rows)
    row_height, column_width = CELL + TITLE + GAP, most * (CELL + GAP) + 3 * GAP
    width, height = COLUMNS * column_width + GAP, down * row_height + GAP
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = blank_figure(width, height)
        for number, (title, levels, slices) in enumerate(rows):
            left, top = GAP + number // down * column_width, number % down * row_height
            text: dict[str, Any] = {"color": DARK.ink, "va": "center"}
            figure.text(left / width, 1 - (top + TITLE / 2 + 2) / height, title, fontsize=9, **text)
            for place, (level, (pixels, mask)) in enumerate(zip(levels, slices, strict=True)):
                x, view = left + place * (CELL + GAP), View(pixels, mask, None)
                box = (x / width, 1 - (top + TITLE + CELL) / height, CELL / width, CELL / height)
                draw_view(figure.add_axes(box), view, whole_window(view), line=0.7)
                spot = (x + CELL / 2) / width, 1 - (top + TITLE + CELL - 4) / height
                paper = {"facecolor": "black", "edgecolor": "none", "pad": 1.5}
                figure.text(*spot, level, fontsize=7.5, color=DARK.ink, va="bottom", ha="center", bbox=paper)
    return figure
