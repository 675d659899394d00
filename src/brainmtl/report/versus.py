"""Two runs on the same slices, with tests, as a table."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from brainmtl.evaluation.paired import holm, mcnemar, paired_difference, wilcoxon
from brainmtl.report.folder import Evaluation, Run
from brainmtl.report.names import metric_name
from brainmtl.report.tables import Table, count, difference, number, text

METRICS: Final = {"dice": ("segmentation", "dice"), "right": ("classification", "accuracy")}
"""Column of a slice's row → the metric that is its mean."""


def versus_table(run: Run, others: Sequence[Run], part: str) -> Table | None:
    """By how much a run is better than others on the slices that both were measured on.

    Args:
        run: any.
        others: measured on the same part.
        part: which.

    Returns:
        ``None`` where no other run has rows of the same slices.
    """
    found = [line for other in others for line in _lines(run, other, part)]
    if not found:
        return None
    adjusted = holm(np.array([line["p"] for line in found]))
    rows = tuple(
        (
            text(line["other"]),
            text(line["metric"]),
            number(line["here"]),
            number(line["there"]),
            difference(line["value"], line["low"], line["high"]),
            number(line["p"]),
            number(float(fair)),
            number(line["second"]),
            count(line["n"]),
        )
        for line, fair in zip(found, adjusted, strict=True)
    )
    head = (
        "against",
        "metric",
        "this run",
        "the other",
        "difference",
        "p",
        "p, Holm",
        "second test, p",
        "slices",
    )
    note = (
        "Paired by slice. Difference and p over persons: bootstrap interval (95 %), randomisation test; "
        "Holm's adjustment over this table. Second test: Wilcoxon's signed ranks of persons for Dice, "
        "McNemar's over persons (Obuchowski) for accuracy."
    )
    return Table(f"{part}-versus", f"Against other runs on {part}", head, rows, note)


def _lines(run: Run, other: Run, part: str) -> Iterator[dict[str, Any]]:
    here, there = (_slices(one, part) for one in (run, other))
    if here is None or there is None:
        return
    both = here.join(there, how="inner", lsuffix="_here", rsuffix="_there")
    for column, metric in METRICS.items():
        pair = both[[f"{column}_here", f"{column}_there"]].dropna().astype(float)
        if pair.empty:
            continue
        a, b = (pair[name].to_numpy() for name in pair)
        groups = both.loc[pair.index, "group_here"].to_numpy(dtype=object)
        apart = paired_difference(a, b, groups)
        second = wilcoxon(a, b, groups).p if column == "dice" else mcnemar(a > 0, b > 0, groups).p
        yield {
            "other": other.name,
            "metric": metric_name(*metric).title,
            "here": float(a.mean()),
            "there": float(b.mean()),
            "value": apart.value,
            "low": apart.low,
            "high": apart.high,
            "p": apart.p,
            "second": second,
            "n": len(pair),
        }


def _slices(run: Run, part: str) -> pd.DataFrame | None:
    found: Evaluation | None = next((one for one in run.evaluations if one.part == part), None)
    if found is None or found.slices is None:
        return None
    return found.slices.set_index("id")[["group", *METRICS]]
