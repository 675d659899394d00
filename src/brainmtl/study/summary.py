"""What the folds of a cross-validation add up to: ``crossval.json``, ``oof.parquet``, a table, figures."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np
import pandas as pd

from brainmtl.evaluation.repeats import fold_interval
from brainmtl.evaluation.scorecard import summarise
from brainmtl.imaging.files import whole_file
from brainmtl.report.folder import read_run
from brainmtl.report.folds import fold_charts, fold_table, folds_in_words
from brainmtl.report.style import LIGHT, to_png, to_svg
from brainmtl.report.tables import to_csv, to_markdown
from brainmtl.training.evaluate import note_reading
from brainmtl.training.log import read_log
from brainmtl.training.run import read_json, write_json

SECTIONS: Final = ("segmentation", "classification", "joint")
SPREAD_OVER: Final = "folds; sample SD, n - 1"
LARGEST: Final = {"hd95_px": inf, "nll": inf, "mask_nll": inf, "brier": 2.0}
"""Of metrics that may exceed 1; all begin at 0. One that is not listed and does has no limit."""


def write_summary(
    out: Path, plan: dict[str, Any], runs: Sequence[Path], measured: Sequence[str], ledger: Path | None
) -> dict[str, Any]:
    """Summarise finished folds.

    Args:
        out: the cross-validation's folder.
        plan: what was to be done; its fields stand in the summary.
        runs: measured run folders, one a fold.
        measured: their parts.
        ledger: where the reading of the test part is noted; default ``test-ledger.md`` beside ``out``.

    Returns:
        The content of ``crossval.json``: the plan; ``slices``, the counts of each fold; ``parts``: ``{part:
        {section: {metric: {mean, sd, low, high, n, values}}}}``, SD null with one fold; ``out_of_fold``: the
        metrics of the contract over each slice predicted by the fold that did not see it; and ``cost``.
    """
    about = read_json(runs[0] / "data.json")
    found = {
        **plan,
        "task": read_json(runs[0] / "network.json")["task"],
        "sources": about.get("sources", []),
        "encoder_weights": about.get("encoder_weights"),
        "spread_over": SPREAD_OVER,
        "slices": [read_json(run / "data.json")["counts"] for run in runs],
        "parts": {part: spread_metrics(_metrics(runs, part)) for part in measured},
        "out_of_fold": _out_of_fold(out, runs),
        "cost": _cost(runs),
    }
    _draw(out, found, runs)
    if "test" in measured:
        _note(out, found, ledger)
    write_json(out / "crossval.json", found)
    return found


def spread_metrics(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and SD of each metric over folds, with Nadeau and Bengio's interval of the mean.

    Args:
        folds: the content of each ``metrics.json``.

    Returns:
        ``{section: {metric: {mean, sd, low, high, n, values}}}``; a section that no fold has is left out, as
        are the confusion matrices. No interval says what a metric cannot be.
    """
    found: dict[str, Any] = {}
    for section in SECTIONS:
        names = dict.fromkeys(name for fold in folds for name in fold.get(section) or {})
        values = {name: [_value(fold, section, name) for fold in folds] for name in names}
        metrics = {
            name: _possible(name, spread(numbers)) for name, numbers in values.items() if _plain(numbers)
        }
        if metrics:
            found[section] = metrics
    return found


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean and sample SD of the numbers that there are.

    Args:
        values: one a fold.

    Returns:
        ``{mean, sd, low, high, n, values}``; low and high are the ends of the mean's 95 % interval.
    """
    known = [value for value in values if value is not None]
    several = len(known) > 1
    interval = fold_interval(np.array(known), test_share=1 / len(known)) if several else None
    return {
        "mean": fmean(known) if known else None,
        "sd": stdev(known) if several else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "n": len(known),
        "values": list(values),
    }


def _possible(name: str, found: dict[str, Any]) -> dict[str, Any]:
    if found["low"] is None:
        return found
    values = [value for value in found["values"] if value is not None]
    least, most = 0.0 if min(values) >= 0 else -inf, LARGEST.get(name, 1.0)
    most = most if max(values) <= most else inf
    return found | {"low": max(least, found["low"]), "high": min(most, found["high"])}


def _value(metrics: dict[str, Any], section: str, name: str) -> Any:
    return ((metrics.get(section) or {}).get(name) or {}).get("value")


def _plain(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _metrics(runs: Sequence[Path], part: str) -> list[dict[str, Any]]:
    return [read_json(run / "evaluation" / part / "metrics.json") for run in runs]


def _out_of_fold(out: Path, runs: Sequence[Path]) -> dict[str, Any]:
    folds = [
        pd.read_parquet(run / "evaluation" / "validation" / "per_image.parquet").assign(fold=number)
        for number, run in enumerate(runs)
    ]
    rows = pd.concat(folds, ignore_index=True)
    with whole_file(out / "oof.parquet") as temporary:
        rows.to_parquet(temporary, index=False)
    return summarise(rows)


def _cost(runs: Sequence[Path]) -> dict[str, Any]:
    logs = [read_log(run / "log.csv") for run in runs]
    results = [read_json(run / "result.json") for run in runs]
    network = read_json(runs[0] / "network.json")
    environment = read_json(runs[0] / "environment.json")
    return {
        **{name: value for name, value in network.items() if name != "task"},
        "epochs": spread([result["epochs"] for result in results]),
        "best_epoch": spread([result["best_epoch"] for result in results]),
        "epoch_seconds": fmean(float(row["seconds"]) for log in logs for row in log),
        "hours": round(sum(result["hours"] for result in results), 4),
        "processor": environment.get("cuda") or environment.get("processor"),
    }


def _draw(out: Path, found: dict[str, Any], runs: Sequence[Path]) -> None:
    table = fold_table(found)
    for suffix, written in (("md", to_markdown(table)), ("csv", to_csv(fold_table(found, apart=True)))):
        with whole_file(out / "tables" / f"{table.name}.{suffix}") as temporary:
            temporary.write_text(written, encoding="utf-8")
    for chart in fold_charts([read_run(run) for run in runs]):
        figure = chart.draw(LIGHT)
        for suffix, drawn in (("png", to_png(figure)), ("svg", to_svg(figure))):
            with whole_file(out / "figures" / f"{chart.name}.{suffix}") as temporary:
                temporary.write_bytes(drawn)


def _note(out: Path, found: dict[str, Any], ledger: Path | None) -> None:
    """One row for all folds: their means."""
    means = {
        section: {name: {"value": metric["mean"]} for name, metric in metrics.items()}
        for section, metrics in found["parts"]["test"].items()
    }
    names = (out.name, found["recipe"], folds_in_words(found), "mean of the folds")
    note_reading(ledger or out.parent / "test-ledger.md", names, means)
