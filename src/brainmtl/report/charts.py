"""The charts of a report: what each is called, and what it says to those who cannot see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from brainmtl.labels import CLASSES, TUMOURS
from brainmtl.report import curves
from brainmtl.report.confusion import confusion_matrix
from brainmtl.report.folder import Evaluation, Run
from brainmtl.report.names import value_name
from brainmtl.report.reliability import certainty, reliability_diagram
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


def evaluation_charts(evaluation: Evaluation) -> list[Chart]:
    """The confusion matrix, the spread of Dice and the reliability diagram, as far as they apply.

    Args:
        evaluation: of one part.
    """
    return list(_evaluation_charts(evaluation))


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


def _called(row: np.ndarray) -> str:
    return ", ".join(
        f"{number} called {value_name(name)}" for name, number in zip(CLASSES, row, strict=True) if number
    )
