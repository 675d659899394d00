"""What folds drawn slice by slice flatter: the same recipe beside itself on folds by person."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from brainmtl.evaluation.bootstrap import Interval
from brainmtl.evaluation.repeats import apart_interval
from brainmtl.report.names import metric_name, write_number
from brainmtl.report.tables import Table, difference, text
from brainmtl.study.records import Measured, Record
from brainmtl.study.steadiness import METRICS


@dataclass(frozen=True)
class Flattery:
    """One metric of a recipe, cross-validated twice.

    Attributes:
        recipe: its name.
        part: train, validation or test.
        metric: ``section.metric``.
        by_slice: persons lie in several folds.
        by_person: each lies in one.
        difference: of the means, by slice minus by person; folds of the two are no pairs.
    """

    recipe: str
    part: str
    metric: str
    by_slice: Measured
    by_person: Measured
    difference: Interval


def flattery(records: Sequence[Record]) -> list[Flattery]:
    """Set each recipe's cross-validations by slice beside those by person.

    Args:
        records: any; those without folds are passed over.
    """
    by_slice = [record for record in records if record.drawn_by in ("random", "stratified")]
    by_person = [record for record in records if record.drawn_by == "person"]
    return [
        found
        for loose, strict in product(by_slice, by_person)
        if loose.recipe == strict.recipe and loose.settings == strict.settings
        for part in loose.parts
        for metric in METRICS
        if (found := _of(loose, strict, part, metric)) is not None
    ]


def flattery_table(found: Sequence[Flattery]) -> Table:
    """It as a table.

    Args:
        found: of :func:`flattery`.
    """
    rows = tuple(
        (
            text(one.recipe),
            text(one.part),
            text(metric_name(*one.metric.split(".")).title),
            text(_mean_and_sd(one.by_slice)),
            text(_mean_and_sd(one.by_person)),
            difference(one.difference.value, one.difference.low, one.difference.high),
        )
        for one in found
    )
    head = ("recipe", "part", "metric", "folds by slice", "folds by person", "difference")
    note = (
        "The same recipe and slices; by person, copies and persons stay within one fold, or within the test. "
        "Means ± SD over folds; differences with Welch's 95 % interval, variances after Nadeau and Bengio. "
        "Each way has drawn its test part once: what that leaves to chance is in no interval."
    )
    return Table("flattery", "What folds by slice flatter", head, rows, note)


def _of(loose: Record, strict: Record, part: str, metric: str) -> Flattery | None:
    one, other = loose.find(metric, part), strict.find(metric, part)
    if one is None or other is None or min(len(one.values), len(other.values)) < 2:
        return None
    gap = apart_interval(np.array(one.values), np.array(other.values), test_share=1 / len(one.values))
    return Flattery(loose.recipe, part, metric, one, other, gap)


def _mean_and_sd(number: Measured) -> str:
    return f"{write_number(number.value)} ± {write_number(number.sd)}"
