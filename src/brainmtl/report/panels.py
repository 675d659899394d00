"""Slices with the true and the predicted outline: the best, the median and the worst, and the failures.

They may show slices of a data set, so they stay in the run folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.report.picks import Pick
from brainmtl.report.style import DARK, PREDICTION, TRUTH, to_webp

SIDE: Final = 320
"""Pixels a side of a drawn slice."""
CLOSE_UP: Final = 2.2
"""A close-up shows this many times the extent of the masks."""
SMALLEST_CLOSE_UP: Final = 0.2
"""And at least this share of the slice."""
BLACK, WHITE = "#000000", "#ffffff"
Window = tuple[float, float, float]


@dataclass(frozen=True)
class View:
    """A slice with its masks.

    Attributes:
        pixels: uint8 ``(H, W)``.
        truth: bool ``(H, W)``, or ``None`` where unknown.
        predicted: bool ``(H, W)``, or ``None`` where no mask was predicted.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.bool_] | None
    predicted: NDArray[np.bool_] | None


def read_view(row: "pd.Series[Any]", masks: Path) -> View | None:
    """Read a slice and its masks.

    Args:
        row: of ``per_image.parquet``.
        masks: the folder of the predicted masks.

    Returns:
        ``None`` where the slice can no longer be read.
    """
    try:
        pixels = read_picture(Path(str(row["image"]))).pixels
        truth = read_mask(Path(str(row["mask"])), pixels.shape) if pd.notna(row["mask"]) else None
        path = masks / f"{row['id']}.png"
        said = read_mask(path, pixels.shape) if path.is_file() else None
    except InputError:
        return None
    return View(pixels, truth, said)


def draw_card(view: View) -> bytes:
    """Draw a slice whole, and a close-up of its masks beside it; twice as wide as high.

    Args:
        view: what to draw.

    Returns:
        A WebP.
    """
    figure = blank_figure(2 * SIDE, SIDE)
    _draw_pair(figure, view, (0, 0, 1, 1))
    return to_webp(figure)


def panel_sheet(rows: Sequence[Sequence[tuple[Pick, View]]]) -> Figure:
    """Draw picks in rows, each above its place, class, probability and Dice.

    Args:
        rows: of picks with their views; the first is the longest.
    """
    cell, gap, caption = 2 * SIDE, 16, 44
    width, height = len(rows[0]) * (cell + gap) + gap, len(rows) * (SIDE + caption + gap) + gap
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = blank_figure(width, height)
        for down, picks in enumerate(rows):
            for along, (pick, view) in enumerate(picks):
                left, top = gap + along * (cell + gap), gap + down * (SIDE + caption + gap)
                bottom = height - top - SIDE
                _draw_pair(figure, view, (left / width, bottom / height, cell / width, SIDE / height))
                said = "   ".join(text for text in (pick.place, pick.title, pick.score) if text)
                figure.text(left / width, (bottom - 24) / height, said, fontsize=11, color=DARK.ink)
    return figure


def blank_figure(width: int, height: int) -> Figure:
    """A black figure.

    Args:
        width: pixels at 100 an inch.
        height: the same.
    """
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=BLACK)
    FigureCanvasAgg(figure)
    return figure


def draw_view(axes: Axes, view: View, window: Window, frame: Window | None = None, line: float = 1.6) -> None:
    """Draw a slice, the truth as a solid blue outline and the prediction as a dashed orange one above it.

    Args:
        axes: to draw in.
        view: what to draw.
        window: the square to show: left, top and side, in pixels of the slice.
        frame: a square to mark.
        line: width of the outlines in points.
    """
    height, width = view.pixels.shape
    box = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(view.pixels, cmap="gray", vmin=0, vmax=255, extent=box, interpolation="bilinear")
    for mask, colour, style in ((view.truth, TRUTH, "solid"), (view.predicted, PREDICTION, (0, (2.2, 1.6)))):
        if mask is not None and mask.any():
            outline(axes, mask, colour, style, line)
    left, top, side = window
    if frame is not None:
        axes.add_patch(
            Rectangle(frame[:2], frame[2], frame[2], fill=False, edgecolor=WHITE, linewidth=0.6, alpha=0.7)
        )
    axes.set_xlim(left, left + side)
    axes.set_ylim(top + side, top)
    axes.set_axis_off()


def outline(
    axes: Axes,
    mask: NDArray[np.bool_],
    colour: str,
    style: str | tuple[float, tuple[float, ...]],
    line: float,
) -> None:
    """Draw the outline of a mask.

    Args:
        axes: to draw in.
        mask: bool ``(H, W)``.
        colour: of the line.
        style: Matplotlib's line style.
        line: width in points.
    """
    rows, columns = np.arange(-1, mask.shape[0] + 1), np.arange(-1, mask.shape[1] + 1)
    padded = np.pad(mask.astype(np.float32), 1)
    axes.contour(columns, rows, padded, levels=[0.5], colors=[colour], linestyles=[style], linewidths=[line])


def whole_window(view: View) -> Window:
    """The smallest square that holds a whole slice.

    Args:
        view: of the slice.
    """
    height, width = view.pixels.shape
    side = max(height, width)
    return (width - side) / 2 - 0.5, (height - side) / 2 - 0.5, float(side)


def close_window(view: View) -> Window | None:
    """A square around what the masks hold; ``None`` where they hold nothing.

    Args:
        view: of the slice.
    """
    masks = [mask for mask in (view.truth, view.predicted) if mask is not None and mask.any()]
    if not masks:
        return None
    rows, columns = np.nonzero(np.logical_or.reduce(masks))
    longest = max(view.pixels.shape)
    extent = max(np.ptp(rows), np.ptp(columns)) + 1
    side = float(np.clip(CLOSE_UP * extent, SMALLEST_CLOSE_UP * longest, longest))
    left, top, whole = whole_window(view)
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    x, y = (
        np.clip(at - side / 2, low, low + whole - side) for at, low in zip(middle, (left, top), strict=True)
    )
    return float(x), float(y), side


def _draw_pair(figure: Figure, view: View, place: tuple[float, float, float, float]) -> None:
    left, bottom, width, height = place
    close = close_window(view)
    whole = figure.add_axes((left + (width / 4 if close is None else 0), bottom, width / 2, height))
    draw_view(whole, view, whole_window(view), close, line=0.9)
    if close is not None:
        draw_view(figure.add_axes((left + width / 2, bottom, width / 2, height)), view, close)
