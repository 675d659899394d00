"""Two cross-validations on the same folds: which is better, and which is steadier."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from brainmtl.evaluation.bootstrap import Interval
from brainmtl.evaluation.paired import holm
from brainmtl.evaluation.repeats import fold_interval
from brainmtl.evaluation.variance import Spread, pitman_morgan
from brainmtl.report.names import metric_name
from brainmtl.report.tables import Cell, Table, difference, text
from brainmtl.study.records import Record

METRICS: Final = (
    "classification.accuracy",
    "classification.precision_macro",
    "classification.recall_macro",
    "segmentation.dice",
    "segmentation.iou",
)
FEWEST: Final = 3
"""Folds that a test of paired variances needs."""


@dataclass(frozen=True)
class Contrast:
    """One metric of two cross-validations.

    Attributes:
        one: a record.
        other: another one, on the same folds.
        part: train, validation or test.
        metric: ``section.metric``.
        difference: of the means, one minus the other, with Nadeau and Bengio's interval.
        spread: the ratio of the variances, one over the other, by Pitman and Morgan's test of pairs.
    """

    one: Record
    other: Record
    part: str
    metric: str
    difference: Interval
    spread: Spread


def contrasts(records: Sequence[Record]) -> list[Contrast]:
    """Compare every two cross-validations that met the same folds, metric by metric.

    Args:
        records: any; those without folds, or with fewer than three, are passed over.
    """
    found = []
    for one, other in combinations(records, 2):
        if one.drawn is None or one.drawn != other.drawn:
            continue
        for part in one.parts:
            for metric in METRICS:
                values = [record.find(metric, part) for record in (one, other)]
                pairs = [
                    value.values for value in values if value is not None and len(value.values) >= FEWEST
                ]
                if len(pairs) == 2 and all(np.var(numbers) > 0 for numbers in pairs):
                    found.append(_contrast(one, other, part, metric, *map(np.array, pairs)))
    return found


def steadiness_table(found: Sequence[Contrast]) -> Table:
    """Contrasts as a table.

    Args:
        found: of :func:`contrasts`.
    """
    rows = []
    adjusted = holm(np.array([contrast.spread.p for contrast in found]))
    for contrast, fair in zip(found, adjusted, strict=True):
        gap, spread = contrast.difference, contrast.spread
        rows.append(
            (
                text(f"{contrast.one.recipe} − {contrast.other.recipe}"),
                text(contrast.one.protocol),
                text(contrast.part),
                text(metric_name(*contrast.metric.split(".")).title),
                difference(gap.value, gap.low, gap.high),
                Cell(f"{spread.ratio:.2f} ({spread.low:.2f} to {spread.high:.2f})", spread.ratio),
                Cell(f"{spread.p:.3f}", spread.p),
                Cell(f"{fair:.3f}", float(fair)),
            )
        )
    told = ("difference of means", "ratio of variances", "p of the ratio", "p, Holm")
    head = ("systems", "folds", "part", "metric", *told)
    note = (
        "A ratio below 1: the first is the steadier. Means with Nadeau and Bengio's 95 % interval, variances "
        "by Pitman and Morgan's paired test; Holm's adjustment over this table. Five folds tell apart only "
        "spreads that differ greatly."
    )
    return Table("steadiness", "Better, and steadier", head, tuple(rows), note)


def _contrast(one: Record, other: Record, part: str, metric: str, a: np.ndarray, b: np.ndarray) -> Contrast:
    difference = fold_interval(a - b, test_share=1 / len(a))
    return Contrast(one, other, part, metric, difference, pitman_morgan(a, b))
