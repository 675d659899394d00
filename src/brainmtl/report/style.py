"""How figures look: Okabe and Ito's colours, on paper and on a dark page."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from brainmtl.labels import CLASSES

ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
"""Colours that colour-blind eyes tell apart (Okabe and Ito 2008, Color Universal Design)."""
TRUTH, PREDICTION = SKY, ORANGE
WIDTH, HEIGHT = 3.5, 3.1
"""Inches; at 9 points the text is readable on a phone and in a column of print."""
SMALL: Final = 1.6
"""Inches a side of a plot among many."""
DPI: Final = 200
COLOURS: Final = 256
"""Of a PNG."""


@dataclass(frozen=True)
class Theme:
    """Colours of a page.

    Attributes:
        ink: text.
        soft: ticks and notes.
        line: grid and frames.
        paper: background.
        series: lines and classes, in order; the fourth is the healthy class.
    """

    ink: str
    soft: str
    line: str
    paper: str
    series: tuple[str, str, str, str]


LIGHT: Final = Theme("#1b1f24", "#59636e", "#d9dee4", "#ffffff", (BLUE, VERMILION, GREEN, PURPLE))
DARK: Final = Theme("#e8ebef", "#9aa5b1", "#333b45", "#171c22", (SKY, ORANGE, "#2BC397", "#E39AC2"))


def class_colour(label: str, theme: Theme) -> str:
    """The colour of a class.

    Args:
        label: one of :data:`brainmtl.labels.CLASSES`.
        theme: of the page.
    """
    return theme.series[CLASSES.index(label)]


@contextmanager
def one_axes(theme: Theme) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure with one plot, drawn in a theme.

    Args:
        theme: of the page.
    """
    with mpl.rc_context(_settings(theme)):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield figure, axes


@contextmanager
def many_axes(
    theme: Theme, rows: int, columns: int, *, one_scale: bool = True
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure with a grid of small plots that share their axes, drawn in a theme.

    Args:
        theme: of the page.
        rows: of plots.
        columns: of plots.
        one_scale: the horizontal axis is shared too.
    """
    with mpl.rc_context(_settings(theme)):
        figure = Figure(figsize=(SMALL * columns, SMALL * rows), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, sharex=one_scale, sharey=True, squeeze=False)
        for axes in grid.flat:
            axes.spines[["top", "right"]].set_visible(False)
        yield figure, list(grid.flat)


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """A figure as a PNG of a palette: about a third of the bytes, and no difference that an eye sees.

    Args:
        figure: any.
        dpi: pixels an inch.
    """
    drawn = Image.open(io.BytesIO(_save(figure, format="png", dpi=dpi, metadata={"Software": None})))
    small = io.BytesIO()
    # The widest cover keeps a thin outline's colour, which is rare beside a slice's greys.
    paletted = drawn.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    paletted.save(small, "PNG", optimize=True)
    return small.getvalue()


def to_webp(figure: Figure) -> bytes:
    """A picture of slices as a WebP: under half of a JPEG's bytes.

    Args:
        figure: any, at 100 pixels an inch.
    """
    return _save(figure, format="webp", dpi=100, pil_kwargs={"quality": 82, "method": 6})


def to_svg(figure: Figure) -> bytes:
    """A figure as an SVG that needs no font; the same figure gives the same bytes.

    Args:
        figure: any.
    """
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "brainmtl"}):
        return _save(figure, format="svg", metadata={"Date": None, "Creator": None})


def _save(figure: Figure, **how: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **how)  # type: ignore[arg-type]
    return buffer.getvalue()


def _settings(theme: Theme) -> dict[Any, Any]:
    return {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "axes.labelcolor": theme.soft,
        "axes.edgecolor": theme.line,
        "axes.facecolor": theme.paper,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": theme.line,
        "grid.linewidth": 0.6,
        "figure.facecolor": theme.paper,
        "text.color": theme.ink,
        "xtick.color": theme.line,
        "ytick.color": theme.line,
        "xtick.labelcolor": theme.soft,
        "ytick.labelcolor": theme.soft,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "legend.handlelength": 1.8,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
    }
