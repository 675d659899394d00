"""What further views and runs gain and cost, as a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from brainmtl.report.html import write_whole
from brainmtl.report.names import metric_name
from brainmtl.report.tables import Cell, Table, count, difference, measured, text, to_csv, to_markdown

METRICS: Final = (
    ("segmentation", "dice"),
    ("segmentation", "mask_ece"),
    ("classification", "accuracy"),
    ("classification", "ece"),
    ("classification", "aurc"),
)
GAINS: Final = {"dice": "gain in Dice", "accuracy": "gain in accuracy"}


def write_ensemble(record: Mapping[str, Any], out: Path) -> None:
    """Write ``tables/ensemble.{md,csv}``.

    Args:
        record: ``ensemble.json``.
        out: the folder.

    Raises:
        InputError: a file cannot be written.
    """
    table = ensemble_table(record)
    write_whole(out / "tables" / "ensemble.csv", to_csv(table).encode())
    write_whole(out / "tables" / "ensemble.md", f"# {table.title}\n\n{to_markdown(table)}".encode())


def ensemble_table(record: Mapping[str, Any]) -> Table:
    """A row a way: its cost, its metrics, and its gains over the first model alone.

    Args:
        record: ``ensemble.json``.
    """
    shown = [(section, name) for section, name in METRICS if (record["ways"][0][section] or {}).get(name)]
    gains = [name for name in GAINS if any(way["gain"].get(name) for way in record["ways"])]
    rows = tuple(
        (
            text(way["name"]),
            count(way["voices"]),
            Cell(f"{way['ms_per_slice']:.1f}", way["ms_per_slice"]),
            *(
                measured(way[section].get(name, {}), metric_name(section, name).kind)
                for section, name in shown
            ),
            *(_gain(way["gain"].get(name)) for name in gains),
        )
        for way in record["ways"]
    )
    head = ("way", "passes", "ms a slice", *(metric_name(*metric).title for metric in shown))
    note = (
        f"{record['slices']:,} slices of the {record['part']} part. Gains over the first row, paired by "
        "slice, with 95 % intervals over persons. Milliseconds on this machine, without decoding and scoring."
    )
    return Table("ensemble", "Further views and runs", (*head, *(GAINS[name] for name in gains)), rows, note)


def _gain(gain: Mapping[str, Any] | None) -> Cell:
    return text("") if gain is None else difference(gain["value"], gain["low"], gain["high"])
