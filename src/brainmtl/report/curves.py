"""What happened during training: losses, scores and the learning rate by epoch."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from brainmtl.report.style import Theme, one_axes

LOSSES = {"loss": "total", "mask_loss": "mask", "class_loss": "class"}
SCORES = {"validation_dice": "Dice", "validation_accuracy": "accuracy"}
FLAT = 3.0
"""A learning rate that spans more than this factor is drawn on a logarithmic axis."""
LEAST_COSINE = 0.1
"""The axis of cosines reaches at least so far on both sides of 0."""


def loss_curves(log: pd.DataFrame, best: int | None, theme: Theme) -> Figure:
    """Losses by epoch, in all and by task; dashed in training, solid in validation.

    Args:
        log: ``log.csv``.
        best: the epoch that was kept, if known.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        losses = []
        for colour, (column, title) in zip(theme.series, _drawn_losses(log).items(), strict=False):
            losses.append(Line2D([], [], color=colour, label=title))
            _line(axes, log, f"train_{column}", color=colour, linestyle=(0, (3, 1.5)), linewidth=1.3)
            _line(axes, log, f"validation_{column}", color=colour)
        dashed = Line2D([], [], color=theme.soft, linestyle=(0, (3, 1.5)), linewidth=1.3, label="training")
        solid = Line2D([], [], color=theme.soft, label="validation")
        axes.set_ylim(bottom=0)
        _finish(axes, log, best, theme)
        figure.legend(
            handles=[losses[0], dashed, *losses[1:2], solid, *losses[2:]],
            loc="outside upper left",
            ncols=3,
            columnspacing=1.2,
        )
        return figure


def score_curves(log: pd.DataFrame, best: int | None, theme: Theme) -> Figure:
    """Dice and accuracy on validation by epoch; the legend gives their values at the kept epoch.

    Args:
        log: ``log.csv``.
        best: the epoch that was kept, if known.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        for colour, (column, title) in zip(theme.series, shown_scores(log).items(), strict=False):
            _line(axes, log, column, color=colour, label=title + _at(log, column, best))
        axes.set_ylim(0, 1.04)
        _finish(axes, log, best, theme)
        figure.legend(loc="outside upper left", ncols=2, columnspacing=1.2)
        return figure


def rate_curve(log: pd.DataFrame, best: int | None, theme: Theme) -> Figure:
    """The learning rate by epoch.

    Args:
        log: ``log.csv``.
        best: the epoch that was kept, if known.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        _line(axes, log, "lr", color=theme.series[2])
        positive = log["lr"][log["lr"] > 0]
        if len(positive) and positive.max() > FLAT * positive.min():
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        _finish(axes, log, best, theme)
        return figure


def conflict_curve(log: pd.DataFrame, best: int | None, theme: Theme) -> Figure:
    """The cosine between the tasks' gradients over the encoder by epoch; below the line they conflict.

    Args:
        log: ``log.csv``.
        best: the epoch that was kept, if known.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        axes.axhline(0, color=theme.soft, linewidth=1, linestyle=(0, (3, 1.5)))
        _line(axes, log, "train_gradient_cosine", color=theme.series[0])
        widest = 1.1 * max(LEAST_COSINE, float(log["train_gradient_cosine"].abs().max()))
        axes.set_ylim(-widest, widest)
        _finish(axes, log, best, theme)
        return figure


def shows_conflict(log: pd.DataFrame) -> bool:
    """Whether a log holds the cosine between the tasks' gradients.

    Args:
        log: ``log.csv``.
    """
    return _has(log, "train_gradient_cosine")


def shown_scores(log: pd.DataFrame) -> dict[str, str]:
    """The scores that a log holds: column → name.

    Args:
        log: ``log.csv``.
    """
    return {column: name for column, name in SCORES.items() if _has(log, column)}


def _drawn_losses(log: pd.DataFrame) -> dict[str, str]:
    """With one task its loss is the total: one line says it."""
    shown = {name: title for name, title in LOSSES.items() if _has(log, f"validation_{name}")}
    return {name: title for name, title in shown.items() if name == "loss" or len(shown) > 2}


def _has(log: pd.DataFrame, column: str) -> bool:
    return column in log and bool(log[column].notna().any())


def _line(axes: Axes, log: pd.DataFrame, column: str, **style: object) -> None:
    if _has(log, column):
        marker = "o" if len(log) == 1 else None
        axes.plot(log["epoch"], log[column], marker=marker, markersize=4, **style)  # type: ignore[arg-type]


def _at(log: pd.DataFrame, column: str, best: int | None) -> str:
    """The value at the kept epoch, as a legend says it."""
    kept = log.loc[log["epoch"] == best, column].dropna()
    return f" {kept.iloc[0]:.3f}" if len(kept) else ""


def _finish(axes: Axes, log: pd.DataFrame, best: int | None, theme: Theme) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.grid(visible=False, axis="x")
    first, last = float(log["epoch"].min()), float(log["epoch"].max())
    axes.set_xlim(first - 0.02 * (last - first) - 0.1, last + 0.02 * (last - first) + 0.1)
    if best is not None and first <= best <= last:
        axes.axvline(best, color=theme.soft, linewidth=1, linestyle=":", zorder=1)
        place: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "ha": "right" if best > (first + last) / 2 else "left",
        }
        axes.text(best, 1.02, f"kept: {best}", color=theme.soft, fontsize=8, **place)
