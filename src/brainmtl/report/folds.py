"""A cross-validation on a page: mean ± SD over the folds, and the folds' losses by epoch."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from brainmtl.report.charts import Chart
from brainmtl.report.folder import Run
from brainmtl.report.names import METRICS, NBSP, NO_VALUE, Kind, metric_name, write_number
from brainmtl.report.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, Theme, one_axes
from brainmtl.report.tables import Cell, Table, text

LOSSES: Final = {"loss": "Loss", "class_loss": "Class loss", "mask_loss": "Mask loss"}
COLOURS: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
PARTS: Final = ("train", "validation", "test")


def fold_table(found: Mapping[str, Any], apart: bool = False) -> Table:
    """Every metric, mean ± SD over the folds of each part, and over all slices out of their folds.

    Args:
        found: the content of ``crossval.json``.
        apart: SDs in columns of their own, as a CSV has them.
    """
    parts = [part for part in PARTS if part in found["parts"]]
    rows = []
    for section in ("segmentation", "classification", "joint"):
        given = {name for part in parts for name in found["parts"][part].get(section) or {}}
        known = [name for name in METRICS[section] if name in given]
        for name in [*known, *sorted(given - set(known))]:
            rows.append(_row(found, parts, section, name, apart))
    note = (
        f"{found['recipe']}, {folds_in_words(found)}; ± is the sample SD over the folds. "
        "Out of fold: each slice predicted by the model that did not train on it; the model was selected on "
        "its fold."
    )
    heads = [name for part in parts for name in ((part, f"{part} SD") if apart else (part,))]
    head = ("metric", *heads, "out of fold")
    return Table("crossval", "Cross-validation", head, tuple(rows), note)


def folds_in_words(found: Mapping[str, Any]) -> str:
    """How a cross-validation's folds were drawn.

    Args:
        found: its ``folds`` and ``by``.
    """
    way = found["by"]
    return f"{found['folds']} folds by person" if way == "person" else f"{found['folds']} {way} folds"


def fold_charts(runs: Sequence[Run]) -> list[Chart]:
    """The losses of all folds by epoch, in all and by task.

    Args:
        runs: one a fold.
    """
    logs = [run.log for run in runs if run.log is not None]
    charts = []
    for column, title in LOSSES.items():
        ends = [log[f"validation_{column}"].dropna() for log in logs if f"validation_{column}" in log]
        ends = [values for values in ends if len(values)]
        if ends and (column == "loss" or _several_tasks(runs)):
            last = ", ".join(f"{values.min():.3f}" for values in ends)
            alt = f"{title} of each fold by epoch, training and validation; least on validation: {last}."
            charts.append(
                Chart(f"folds-{column.replace('_', '-')}", title, alt, partial(_curves, runs, column))
            )
    return charts


def mean_and_sd(mean: float | None, sd: float | None, kind: Kind = "ratio") -> str:
    """``0.861 ± 0.012``, or ``95.9 ± 0.7 %``; the mean alone where there is no SD.

    Args:
        mean: as in ``crossval.json``.
        sd: the same.
        kind: how it is written.
    """
    if mean is None:
        return NO_VALUE
    if sd is None:
        return write_number(mean, kind)
    number, _, unit = write_number(mean, kind).partition(NBSP)
    spread = write_number(sd, kind).partition(NBSP)[0]
    return f"{number} ± {spread}" + (f"{NBSP}{unit}" if unit else "")


def _several_tasks(runs: Sequence[Run]) -> bool:
    return any(run.task == "joint" for run in runs)


def _row(
    found: Mapping[str, Any], parts: Sequence[str], section: str, name: str, apart: bool
) -> tuple[Cell, ...]:
    shown = metric_name(section, name)
    cells = [text(shown.title)]
    for part in parts:
        metric = (found["parts"][part].get(section) or {}).get(name) or {}
        mean, sd = metric.get("mean"), metric.get("sd")
        if apart:
            cells += [Cell(write_number(mean, shown.kind), mean), Cell(write_number(sd, shown.kind), sd)]
        else:
            cells.append(Cell(mean_and_sd(mean, sd, shown.kind), mean))
    out_of_fold = ((found["out_of_fold"].get(section) or {}).get(name) or {}).get("value")
    return (*cells, Cell(write_number(out_of_fold, shown.kind), out_of_fold))


def _curves(runs: Sequence[Run], column: str, theme: Theme) -> Figure:
    with one_axes(theme) as (figure, axes):
        for number, run in enumerate(runs):
            log = run.log
            if log is None or f"validation_{column}" not in log:
                continue
            colour = COLOURS[number % len(COLOURS)]
            marker = "o" if len(log) == 1 else None
            axes.plot(
                log["epoch"], log[f"train_{column}"], color=colour, linestyle=(0, (3, 1.5)), linewidth=1
            )
            axes.plot(
                log["epoch"],
                log[f"validation_{column}"],
                color=colour,
                linewidth=1.4,
                marker=marker,
                markersize=4,
            )
        axes.set_ylim(bottom=0)
        axes.set_xlabel("epoch")
        axes.set_ylabel(LOSSES[column])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.grid(visible=False, axis="x")
        handles = [
            Line2D([], [], color=theme.soft, linestyle=(0, (3, 1.5)), linewidth=1, label="training"),
            Line2D([], [], color=theme.soft, linewidth=1.4, label="validation"),
            *(
                Line2D([], [], color=COLOURS[number % len(COLOURS)], label=run.name)
                for number, run in enumerate(runs)
            ),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3, columnspacing=1.2)
        return figure
