"""The audit of a data set: ``audit.json`` and the tables beside it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from brainmtl.audit.carried import carry_over
from brainmtl.audit.conflicts import find_conflicts
from brainmtl.audit.findings import findings
from brainmtl.audit.floors import measure_floors
from brainmtl.audit.looks import look_at
from brainmtl.audit.masks import Masks, check_masks, summarise_masks
from brainmtl.audit.record import count_found
from brainmtl.audit.shortcuts import measure_shortcuts
from brainmtl.audit.suspects import rank_suspects, read_runs
from brainmtl.audit.twins import mask_dice, undone
from brainmtl.data.copies.compare import compare_slices
from brainmtl.data.copies.match import match_sets
from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.copies.series import find_series
from brainmtl.data.copies.thumbnails import Thumbnails
from brainmtl.data.groups import group_slices
from brainmtl.imaging.files import whole_file

Bar = Callable[[str, int | None], AbstractContextManager[Callable[..., None]]]
"""Shows a stage of the work: its name, how many steps it has; gives what to call with the number done."""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        table: the manifest.
        record: the content of ``audit.json``.
        pairs: copies: ``a, b, kind, transform, score, across_splits, conflict, mask_dice``.
        groups: ``id, group``, of persons and of what hangs together with their slices.
        series: ``id, series, position``.
        masks: checks of every mask.
        suspects: what to look at again.
        other: the manifest matched with, or ``None``.
        matches: slices that are in it too, or ``None``.
    """

    table: pd.DataFrame
    record: dict[str, Any]
    pairs: pd.DataFrame
    groups: pd.DataFrame
    series: pd.DataFrame
    masks: pd.DataFrame
    suspects: pd.DataFrame
    other: pd.DataFrame | None
    matches: pd.DataFrame | None


@contextmanager
def _no_bar(text: str, total: int | None) -> Iterator[Callable[..., None]]:
    yield lambda *done: None


def audit_set(
    table: pd.DataFrame,
    *,
    other: pd.DataFrame | None = None,
    runs: Sequence[Path] = (),
    bar: Bar = _no_bar,
) -> Audit:
    """Look for everything a data set hides.

    Args:
        table: a manifest.
        other: the manifest of a set that may show the same slices.
        runs: run folders on this set, measured on slices they had not learnt from.
        bar: shows each stage.

    Raises:
        InputError: a file cannot be read, or a run folder says nothing about this set.
    """
    judged = read_runs(runs, table) if runs else None
    with bar("reading slices", len(table)) as progress:
        looks, thumbnails = look_at(table, progress)
    with bar("reading masks", int(table["mask"].notna().sum())) as progress:
        masks = check_masks(table, progress)
    with bar("finding copies", None) as progress:
        compared = compare_slices(table, thumbnails=thumbnails, progress=progress)
    pairs, series = _pairs(table, compared, masks, bar), find_series(table, compared=compared)
    grouped = _regrouped(table, compared)
    with bar("measuring shortcuts", 5) as progress:
        shortcuts = measure_shortcuts(grouped, looks, progress)
    matches = None if other is None else _matches(table, other, thumbnails, masks, bar)
    suspects = rank_suspects(table, pairs, judged=judged, matches=matches)
    record = count_found(table, grouped, pairs, series, suspects, matches) | {
        "masks": summarise_masks(masks),
        "shortcuts": shortcuts,
        "floors": measure_floors(grouped, looks.thumbnails, masks.squares),
    }
    record["findings"] = findings(record)
    return Audit(
        table, record, pairs, grouped[["id", "group"]], series, masks.checks, suspects, other, matches
    )


def write_audit(audit: Audit, folder: Path) -> None:
    """Write ``audit.json`` and the tables, each whole or not at all.

    Args:
        audit: from :func:`audit_set`.
        folder: where to.

    Raises:
        InputError: a file cannot be written.
    """
    tables = {
        "pairs": audit.pairs,
        "groups": audit.groups,
        "series": audit.series,
        "masks": audit.masks,
        "suspects": audit.suspects,
    }
    tables |= {} if audit.matches is None else {"matches": audit.matches}
    for name, table in tables.items():
        with whole_file(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6g")
    with whole_file(folder / "audit.json") as temporary:
        temporary.write_text(json.dumps(audit.record, indent=2) + "\n", encoding="utf-8")


def _pairs(table: pd.DataFrame, compared: pd.DataFrame, masks: Masks, bar: Bar) -> pd.DataFrame:
    pairs = find_pairs(table, compared=compared)
    pairs["conflict"] = find_conflicts(table, pairs)
    paths = table.set_index("id")["mask"]
    with bar("comparing masks of copies", len(pairs)) as progress:
        back = pairs.assign(transform=pairs["transform"].map(undone))
        pairs["mask_dice"] = mask_dice(back, paths, paths, progress, masks.areas)
    return pairs


def _regrouped(table: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """The manifest with groups as they are found now; known persons keep theirs."""
    persons = table["group"].where(table["patient"].notna())
    return table.assign(group=group_slices(table, persons, compared=compared))


def _matches(
    table: pd.DataFrame, other: pd.DataFrame, thumbnails: Thumbnails, masks: Masks, bar: Bar
) -> pd.DataFrame:
    with bar("matching the other set", None) as progress:
        found = match_sets(table, other, thumbnails=thumbnails, progress=progress)
    with bar("comparing masks with the other set", len(found)) as progress:
        return carry_over(table, other, found, progress, masks.areas)
