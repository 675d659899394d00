"""One self-contained HTML page about what a data set hides, with its slices side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brainmtl
from brainmtl.audit.audit import Audit
from brainmtl.report import audit_cards as cards
from brainmtl.report import audit_tables as tables
from brainmtl.report.html import Card, template, write_whole
from brainmtl.report.names import write_number
from brainmtl.report.tables import Table

NAME = "audit.html"
NARROW = 5
"""Columns of a table that leaves room for another one beside it."""


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page."""

    title: str
    text: str
    note: str


@dataclass(frozen=True)
class Section:
    """A chapter of the page.

    Attributes:
        name: its anchor.
        title: its heading.
        lead: what it means.
        tables: numbers.
        cards: pictures.
        caption: what the pictures show; empty where outlines need no key.
        key: names of the solid and the dashed outline, where both are drawn.
    """

    name: str
    title: str
    lead: str
    tables: list[Table]
    cards: list[Card]
    caption: str = ""
    key: tuple[str, str] | None = None

    @property
    def narrow(self) -> bool:
        """Whether two of its tables fit beside each other."""
        return len(self.tables) > 1 and all(len(table.head) <= NARROW for table in self.tables)


def write_audit_page(audit: Audit, folder: Path, progress: Callable[[int], None] = lambda done: None) -> Path:
    """Write ``audit.html`` whole or not at all.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
        folder: where to.
        progress: called with the number of chapters drawn.

    Returns:
        The path of the page.

    Raises:
        InputError: it cannot be written.
    """
    chapters = [_copies, _series, _contradictions, _agreement, _shortcuts, _masks, _suspects]
    chapters += [] if audit.matches is None else [_match]
    sections = []
    for done, chapter in enumerate(chapters, start=1):
        sections.append(chapter(audit))
        progress(done)
    html = template("audit.html.j2").render(
        title=" and ".join(audit.record["sources"]),
        record=audit.record,
        version=brainmtl.__version__,
        tiles=_tiles(audit.record),
        sections=sections,
    )
    write_whole(folder / NAME, html.encode())
    return folder / NAME


def _tiles(record: dict[str, Any]) -> list[Tile]:
    found = [_leak_tile(record), _lookup_tile(record), _header_tile(record), _ceiling_tile(record)]
    return [tile for tile in found if tile is not None]


def _leak_tile(record: dict[str, Any]) -> Tile | None:
    total = record["by_split"].get("test")
    if not total:
        return None
    copied = record["copies"]["across"]["by_split"].get("test", {"all": 0})["all"]
    return Tile(
        "Test slices also elsewhere", write_number(copied / total, "share"), f"{copied:,} of {total:,}"
    )


def _lookup_tile(record: dict[str, Any]) -> Tile | None:
    sides = record["shortcuts"]["thumbnail"]
    if not sides["across"]:
        return None
    own, others = (_accuracy(sides[name]) for name in ("across", "within"))
    return Tile("Right by looking it up", own, f"{others} where no group is shared" if others else "")


def _accuracy(side: dict[str, Any] | None) -> str:
    return write_number(side["accuracy"]["value"], "share") if side else ""


def _header_tile(record: dict[str, Any]) -> Tile | None:
    side = record["shortcuts"]["metadata"]["across"] or record["shortcuts"]["metadata"]["within"]
    if side is None or side["healthy_auroc"]["value"] is None:
        return None
    return Tile(
        "Healthy, from the file header", write_number(side["healthy_auroc"]["value"]), "AUROC; chance 0.5"
    )


def _ceiling_tile(record: dict[str, Any]) -> Tile | None:
    dice = record["annotation_ceiling"]["same_pixels"]["all"]["dice"]
    if not dice["n"]:
        return None
    return Tile("Masks of one picture agree", write_number(dice["value"]), f"Dice, {dice['n']:,} pairs")


def _copies(audit: Audit) -> Section:
    leaks = tables.leak_table(audit.record)
    return Section(
        "copies",
        "Copies",
        "Slices that show the same: a copy across splits lets a network remember the answer, a copy within"
        " one counts twice.",
        [tables.copy_table(audit.record), *([leaks] if leaks else [])],
        cards.copy_cards(audit),
        "Two slices side by side with their own masks; some of every kind, those across splits first.",
    )


def _series(audit: Audit) -> Section:
    return Section(
        "series",
        "Series",
        "Slices beside one another in one head. A split that cuts through a series tests on the neighbours of"
        " what was learnt.",
        [tables.series_table(audit.record)],
        cards.series_cards(audit),
        "The longest series that lie in more than one split, some of their slices in order.",
    )


def _contradictions(audit: Audit) -> Section:
    return Section(
        "contradictions",
        "Contradictions",
        "Copies that bear different classes, planes or masks: at least one of each pair is wrong.",
        [tables.conflict_table(audit.record)],
        cards.conflict_cards(audit),
        "Two copies side by side whose class or plane differ.",
    )


def _agreement(audit: Audit) -> Section:
    return Section(
        "agreement",
        "How well masks agree",
        "The same picture masked twice: a Dice above this fits the annotators, not the anatomy.",
        [tables.agreement_table(audit.record)],
        cards.disagreement_cards(audit),
        "The copies whose masks agree least. Left the whole slice, right a close-up.",
        ("its own mask", "its copy's mask"),
    )


def _shortcuts(audit: Audit) -> Section:
    return Section(
        "shortcuts",
        "Shortcuts",
        "What tells the class to whoever never looks at the head. A network may learn this instead, and fails"
        " where it is missing.",
        [tables.shortcut_table(audit.record), tables.floor_table(audit.record)],
        [],
    )


def _masks(audit: Audit) -> Section:
    return Section(
        "masks",
        "Masks",
        "What is odd about single masks.",
        [tables.mask_table(audit.record)],
        cards.mask_cards(audit),
        "The smallest masks, and those with most pieces and holes. Left the whole slice, right a close-up.",
    )


def _suspects(audit: Audit) -> Section:
    return Section(
        "suspects",
        "To look at again",
        "Labels and masks that a copy, another data set or a network (on slices it had not learnt from)"
        " contradicts, most suspicious first; all of them are in suspects.csv.",
        [],
        cards.suspect_cards(audit),
        "",
        ("its own mask", "the witness's mask"),
    )


def _match(audit: Audit) -> Section:
    assert audit.other is not None
    name, found = " and ".join(sorted(audit.other["source"].unique())), audit.record["match"]
    return Section(
        "match",
        f"Slices of {name}",
        f"{found['slices']:,} slices are {found['distinct']:,} slices of {name};"
        f" {found['patients']:,} patients are carried over.",
        [tables.match_table(audit.record)],
        cards.match_cards(audit),
        "The slices whose masks agree least. Left the whole slice, right a close-up.",
        ("this set's mask", f"{name}'s mask"),
    )
