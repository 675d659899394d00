"""The same slices through the eyes of several runs, close up, side by side.

They may show slices of a data set, so they stay with those who have it.
"""

from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from brainmtl.labels import TUMOURS
from brainmtl.report.folder import Evaluation, Part, Run
from brainmtl.report.names import value_name
from brainmtl.report.panels import (
    SIDE,
    View,
    Window,
    blank_figure,
    close_window,
    draw_view,
    read_view,
    whole_window,
)
from brainmtl.report.style import DARK

GAP: Final = 12
CAPTION: Final = 34


def beside_sheet(runs: Sequence[Run], part: Part) -> Figure | None:
    """Draw, for each tumour class, the slice of median mean Dice and the one on which the runs differ most.

    Each slice whole with the truth, then a close-up a run with its outline and its Dice.

    Args:
        runs: two or more, measured on the same slices.
        part: which slices.

    Returns:
        ``None`` where fewer than two runs have masks of the part, or no slice can be read any more.
    """
    measured = [(run.name, found) for run in runs if (found := _with_masks(run, part)) is not None]
    if len(measured) < 2:
        return None
    rows = [(label, why, views) for label, why, views in _rows([found for _, found in measured]) if views]
    if not rows:
        return None
    names = [name for name, _ in measured]
    width = (len(names) + 1) * (SIDE + GAP) + GAP
    height = len(rows) * (SIDE + CAPTION + GAP) + GAP
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = blank_figure(width, height)
        for down, (label, why, views) in enumerate(rows):
            top = height - GAP - down * (SIDE + CAPTION + GAP)
            _draw_row(figure, (width, height), top, f"{value_name(label)}, {why}", names, views)
        return figure


def choose_slices(scores: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Choose slices that show how runs differ.

    Args:
        scores: indexed by slice id, with a column ``label``, and one of Dice a run.

    Returns:
        ``(label, why, id)``: for each tumour class the median of the mean Dice, and the widest spread.
    """
    chosen: list[tuple[str, str, str]] = []
    for label in TUMOURS:
        dice = scores[scores["label"] == label].drop(columns="label").dropna()
        if dice.empty:
            continue
        ranked = dice.mean(axis=1).sort_index().sort_values(kind="stable")
        chosen.append((label, "median", str(ranked.index[(len(ranked) - 1) // 2])))
        spread = (dice.max(axis=1) - dice.min(axis=1)).sort_index()
        if spread.max() > 0:
            chosen.append((label, "they differ most", str(spread.idxmax())))
    return chosen


def _with_masks(run: Run, part: Part) -> Evaluation | None:
    for found in run.evaluations:
        if found.part == part and found.slices is not None and found.slices["dice"].notna().any():
            return found
    return None


def _rows(measured: Sequence[Evaluation]) -> list[tuple[str, str, list[tuple[View, float]]]]:
    tables = [found.slices.set_index("id", drop=False) for found in measured if found.slices is not None]
    scores = pd.concat(
        [tables[0]["label"], *(table["dice"].rename(number) for number, table in enumerate(tables))],
        axis=1,
        join="inner",
    )
    rows = []
    for label, why, name in choose_slices(scores):
        views = []
        for found, table in zip(measured, tables, strict=True):
            row: pd.Series[Any] = table.loc[[name]].iloc[0]
            view = read_view(row, found.folder / "masks")
            if view is not None:
                views.append((view, float(row["dice"])))
        rows.append((label, why, views if len(views) == len(measured) else []))
    return rows


def _draw_row(
    figure: Figure,
    size: tuple[int, int],
    top: int,
    title: str,
    names: Sequence[str],
    views: Sequence[tuple[View, float]],
) -> None:
    width, height = size
    first = views[0][0]
    seen = [view.predicted for view, _ in views if view.predicted is not None]
    union = np.logical_or.reduce(seen) if seen else None
    window = close_window(View(first.pixels, first.truth, union)) or whole_window(first)
    whole = View(first.pixels, first.truth, None)
    cells: list[tuple[View, Window, Window | None, str]] = [(whole, whole_window(whole), window, title)]
    cells += [
        (view, window, None, f"{name}   Dice {dice:.3f}")
        for name, (view, dice) in zip(names, views, strict=True)
    ]
    for along, (view, shown, frame, said) in enumerate(cells):
        left, bottom = GAP + along * (SIDE + GAP), top - SIDE
        axes = figure.add_axes((left / width, bottom / height, SIDE / width, SIDE / height))
        draw_view(axes, view, shown, frame)
        figure.text(left / width, (bottom - 22) / height, said, fontsize=11, color=DARK.ink)
