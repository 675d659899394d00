"""The audit of a data set: ``audit.json`` and the tables beside it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import brainmtl
from brainmtl.audit.carried import carry_over, count_matches
from brainmtl.audit.conflicts import FIELDS, find_conflicts
from brainmtl.audit.counts import count_copies
from brainmtl.audit.findings import findings
from brainmtl.audit.looks import Looks, look_at
from brainmtl.audit.masks import Masks, check_masks, summarise_masks
from brainmtl.audit.series import count_series
from brainmtl.audit.shortcuts import measure_shortcuts
from brainmtl.audit.sides import Sides, across_splits, within_split
from brainmtl.audit.suspects import POOR_DICE, rank_suspects, read_runs
from brainmtl.audit.twins import SAME_PIXELS, agreement, mask_dice, undone
from brainmtl.data.copies.compare import compare_slices
from brainmtl.data.copies.match import match_sets
from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.copies.series import find_series
from brainmtl.data.groups import group_slices
from brainmtl.data.manifest import content_hash
from brainmtl.evaluation.floors import floors
from brainmtl.evaluation.measures import metric
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
        looks = look_at(table, progress)
    with bar("reading masks", int(table["mask"].notna().sum())) as progress:
        masks = check_masks(table, progress)
    with bar("finding copies", len(table)) as progress:
        compared = compare_slices(table, progress=progress)
    pairs, series = _pairs(table, compared, bar), find_series(table, compared=compared)
    grouped = _regrouped(table, compared)
    with bar("measuring shortcuts", 5) as progress:
        shortcuts = measure_shortcuts(grouped, looks, progress)
    matches = None if other is None else _matches(table, other, bar)
    suspects = rank_suspects(table, pairs, judged=judged, matches=matches)
    record = _record(table, pairs, series, masks) | {
        "shortcuts": shortcuts,
        "floors": _floors(grouped, looks, masks),
    }
    record["suspects"] = {name: int(n) for name, n in suspects["what"].value_counts().items()}
    record["match"] = None if matches is None else count_matches(table, matches)
    record["findings"] = findings(record)
    record["groups"] = _groups(table, grouped, pairs)
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


def _pairs(table: pd.DataFrame, compared: pd.DataFrame, bar: Bar) -> pd.DataFrame:
    pairs = find_pairs(table, compared=compared)
    pairs["conflict"] = find_conflicts(table, pairs)
    masks = table.set_index("id")["mask"]
    with bar("comparing masks of copies", len(pairs)) as progress:
        back = pairs.assign(transform=pairs["transform"].map(undone))
        pairs["mask_dice"] = mask_dice(back, masks, masks, progress)
    return pairs


def _regrouped(table: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """The manifest with groups as they are found now; known persons keep theirs."""
    persons = table["group"].where(table["patient"].notna())
    return table.assign(group=group_slices(table, persons, compared=compared))


def _groups(table: pd.DataFrame, grouped: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """How many groups there are, and pairs of copies that the manifest's own groups keep apart."""
    own = table.set_index("id")["group"]
    apart = pairs["a"].map(own) != pairs["b"].map(own)
    across = pairs["across_splits"].astype(bool)
    return {
        "within": {"pairs_apart": int((apart & ~across).sum())},
        "across": {"pairs_apart": int((apart & across).sum())},
        "in_manifest": int(own.nunique()),
        "found": int(grouped["group"].nunique()),
    }


def _matches(table: pd.DataFrame, other: pd.DataFrame, bar: Bar) -> pd.DataFrame:
    with bar("matching the other set", None) as progress:
        found = match_sets(table, other, progress=progress)
    with bar("comparing masks with the other set", len(found)) as progress:
        return carry_over(table, other, found, progress)


def _record(table: pd.DataFrame, pairs: pd.DataFrame, series: pd.DataFrame, masks: Masks) -> dict[str, Any]:
    label = pairs["a"].map(table.set_index("id")["label"])
    same = pairs["kind"].isin(SAME_PIXELS)
    ceiling = {
        name: agreement(pairs["mask_dice"][rows], label[rows], pairs["across_splits"][rows])
        for name, rows in (("same_pixels", same), ("near", ~same))
    }
    return {
        "brainmtl": brainmtl.__version__,
        "sources": sorted(table["source"].unique()),
        "manifest_sha256": content_hash(table),
        "slices": len(table),
        "by_split": {str(name): len(part) for name, part in table.groupby("split", sort=False)},
        "labels_by_split": {
            str(name): {str(label): int(n) for label, n in part["label"].value_counts().items()}
            for name, part in table.groupby("split", sort=False)
        },
        **count_copies(table, pairs),
        "series": count_series(table, series),
        "persons": _persons(table),
        "conflicts": _conflicts(pairs),
        "annotation_ceiling": ceiling,
        "masks": summarise_masks(masks),
    }


def _conflicts(pairs: pd.DataFrame) -> dict[str, dict[str, int]]:
    across = pairs["across_splits"].astype(bool)
    marked = {name: pairs["conflict"].str.contains(name) for name in FIELDS}
    marked["mask"] = pairs["mask_dice"] < POOR_DICE
    return {
        name: {"within": int((rows & ~across).sum()), "across": int((rows & across).sum())}
        for name, rows in marked.items()
    }


def _persons(table: pd.DataFrame) -> dict[str, Any]:
    """Known persons by their group: a person may have several patient ids."""
    known = table[table["patient"].notna()]
    splits = known.groupby("group")["split"].nunique()
    both = known["group"].isin(splits.index[splits > 1])
    return {
        "within": {"persons": int((splits == 1).sum()), "slices": int((~both).sum())},
        "across": {
            "persons": int((splits > 1).sum()),
            "slices": int(both.sum()),
            "by_split": {str(name): len(part) for name, part in known[both].groupby("split", sort=False)},
        },
    }


def _floors(table: pd.DataFrame, looks: Looks, masks: Masks) -> dict[str, Any]:
    labels, groups = (table[name].to_numpy(dtype=object) for name in ("label", "group"))

    def part(rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        known = {"labels": labels[rows], "groups": groups[rows]}
        return known | {"thumbnails": looks.thumbnails[rows], "masks": masks.squares[rows]}

    def over(sides: Sides) -> dict[str, Any] | None:
        scores = [floors(train=part(train), test=part(test)) for train, test in sides]
        return {name: _pooled([score[name] for score in scores]) for name in scores[0]} if scores else None

    return {"within": over(within_split(table)), "across": over(across_splits(table))}


def _pooled(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    known = [each for each in metrics if each["value"] is not None]
    total = sum(each["n"] for each in known)
    return metric(sum(each["value"] * each["n"] for each in known) / max(total, 1), total)
