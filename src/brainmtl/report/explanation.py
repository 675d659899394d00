"""Where a network looked: a table by class, and a sheet of the slices on which it looked elsewhere.

The sheet shows slices of a data set, so it stays where the data are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.report.html import write_whole
from brainmtl.report.names import value_name
from brainmtl.report.panels import View, blank_figure, draw_view, whole_window
from brainmtl.report.style import DARK, to_png
from brainmtl.report.tables import Table, count, measured, text, to_csv, to_markdown

SHOWN: Final = 12
COLUMNS: Final = 4
SIDE: Final = 220
CAPTION: Final = 34
GAP: Final = 8


@dataclass(frozen=True)
class Look:
    """A slice, and where a network looked when it named the class.

    Attributes:
        about: ``id``, ``label``, ``energy`` …
        pixels: uint8 ``(S, S)``.
        mask: bool ``(S, S)``, the true one.
        heat: float32 ``(S, S)``, 0 or more.
    """

    about: dict[str, Any]
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    heat: NDArray[np.float32]


def worst(looks: Sequence[Look]) -> list[Look]:
    """The slices on which the least of the map lies within the tumour.

    Args:
        looks: any; those with an empty map count as 0.
    """
    return sorted(looks, key=lambda look: (look.about["energy"] or 0.0, look.about["id"]))[:SHOWN]


def write_explanation(record: Mapping[str, Any], looks: Sequence[Look], out: Path) -> None:
    """Write ``tables/explanation.{md,csv}`` and ``figures/explanation-panels.png``.

    Args:
        record: ``explanation.json``.
        looks: to be drawn; at least one.
        out: the folder.

    Raises:
        InputError: a file cannot be written.
    """
    table = explanation_table(record)
    write_whole(out / "tables" / "explanation.csv", to_csv(table).encode())
    write_whole(out / "tables" / "explanation.md", f"# {table.title}\n\n{to_markdown(table)}".encode())
    write_whole(out / "figures" / "explanation-panels.png", to_png(look_sheet(looks), dpi=100))


def explanation_table(record: Mapping[str, Any]) -> Table:
    """A row a class.

    Args:
        record: ``explanation.json``.
    """
    rows = tuple(
        (
            text(value_name(name)),
            count(part["area"]["n"]),
            *(measured(part[column], "share") for column in ("energy", "area", "hit")),
        )
        for name, part in record["by_class"].items()
    )
    head = ("class", "slices", "weight within the tumour", "tumour’s share of the square", "peak within it")
    note = (
        "Grad-CAM of the true class on the coarsest feature maps, as coarse as they are. A map without "
        "a meaning would have as much of its weight within the tumour as the tumour has of the square."
    )
    return Table("explanation", "Where the network looks", head, rows, note)


def look_sheet(looks: Sequence[Look]) -> Figure:
    """Draw slices with the map over them and the true outline.

    Args:
        looks: at least one.
    """
    columns = min(COLUMNS, len(looks))
    down = -(-len(looks) // columns)
    width, height = columns * (SIDE + GAP) + GAP, down * (SIDE + CAPTION) + GAP
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = blank_figure(width, height)
        for number, look in enumerate(looks):
            left, top = GAP + number % columns * (SIDE + GAP), GAP + number // columns * (SIDE + CAPTION)
            box = (left / width, 1 - (top + SIDE) / height, SIDE / width, SIDE / height)
            view = View(look.pixels, look.mask, None)
            axes = figure.add_axes(box)
            draw_view(axes, view, whole_window(view), line=1.2)
            strength = look.heat / max(float(look.heat.max()), 1e-12)
            axes.imshow(strength, cmap="inferno", alpha=0.55 * strength, vmin=0, vmax=1, zorder=1.5)
            energy = look.about["energy"]
            said = "no map" if energy is None else f"{energy * 100:.0f} % within"
            caption = f"{value_name(look.about['label'])}, {said}"
            figure.text(left / width, 1 - (top + SIDE + 14) / height, caption, fontsize=8.5, color=DARK.ink)
            name = str(look.about["id"])
            figure.text(left / width, 1 - (top + SIDE + 27) / height, name, fontsize=6.5, color=DARK.soft)
    return figure
