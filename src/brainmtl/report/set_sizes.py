"""How many classes cannot be ruled out: sizes of conformal sets, class by class."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brainmtl.evaluation.class_answers import class_answers
from brainmtl.evaluation.conformal import CONFIDENCE, class_sets, fit_class_sets
from brainmtl.evaluation.temperature import best_temperature, scale
from brainmtl.labels import CLASSES
from brainmtl.report.names import value_name
from brainmtl.report.style import Theme, one_axes

SHADES = (1.0, 0.62, 0.36, 0.16)
"""How strongly sets of one to four classes are painted."""


def set_sizes(
    calibration: pd.DataFrame, slices: pd.DataFrame, confidence: float = CONFIDENCE
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Sets calibrated on some slices, counted on others; their temperature, too, is that of the former.

    Args:
        calibration: rows that calibrate, as ``per_image.parquet`` has them.
        slices: those that are shown.
        confidence: as promised.

    Returns:
        int64 ``(4, 4)``, slices by true class and size of their set, one to four; and ``(4,)``, those of each
        class whose set holds it. ``None`` where either lacks classes.
    """
    seen, shown = class_answers(calibration), class_answers(slices)
    if not len(seen.truth) or not len(shown.truth):
        return None
    truth = shown.truth
    temperature = best_temperature(seen.truth, seen.probabilities)
    fitted = fit_class_sets(seen.truth, scale(seen.probabilities, temperature), confidence)
    kept = class_sets(fitted, scale(shown.probabilities, temperature))
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (truth, kept.sum(axis=1) - 1), 1)
    held = np.bincount(truth[kept[np.arange(len(truth)), truth]], minlength=len(CLASSES))
    return counts, held.astype(np.int64)


def set_size_bars(
    counts: NDArray[np.int64], held: NDArray[np.int64], confidence: float, theme: Theme
) -> Figure:
    """A bar a class, parted by the size of the set; at its end the share of sets that hold the true class.

    Args:
        counts: of :func:`set_sizes`.
        held: of the same.
        confidence: as promised.
        theme: of the page.
    """
    with one_axes(theme) as (figure, axes):
        slices = counts.sum(axis=1)
        shares = counts / np.maximum(slices, 1)[:, None]
        places = np.arange(len(CLASSES))[::-1]
        for size, shade in enumerate(SHADES):
            left = shares[:, :size].sum(axis=1)
            name = f"{size + 1} class" + ("es" if size else "")
            axes.barh(
                places,
                shares[:, size],
                left=left,
                height=0.62,
                color=theme.series[0],
                alpha=shade,
                label=name,
            )
        for place, all_, good in zip(places, slices, held, strict=True):
            said = f"{good / all_ * 100:.1f} %" if all_ else "–"
            axes.text(1.03, place, said, va="center", fontsize=8.5, clip_on=False)
        axes.text(1.03, len(CLASSES) - 0.45, "holds it", fontsize=8, color=theme.soft, clip_on=False)
        axes.set_yticks(places, [value_name(name) for name in CLASSES])
        axes.set_xlim(0, 1)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"share of slices, by size of the {confidence * 100:g} % set")
        figure.legend(loc="outside upper left", ncols=4, columnspacing=0.8, handlelength=1.0)
        return figure
