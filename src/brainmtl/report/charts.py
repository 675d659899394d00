"""The charts of a report: what each is called, and what it says to those who cannot see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from brainmtl.evaluation.conformal import CONFIDENCE
from brainmtl.labels import CLASSES, TUMOURS
from brainmtl.report import curves
from brainmtl.report.confusion import confusion_matrix
from brainmtl.report.folder import Evaluation, Run
from brainmtl.report.names import value_name
from brainmtl.report.reliability import certainty, reliability_diagram
from brainmtl.report.risk_coverage import risk_coverage_curve
from brainmtl.report.set_sizes import set_size_bars, set_sizes
from brainmtl.report.spread import dice_by_class
from brainmtl.report.style import Theme


@dataclass(frozen=True)
class Chart:
    """A figure that can be drawn in any theme.

    Attributes:
        name: stem of its files.
        title: what it shows.
        alt: what it says, in words.
        draw: a theme to a figure.
    """

    name: str
    title: str
    alt: str
    draw: Callable[[Theme], Figure]


def training_charts(run: Run) -> list[Chart]:
    """Losses, scores and learning rate by epoch; none before the first epoch has ended.

    Args:
        run: any.
    """
    return list(_training_charts(run))


def evaluation_charts(evaluation: Evaluation, calibration: pd.DataFrame | None = None) -> list[Chart]:
    """The confusion matrix, the spread of Dice, the reliability diagram, the risk–coverage curve and the
    sizes of conformal sets, as far as they apply.

    Args:
        evaluation: of one part.
        calibration: rows of another part, which calibrate the sets.
    """
    return [*_evaluation_charts(evaluation), *_set_charts(evaluation, calibration)]


def _training_charts(run: Run) -> Iterator[Chart]:
    log, best = run.log, run.result.get("best_epoch")
    if log is None:
        return
    losses = log["validation_loss"].dropna() if "validation_loss" in log else log["train_loss"].dropna()
    if len(losses):
        span = f"from {losses.iloc[0]:.3f} to {losses.iloc[-1]:.3f} over {len(log)} epochs"
        draw = partial(curves.loss_curves, log, best)
        yield Chart("loss", "Loss", f"Loss by epoch, in all and by task: {span}.", draw)
    shown = curves.shown_scores(log)
    if shown:
        title = f"{' and '.join(shown.values())} on validation"
        title = title[0].upper() + title[1:]
        yield Chart("scores", title, _scores_alt(run, title), partial(curves.score_curves, log, best))
    if "lr" in log and log["lr"].notna().any():
        span = f"between {log['lr'].min():.2g} and {log['lr'].max():.2g}"
        yield Chart(
            "learning-rate",
            "Learning rate",
            f"Learning rate by epoch: {span}.",
            partial(curves.rate_curve, log, best),
        )
    if curves.shows_conflict(log):
        mean = log["train_gradient_cosine"].mean()
        yield Chart(
            "gradient-conflict",
            "Cosine between the tasks' gradients",
            f"Cosine between the gradients of the mask loss and the class loss by epoch: {mean:.3f} on "
            "average; below 0 the tasks are in conflict.",
            partial(curves.conflict_curve, log, best),
        )


def _scores_alt(run: Run, title: str) -> str:
    assert run.log is not None
    best = run.result.get("best_epoch")
    row = run.log[run.log["epoch"] == best] if best is not None else run.log.tail(1)
    said = [f"{name} {row[column].iloc[0]:.3f}" for column, name in curves.shown_scores(row).items()]
    return f"{title} by epoch; at epoch {int(row['epoch'].iloc[0])}: {', '.join(said)}."


def _evaluation_charts(evaluation: Evaluation) -> Iterator[Chart]:
    part, slices = evaluation.part, evaluation.slices
    table = ((evaluation.metrics.get("classification") or {}).get("confusion") or {}).get("value")
    if table is not None:
        counts = np.array(table, dtype=np.int64)
        said = "; ".join(
            f"true {value_name(name)}: {_called(row)}" for name, row in zip(CLASSES, counts, strict=True)
        )
        yield Chart(
            f"{part}-confusion",
            "Confusion matrix",
            f"Confusion matrix. {said}.",
            partial(confusion_matrix, counts),
        )
    if slices is None:
        return
    dice = (
        slices.loc[slices["label"].isin(TUMOURS)]
        .groupby("label")["dice"]
        .apply(lambda values: values.dropna().mean())
    )
    means = {name: dice[name] for name in TUMOURS if name in dice and dice[name] == dice[name]}
    if means:
        said = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        yield Chart(
            f"{part}-dice",
            "Dice by class",
            f"Dice of each tumour slice by class; means: {said}.",
            partial(dice_by_class, slices),
        )
    top, right, groups = certainty(slices)
    if len(top):
        said = f"mean certainty {top.mean():.3f}, share right {right.mean():.3f}"
        ece = evaluation.value("classification", "ece")
        yield Chart(
            f"{part}-reliability",
            "Reliability",
            f"Reliability diagram: {said}.",
            partial(reliability_diagram, top, right, groups, ece),
        )
        aurc = evaluation.value("classification", "aurc")
        half = np.argsort(-top, kind="stable")[: -(-len(top) // 2)]
        yield Chart(
            f"{part}-risk-coverage",
            "Risk and coverage",
            f"Risk–coverage curve: {1 - right.mean():.3f} of all slices are wrong, "
            f"of the surer half {1 - right[half].mean():.3f}.",
            partial(risk_coverage_curve, top, right, aurc),
        )


def _set_charts(evaluation: Evaluation, calibration: pd.DataFrame | None) -> Iterator[Chart]:
    if evaluation.slices is None or calibration is None:
        return
    found = set_sizes(calibration, evaluation.slices)
    if found is not None:
        counts, held = found
        alone, whole = counts[:, 0].sum() / counts.sum(), held.sum() / counts.sum()
        yield Chart(
            f"{evaluation.part}-set-sizes",
            "Classes that cannot be ruled out",
            f"Sizes of conformal sets by class: {alone:.3f} of the sets name one class, {whole:.3f} hold the "
            "true one.",
            partial(set_size_bars, counts, held, CONFIDENCE),
        )


def _called(row: np.ndarray) -> str:
    return ", ".join(
        f"{number} called {value_name(name)}" for name, number in zip(CLASSES, row, strict=True) if number
    )
