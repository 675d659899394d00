"""The README's picture: phantom slices with the predicted mask outlined, class and probability beneath."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.labels import CLASSES
from brainmtl.report.folder import Evaluation, read_run
from brainmtl.report.names import value_name
from brainmtl.report.panels import View, blank_figure, draw_view, outline, read_view, whole_window
from brainmtl.report.picks import Pick
from brainmtl.report.style import DARK, PREDICTION, to_png

PHANTOM = "phantom"
SIDE, GAP, CAPTION = 300, 20, 74


def write_readme_picture(run: Path, out: Path) -> None:
    """Draw the slice of median Dice (or probability) of each class, as an evaluated run sees it.

    Args:
        run: a run on phantoms, evaluated on test or validation.
        out: the PNG to write.

    Raises:
        InputError: not such a run (slices of a data set do not belong in a README), or its slices are gone.
    """
    found = read_run(run)
    if set(found.data.get("sources") or ["unknown"]) != {PHANTOM}:
        raise InputError("was not trained on phantoms alone", where=run, mend="draw a run of `brainmtl demo`")
    if not found.evaluations or found.evaluations[0].slices is None:
        raise InputError("has not been evaluated", where=run, mend="brainmtl evaluate RUN")
    picks = _median_slices(found.evaluations[0])
    views = [read_view(pick.row, found.evaluations[0].folder / "masks") for pick in picks]
    shown = [(pick, view) for pick, view in zip(picks, views, strict=True) if view is not None]
    if not shown:
        raise InputError("its slices are no longer where they were", where=run, mend="evaluate again")
    with whole_file(out) as temporary:
        temporary.write_bytes(to_png(_row(shown), dpi=150))


def _median_slices(evaluation: Evaluation) -> list[Pick]:
    """Neither the best nor the worst: the median of each class."""
    slices = evaluation.slices
    assert slices is not None
    picks = []
    for label in CLASSES:
        part = slices[slices["label"] == label]
        scores = [name for name in ("dice", f"p_{label}") if part[name].notna().any()]
        if len(part):
            ranked = part.sort_values([*scores[:1], "id"])
            picks.append(Pick("median", ranked.iloc[(len(ranked) - 1) // 2]))
    return picks


def _row(shown: list[tuple[Pick, View]]) -> Figure:
    width, height = len(shown) * (SIDE + GAP) + GAP, SIDE + CAPTION + GAP
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = blank_figure(width, height)
        for number, (pick, view) in enumerate(shown):
            left = (GAP + number * (SIDE + GAP)) / width
            axes = figure.add_axes((left, CAPTION / height, SIDE / width, SIDE / height))
            draw_view(axes, View(view.pixels, None, None), whole_window(view))
            if view.predicted is not None and view.predicted.any():
                outline(axes, view.predicted, PREDICTION, "solid", 1.8)
            name, _, sure = pick.called.rpartition(" ") if "%" in pick.called else (pick.title, "", "")
            figure.text(left, 44 / height, name, fontsize=13, fontweight="bold", color=DARK.ink)
            figure.text(left + SIDE / width, 44 / height, sure, fontsize=13, color=DARK.ink, ha="right")
            figure.text(left, 20 / height, pick.score, fontsize=9.5, color=DARK.soft)
            said = pick.row["label"] == pick.row["predicted"] or not pick.called
            truly = "" if said else f"truly {value_name(pick.row['label'])}"
            figure.text(left + SIDE / width, 20 / height, truly, fontsize=9.5, color=DARK.soft, ha="right")
    return figure
