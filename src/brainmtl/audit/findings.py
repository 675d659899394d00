"""What an audit found, in sentences: the first thing to read, and each with its number."""

import math
from typing import Any

from brainmtl.labels import HEALTHY

STRONG_AUROC = 0.9
CONTRADICTIONS = {"label": "class", "plane": "plane", "mask": "mask (Dice below 0.7)"}
PERFECT = 0.995
"""Masks that agree better were copied with their slice, and say nothing of who drew them."""


def findings(record: dict[str, Any]) -> list[str]:
    """Say what a person should know before training.

    Args:
        record: the content of ``audit.json`` so far.

    Returns:
        Sentences, the gravest first; none where nothing was found.
    """
    said = [
        *_copies(record),
        *_people(record),
        *_groups(record),
        *_shortcuts(record),
        *_conflicts(record),
        *_masks(record),
        *_small(record),
    ]
    return [sentence for sentence in said if sentence]


def _copies(record: dict[str, Any]) -> list[str]:
    said = []
    for split, counts in record["copies"]["across"]["by_split"].items():
        total = record["by_split"][split]
        if split == "test" and counts["all"]:
            tumours = counts["all"] - counts.get(HEALTHY, 0)
            said.append(
                f"{counts['all']:,} of the {total:,} test slices ({counts['all'] / total:.0%}) show a slice"
                f" that is also in another split; {tumours:,} of them show a tumour. A score on this test is"
                " partly memory."
            )
    inside = record["copies"]["within"]["slices"]
    if inside:
        said.append(f"{inside:,} slices have a copy in their own split: they count twice.")
    return said


def _people(record: dict[str, Any]) -> list[str]:
    shared = record["persons"]["across"]
    if not shared["slices"]:
        return []
    return [
        f"{shared['persons']:,} known persons are in more than one split:"
        f" {shared['by_split'].get('test', 0):,} test slices are theirs."
    ]


def _groups(record: dict[str, Any]) -> list[str]:
    apart = sum(record["groups"][side]["pairs_apart"] for side in ("within", "across"))
    if not apart:
        return []
    return [
        f"{apart:,} pairs of copies lie in different groups of this manifest: its folds may share a slice."
    ]


def _shortcuts(record: dict[str, Any]) -> list[str]:
    said = []
    names = {"metadata": "the file's header and size in bytes", "size": "width and height"}
    for family, means in names.items():
        area = _value(record, family, "healthy_auroc")
        if area is not None and area >= STRONG_AUROC:
            said.append(f"Healthy slices are told from the others by {means} alone: AUROC {area:.3f}.")
    sides = [record["shortcuts"][name] for name in ("majority", "intensity")]
    usual, bright = (_metric(one, "accuracy") for one in sides)
    if usual and bright and _above(bright, usual):
        usual, bright = usual["value"], bright["value"]
        said.append(
            f"Five numbers about brightness tell the class of {bright:.1%} of the slices (the most frequent"
            f" class: {usual:.1%})."
        )
    return said + _lookup(record)


def _lookup(record: dict[str, Any]) -> list[str]:
    sides = record["shortcuts"]["thumbnail"]
    if not sides["across"] or not sides["within"]:
        return []
    own, others = (sides[side]["accuracy"] for side in ("across", "within"))
    if not _above(own, others):
        return []
    return [
        f"Looking up the most similar training thumbnail is right for {own['value']:.1%} of the test slices,"
        f" but for {others['value']:.1%} where no group is on both sides: the difference is leakage."
    ]


def _conflicts(record: dict[str, Any]) -> list[str]:
    counts = {name: sum(sides.values()) for name, sides in record["conflicts"].items()}
    said = [
        f"{count:,} pairs of copies contradict one another in their {CONTRADICTIONS[name]}."
        for name, count in counts.items()
        if count
    ]
    ceiling = record["annotation_ceiling"]["same_pixels"]["all"]["dice"]
    if ceiling["n"] and ceiling["value"] < PERFECT:
        said.append(
            f"Masks of one and the same picture agree at a mean Dice of {ceiling['value']:.3f} over"
            f" {ceiling['n']:,} pairs: a higher score fits the annotators, not the anatomy."
        )
    return said


def _masks(record: dict[str, Any]) -> list[str]:
    counts = record["masks"]["across"]
    said = []
    if counts["not_binary"]:
        said.append(
            f"{counts['not_binary']:,} of {counts['masks']:,} masks are not binary. Taking any value above 0"
            f" for tumour would inflate the median tumour to {counts['median_inflation']:.2f} times its area:"
            " threshold at more than 127."
        )
    for name, means in (("empty", "are empty"), ("other_size", "are of another size than their slice")):
        if counts[name]:
            said.append(f"{counts[name]:,} masks {means}.")
    return said


def _small(record: dict[str, Any]) -> list[str]:
    count, side = record["small"]["slices"], record["small"]["below_px"]
    if not count:
        return []
    return [
        f"{count:,} slices have fewer than {side} pixels a side: copies of them that were recompressed may"
        " have been missed."
    ]


def _value(record: dict[str, Any], family: str, name: str) -> float | None:
    found = _metric(record["shortcuts"][family], name)
    return found["value"] if found else None


def _metric(sides: dict[str, Any], name: str) -> dict[str, Any] | None:
    side = sides["across"] or sides["within"]
    return side[name] if side else None


def _above(high: dict[str, Any], low: dict[str, Any]) -> bool:
    """Whether one share is above another by more than two standard errors and five points."""
    variance = sum(each["value"] * (1 - each["value"]) / each["n"] for each in (high, low))
    return bool(high["value"] - low["value"] > 0.05 + 2 * math.sqrt(variance))
