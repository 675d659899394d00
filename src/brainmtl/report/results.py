"""The tables of a run: what was measured, on which data, and what the network costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from brainmtl.labels import CLASSES
from brainmtl.report.folder import Evaluation, Run
from brainmtl.report.names import METRICS, metric_name, stratum_name, value_name
from brainmtl.report.picks import contradictions, failures
from brainmtl.report.tables import Cell, Table, count, measured, number, text

STRATUM_COLUMNS = (
    ("segmentation", "dice"),
    ("segmentation", "dice_median"),
    ("segmentation", "surface_dice_2px"),
    ("segmentation", "hd95_px"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("classification", "miss_rate"),
    ("joint", "both_right"),
)
STRATUM_HEADS = {"leaked": "slice"}
BRISC = "brisc2025"
PEOPLE = (
    "BRISC's official test is not patient-disjoint: all 731 of its slices whose person is known come from "
    "people who are also in its training split"
)
COPIES = ", and 570 of its 860 tumour slices show a slice that is there, too."
APART = " The validation part shares no known person with the slices trained on."
BRISC_OVERLAP = {
    "official": PEOPLE + COPIES + APART,
    "official-clean-train": f"{PEOPLE}; slices that show the same are left out of training here.{APART}",
    "official-whole": PEOPLE + COPIES,
}
"""By protocol; counted by `brainmtl audit`. ``data/tables/README.md`` says how persons were found."""


def result_tables(run: Run) -> list[Table]:
    """Every metric overall, a table a task, the floors beneath the metrics they belong to.

    Args:
        run: with at least one evaluation.
    """
    titles = {"segmentation": "Segmentation", "classification": "Classification", "joint": "Both together"}
    return [
        _results(run, section, title)
        for section, title in titles.items()
        if any(evaluation.metrics.get(section) for evaluation in run.evaluations)
    ]


def stratum_tables(evaluation: Evaluation) -> list[Table]:
    """The main metrics by class, by plane and by whatever else the evaluation tells apart.

    Args:
        evaluation: of one part.
    """
    strata: Mapping[str, Any] = evaluation.metrics.get("strata") or {}
    return [_stratum(evaluation.part, name, values) for name, values in strata.items() if values]


def failure_table(evaluation: Evaluation) -> Table | None:
    """Every slice with a wrong class, a Dice below one half or a false mask; ``None`` without rows.

    Args:
        evaluation: of one part.
    """
    if evaluation.slices is None:
        return None
    rows = []
    for pick in failures(evaluation.slices):
        dice = None if pd.isna(pick.row["dice"]) else float(pick.row["dice"])
        label = None if pd.isna(pick.row["label"]) else value_name(pick.row["label"])
        rows.append((text(pick.row["id"]), text(label), text(pick.called), number(dice), text(pick.why)))
    head = ("slice", "true", "called", "Dice", "what is wrong")
    return Table(f"{evaluation.part}-failures", f"Failures on {evaluation.part}", head, tuple(rows))


def contradiction_table(evaluation: Evaluation) -> Table | None:
    """Every slice whose class and mask contradict each other; ``None`` without rows, or without both heads.

    Args:
        evaluation: of one part.
    """
    slices = evaluation.slices
    if slices is None or slices["predicted"].isna().all() or slices["predicted_px"].isna().all():
        return None
    rows = []
    for pick in contradictions(slices):
        label = None if pd.isna(pick.row["label"]) else value_name(pick.row["label"])
        painted = int(pick.row["predicted_px"])
        rows.append((text(pick.row["id"]), text(label), text(pick.called), count(painted), text(pick.place)))
    head = ("slice", "true", "called", "pixels painted", "contradiction")
    title = f"Where class and mask contradict each other on {evaluation.part}"
    return Table(f"{evaluation.part}-contradictions", title, head, tuple(rows))


def interval_note(evaluations: Sequence[Evaluation]) -> str:
    """What the brackets beside a metric are; empty where there are none.

    Args:
        evaluations: of the parts in a table.
    """
    found = [one.metrics["intervals"] for one in evaluations if one.metrics.get("intervals")]
    if not found:
        return ""
    drawn = {"slice": "slices"}.get(found[0]["by"], "whole persons (groups of look-alikes where unknown)")
    level, samples = f"{found[0]['level'] * 100:.0f} %", f"{found[0]['resamples']:,}"
    return f"In brackets: {level} intervals; {samples} bootstrap samples of {drawn}, Wilson's for rates."


def cost_table(run: Run) -> Table:
    """What the network weighs and what its training took.

    Args:
        run: any.
    """
    network, result, environment, log = run.network, run.result, run.environment, run.log
    hours = result.get("hours")
    speed = None
    if log is not None:
        hours = log["seconds"].sum() / 3600 if hours is None and "seconds" in log else hours
        speed = log["slices_per_second"].median() if "slices_per_second" in log else None
    machine = [
        environment.get("processor"),
        f"{environment['cores']} cores" if environment.get("cores") else None,
    ]
    machine.append(environment.get("cuda"))
    rows = [
        (text("task"), text(run.task)),
        (text("parameters"), count(network.get("parameters"))),
        (text("of which trained"), count(network.get("trainable_parameters"))),
        (text("weights, fp32"), _measure(network.get("size_mb"), "{:.1f} MB")),
        (text("epochs"), count(None if log is None else len(log))),
        (text("kept epoch"), count(result.get("best_epoch"))),
        (
            text("selected by"),
            text(str(result["monitor"]).replace("_", " ") if "monitor" in result else None),
        ),
        (text("its best value"), number(result.get("best_score"))),
        (text("time to train"), _measure(hours, "{:.2f} h")),
        (text("speed of training, median epoch"), _measure(speed, "{:.1f} slices/s")),
        (text("machine"), text(", ".join(str(part) for part in machine if part))),
    ]
    return Table("network-and-cost", "Network and cost", ("what", "value"), tuple(rows))


def data_tables(run: Run) -> list[Table]:
    """The data card: how many slices of what, drawn how.

    Args:
        run: any.
    """
    data = run.data
    if not data:
        return []
    counts: Mapping[str, Mapping[str, int]] = data.get("counts") or {}
    parts = [part for part in ("train", "validation", "test") if part in counts]
    rows = [
        (text(value_name(name)), *(count(counts[part].get(name)) for part in parts))
        for name in (*CLASSES, "masks")
    ]
    protocol = str(data.get("protocol", ""))
    fold = f", fold {data['fold']}" if "fold" in protocol and "fold" in data else ""
    card = [
        (text("sources"), text(", ".join(data.get("sources") or []))),
        (text("protocol"), text(protocol + fold)),
        (text("manifest, SHA-256 of its content"), text(data.get("manifest_sha256"))),
    ]
    note = BRISC_OVERLAP.get(protocol, "") if BRISC in (data.get("sources") or []) else ""
    return [
        Table("data-counts", "Slices", ("class", *parts), tuple(rows)),
        Table("data-card", "Where they come from", ("what", "value"), tuple(card), note),
    ]


def _results(run: Run, section: str, title: str) -> Table:
    known = list(METRICS[section])
    given = {name for part in run.evaluations for name in part.metrics.get(section) or {}} - {"confusion"}
    rows, quiet = [], set()
    for name in [*(key for key in known if key in given), *sorted(given - set(known))]:
        rows.append(_result(run, section, name))
        floor = metric_name(section, name).floor
        if floor and any(part.value("floors", floor) is not None for part in run.evaluations):
            quiet.add(len(rows))
            rows.append(_result(run, "floors", floor))
    parts = [evaluation.part for evaluation in run.evaluations]
    head = ("metric", *(name for part in parts for name in (part, "n")))
    keys = ("metric", *(name for part in parts for name in (part, f"{part}_n")))
    note = interval_note(run.evaluations)
    return Table(f"results-{section}", title, head, tuple(rows), note, frozenset(quiet), keys)


def _result(run: Run, section: str, name: str) -> tuple[Cell, ...]:
    shown = metric_name(section, name)
    cells = [text(shown.title)]
    for part in run.evaluations:
        metric = (part.metrics.get(section) or {}).get(name) or {}
        cells += [measured(metric, shown.kind), count(metric.get("n"))]
    return tuple(cells)


def _stratum(part: str, name: str, values: Mapping[str, Any]) -> Table:
    def metric(value: str, section: str, key: str) -> dict[str, Any]:
        return ((values[value] or {}).get(section) or {}).get(key) or {}

    columns = [
        pair
        for pair in STRATUM_COLUMNS
        if any(metric(value, *pair).get("value") is not None for value in values)
    ]
    rows = []
    for value in values:
        sections = [section or {} for section in values[value].values()]
        slices = max((found["n"] for section in sections for found in section.values()), default=0)
        cells = [measured(metric(value, *pair), metric_name(*pair).kind) for pair in columns]
        rows.append((text(value_name(value)), count(slices), *cells))
    head = (STRATUM_HEADS.get(name, name), "slices", *(metric_name(*pair).title for pair in columns))
    return Table(f"{part}-by-{name}", stratum_name(name), head, tuple(rows))


def _measure(value: float | None, form: str) -> Cell:
    return text(None) if value is None else Cell(form.format(value), float(value))
