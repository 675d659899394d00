"""The README's measured results, written from run folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.labels import TUMOURS
from brainmtl.report.folder import Run, read_run
from brainmtl.report.names import metric_name
from brainmtl.report.results import interval_note
from brainmtl.report.tables import Cell, Table, count, escape, measured, text, to_markdown

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
ROWS = (
    ("segmentation", "dice"),
    ("floors", "nearest_mask_dice"),
    ("segmentation", "iou"),
    ("segmentation", "hd95_px"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("floors", "nearest_neighbour_accuracy"),
    ("classification", "f1_macro"),
    ("classification", "auroc"),
    ("classification", "miss_rate"),
    ("classification", "ece"),
    ("joint", "both_right"),
)
Metrics = dict[str, Any]
LEAKED = {"false": "test, slices not in train", "true": "test, slices also in train"}


def readme_table(run: Path) -> str:
    """The main results of a run as Markdown; test slices that are also in train told apart.

    Args:
        run: an evaluated run folder.

    Returns:
        A paragraph about the run, and a table.

    Raises:
        InputError: not a run folder, or not evaluated.
    """
    found = read_run(run)
    if not found.evaluations:
        raise InputError("has not been evaluated", where=run, mend="brainmtl evaluate RUN")
    columns = _columns(found)
    rows = [(text("slices"), *(count(_slices(metrics)) for metrics in columns.values()))]
    for section, metric in ROWS:
        rows += _row(columns, section, metric)
        if metric == "dice":
            rows += [row for label in TUMOURS for row in _class_row(columns, label)]
    table = Table("results", "Results", ("", *columns), tuple(rows), interval_note(found.evaluations))
    return f"{_about(found)}\n\n{to_markdown(table)}"


def refresh_readme(readme: Path, runs: Sequence[Path]) -> None:
    """Put the results of runs between the README's markers.

    Args:
        readme: a Markdown file with the lines :data:`BEGIN` and :data:`END`.
        runs: evaluated run folders, in the order to show them.

    Raises:
        InputError: a run has not been evaluated, or the README lacks the markers; it stays as it was.
    """
    try:
        before = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=readme, mend="pass a Markdown file") from error
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise InputError("has no place for results", where=readme, mend=f"add the lines {BEGIN} and {END}")
    results = "\n".join(readme_table(run) for run in runs)
    with whole_file(readme) as temporary:
        temporary.write_text(f"{head}{BEGIN}\n{results}{END}{tail}", encoding="utf-8")


def _columns(run: Run) -> dict[str, Metrics]:
    """Validation first: it is the one to trust where a test leaks."""
    columns: dict[str, Metrics] = {}
    for part in reversed(run.evaluations):
        columns[part.part] = part.metrics
        leaked = (part.metrics.get("strata") or {}).get("leaked") or {}
        columns |= {title: leaked[value] for value, title in LEAKED.items() if value in leaked}
    return columns


def _row(columns: dict[str, Metrics], section: str, metric: str, title: str = "") -> list[tuple[Cell, ...]]:
    """One row, or none where no column has the metric."""
    shown = metric_name(section, metric)
    found = [(metrics.get(section) or {}).get(metric) or {} for metrics in columns.values()]
    if all(one.get("value") is None for one in found):
        return []
    return [(text(title or shown.title), *(measured(one, shown.kind) for one in found))]


def _class_row(columns: dict[str, Metrics], label: str) -> list[tuple[Cell, ...]]:
    strata = {name: (metrics.get("strata") or {}).get("class") or {} for name, metrics in columns.items()}
    return _row(
        {name: found.get(label) or {} for name, found in strata.items()},
        "segmentation",
        "dice",
        f"Dice, {label}",
    )


def _slices(metrics: Metrics) -> int:
    sections = [metrics.get(name) or {} for name in ("segmentation", "classification")]
    return max((int(found["n"]) for section in sections for found in section.values()), default=0)


def _about(run: Run) -> str:
    """What the run is, in a line."""
    network, result = run.network, run.result
    encoder, size = run.setting("network.encoder.name"), run.setting("data.size")
    said = [
        f"{run.task} network" if run.task else None,
        f"encoder {encoder}" if encoder else None,
        f"{size}×{size} px" if size else None,
        f"{network['parameters'] / 1e6:.1f} M parameters" if "parameters" in network else None,
        f"protocol {run.data['protocol']}" if "protocol" in run.data else None,
        f"{result['epochs']} epochs in {result['hours']:.1f} h"
        if {"epochs", "hours"} <= result.keys()
        else None,
    ]
    return f"**{escape(run.name)}**: " + escape(", ".join(part for part in said if part)) + "."
