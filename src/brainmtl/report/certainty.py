"""Whether a run's probabilities can be trusted on persons that calibrated nothing, as a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.bootstrap import Interval, bootstrap, mean_interval
from brainmtl.evaluation.calibration import ece, ece_adaptive, nll
from brainmtl.evaluation.class_answers import class_answers
from brainmtl.evaluation.conformal import (
    CONFIDENCE,
    ClassSets,
    class_sets,
    coverage,
    fit_class_sets,
    held_out_sets,
)
from brainmtl.evaluation.out_of_fold import PART, teaching
from brainmtl.evaluation.temperature import best_temperature, held_out_scaled, scale
from brainmtl.evaluation.weighted import Weights
from brainmtl.labels import CLASSES
from brainmtl.report.folder import Evaluation, Run
from brainmtl.report.names import Kind, value_name
from brainmtl.report.tables import Cell, Table, measured, text


@dataclass(frozen=True)
class Calibration:
    """What calibrates the numbers of a part.

    Attributes:
        slices: rows as ``per_image.parquet`` has them; none of the part's.
        where: they are from, as in "calibrated on the validation part".
    """

    slices: pd.DataFrame
    where: str


def calibration_of(run: Run, evaluation: Evaluation) -> Calibration | None:
    """What calibrates a part: what the run learnt from, answered out of fold, or else its validation part;
    ``None`` where neither is there or the part is that one itself.

    Args:
        run: whose part.
        evaluation: the part.
    """
    parts = {one.part: one.slices for one in run.evaluations if one.slices is not None}
    if evaluation.part == PART:
        return None
    if PART in parts:
        return Calibration(teaching(parts[PART]), "out of fold on the training part")
    if evaluation.part != "validation" and "validation" in parts:
        return Calibration(parts["validation"], "on the validation part")
    return None


def can_calibrate(evaluation: Evaluation, calibration: Calibration | None) -> bool:
    """Whether a part's certainty can be told: a test part calibrates nothing, not even itself.

    Args:
        evaluation: the part.
        calibration: of :func:`calibration_of`.
    """
    return calibration is not None or evaluation.part in ("validation", PART)


def certainty_table(evaluation: Evaluation, calibration: Calibration | None = None) -> Table | None:
    """Calibration before and after temperature scaling, and what conformal class sets hold.

    Args:
        evaluation: of one part.
        calibration: what calibrates; ``None`` where the part does itself: each slice is then calibrated on
            other persons.

    Returns:
        ``None`` without class probabilities, or where fewer than two persons calibrate.
    """
    if evaluation.slices is None:
        return None
    said = class_answers(evaluation.slices)
    taught = said if calibration is None else class_answers(calibration.slices)
    truth, stated, groups = said
    if not len(truth) or len(set(taught.groups)) < 2:
        return None
    if calibration is None:
        scaled = held_out_scaled(truth, stated, groups)
        kept = held_out_sets(truth, scaled, groups)
        unseen: list[tuple[Cell, Cell]] = []
    else:
        temperature = best_temperature(taught.truth, taught.probabilities)
        scaled = scale(stated, temperature)
        fitted = fit_class_sets(taught.truth, scale(taught.probabilities, temperature))
        kept = class_sets(fitted, scaled)
        unseen = _unseen(evaluation.slices, fitted, temperature)
    rows = [*_calibration(truth, stated, scaled, groups), *_sets(truth, kept, groups), *unseen]
    how = "on other persons of this part" if calibration is None else calibration.where
    note = (
        f"Temperature and sets are calibrated {how}. In brackets 95 % intervals over persons; ECE, to which "
        f"chance only adds, has none. The promise is {CONFIDENCE:.0%} for each class."
    )
    return Table(f"{evaluation.part}-certainty", "Certainty", ("what", "value"), tuple(rows), note)


def _calibration(
    truth: NDArray[np.int64], stated: NDArray[np.floating], scaled: NDArray[np.floating], groups: NDArray[Any]
) -> list[tuple[Cell, Cell]]:
    ways = {"as stated": stated, "after temperature scaling": scaled}
    biased = [  # no interval, as in metrics.json
        (f"{name}, {way}", Interval(float(score(truth, chances)), np.nan, np.nan))
        for name, score in (("ECE", ece), ("ECE, adaptive", ece_adaptive))
        for way, chances in ways.items()
    ]

    def nats(weights: Weights) -> NDArray[np.float64]:
        return np.stack([nll(truth, chances, weights) for chances in ways.values()], -1)

    others = zip((f"NLL, nats, {way}" for way in ways), bootstrap(nats, len(truth), groups), strict=True)
    return [(text(title), _cell(one, len(truth))) for title, one in (*biased, *others)]


def _sets(truth: NDArray[np.int64], kept: NDArray[np.bool_], groups: NDArray[Any]) -> list[tuple[Cell, Cell]]:
    slices = {"all": len(truth)} | {name: int((truth == code).sum()) for code, name in enumerate(CLASSES)}
    rows = [
        (
            text("class sets hold the class" if name == "all" else f"… of {value_name(name)}"),
            _cell(found, slices[name], "share"),
        )
        for name, found in coverage(truth, kept, groups).items()
        if slices[name]
    ]
    sizes = mean_interval(kept.sum(axis=1).astype(float), groups)
    return [*rows, (text("classes in a set, mean"), _cell(sizes, len(truth)))]


def _unseen(slices: pd.DataFrame, fitted: ClassSets, temperature: float) -> list[tuple[Cell, Cell]]:
    """Sets of the slices that are not in train alone, where others are: on those a network is surer."""
    if "leaked" not in slices or slices["leaked"].nunique() < 2:
        return []
    truth, stated, groups = class_answers(slices[~slices["leaked"].astype(bool)])
    if not len(truth):
        return []
    kept = class_sets(fitted, scale(stated, temperature))
    (hold, held), *_, (mean, size) = _sets(truth, kept, groups)
    return [(text(f"{name.text}, slices not in train"), cell) for name, cell in ((hold, held), (mean, size))]


def _cell(found: Interval, n: int, kind: Kind = "ratio") -> Cell:
    ends = {"low": found.low, "high": found.high}
    known = {name: None if np.isnan(end) else end for name, end in ends.items()}
    return measured({"value": found.value, "n": n} | known, kind)
