"""The tables of an audit's page, from the content of ``audit.json``."""

from collections.abc import Iterable
from typing import Any, Final

from brainmtl.labels import CLASSES
from brainmtl.report.names import Kind, value_name
from brainmtl.report.tables import Cell, Table, count, number, text

COPIES: Final = {
    "byte_duplicates": "same file",
    "pixel_duplicates": "same pixels",
    "near_duplicates": "same slice, recompressed or turned",
    "copies": "all",
}
FAMILIES: Final = {
    "metadata": ("file header", "size in bytes, format, colour mode, JPEG tables, EXIF"),
    "size": ("width and height", "pixels and their ratio"),
    "intensity": ("five statistics", "mean, SD, median, brightest grey, share of black"),
    "thumbnail": ("nearest thumbnail", "the class of the most similar slice at 32×32"),
    "majority": ("most frequent class", "what guessing scores"),
}
ISSUES: Final = {
    "not_binary": "values between black and white",
    "with_holes": "with holes",
    "several_lesions": "in several pieces",
    "many_lesions": "in more than three pieces",
    "tiny": "tiny (below 0.02 % of the slice)",
    "empty": "empty",
    "other_size": "of another size than the slice",
}
SIDES: Final = ("within", "across")
CONFLICTS: Final = {"label": "class", "plane": "plane", "mask": "mask (Dice below 0.7)"}


def copy_table(record: dict[str, Any]) -> Table:
    """Copies within and across splits.

    Args:
        record: the content of ``audit.json``.
    """
    splits = list(record["by_split"])
    rows = [
        (
            text(title),
            count(record[key]["within"]["pairs"]),
            count(record[key]["across"]["pairs"]),
            *(count(record[key]["across"]["by_split"].get(split, {"all": 0})["all"]) for split in splits),
        )
        for key, title in COPIES.items()
    ]
    head = (
        "",
        "pairs in one split",
        "pairs across",
        *(f"{split} slices copied elsewhere" for split in splits),
    )
    note = "Same pixels: the same files among them. A slice counts once however many copies it has."
    return Table("copies", "Copies", head, tuple(rows), note)


def series_table(record: dict[str, Any]) -> Table:
    """Series within and across splits.

    Args:
        record: the content of ``audit.json``.
    """
    found, splits = record["series"], list(record["by_split"])
    rows = [
        (
            text(title),
            count(found[side]["series"]),
            count(found[side]["slices"]),
            *(count(found[side]["by_split"].get(split, 0)) for split in splits),
        )
        for side, title in (("within", "in one split"), ("across", "in several splits"))
    ]
    head = ("", "series", "slices", *(f"of {split}" for split in splits))
    return Table("series", "Series", head, tuple(rows), f"The longest has {found['longest']:,} slices.")


def leak_table(record: dict[str, Any]) -> Table | None:
    """Test slices that are also in another split, by class; ``None`` where there are none.

    Args:
        record: the content of ``audit.json``.
    """
    found = record["copies"]["across"]["by_split"].get("test")
    if not found:
        return None
    total = record["labels_by_split"]["test"]
    rows = [
        (text(value_name(label)), count(found.get(label, 0)), count(n), _share(found.get(label, 0), n))
        for label, n in ((label, total.get(label, 0)) for label in CLASSES)
        if n
    ]
    return Table("leaks", "Test slices that are elsewhere too", ("", "copied", "of", "share"), tuple(rows))


def shortcut_table(record: dict[str, Any]) -> Table:
    """What tells the class without the head.

    Args:
        record: the content of ``audit.json``.
    """
    rows = []
    for family, (title, means) in FAMILIES.items():
        sides = record["shortcuts"][family]
        classes = [number(_value(sides[side], "accuracy"), "share") for side in SIDES]
        healthy = [number(_value(sides[side], "healthy_auroc")) for side in SIDES]
        rows.append((text(title), text(means), *classes, *healthy))
    head = ("", "from", "class, groups", "class, test", "healthy AUROC, groups", "healthy AUROC, test")
    note = (
        "Groups: learnt and tested on folds of the training split that share no group. Test: learnt on the"
        " training split and tested on the set's own test split. AUROC: healthy slices against the others;"
        " 0.5 is chance."
    )
    return Table("shortcuts", "Told without looking at the head", head, tuple(rows), note)


def floor_table(record: dict[str, Any]) -> Table:
    """What a lookup of the most similar slice scores.

    Args:
        record: the content of ``audit.json``.
    """
    names: dict[str, tuple[str, Kind]] = {
        "nearest_neighbour_accuracy": ("class of the nearest slice, accuracy", "share"),
        "nearest_mask_dice": ("mask of the nearest slice, Dice", "ratio"),
    }
    rows = [
        (
            text(title),
            *(number(_value(record["floors"][side], name), kind) for side in ("within", "across")),
        )
        for name, (title, kind) in names.items()
    ]
    note = "A network that scores no more than this has learnt nothing that a lookup could not do."
    return Table("floors", "Floors", ("", "groups", "test"), tuple(rows), note)


def conflict_table(record: dict[str, Any]) -> Table:
    """Copies that contradict one another.

    Args:
        record: the content of ``audit.json``.
    """
    rows = [
        (text(title), count(record["conflicts"][name]["within"]), count(record["conflicts"][name]["across"]))
        for name, title in CONFLICTS.items()
    ]
    head = ("pairs of copies that differ in", "in one split", "across")
    return Table("conflicts", "Contradictions", head, tuple(rows))


def agreement_table(record: dict[str, Any]) -> Table:
    """How well the masks of copies agree, by class.

    Args:
        record: the content of ``audit.json``.
    """
    sides = [record["annotation_ceiling"][name]["all"] for name in ("same_pixels", "near")]
    labels = [label for label in CLASSES if any(label in side["dice_by_label"] for side in sides)]
    rows = [
        (text(value_name(label)), *_dice(side["dice_by_label"].get(label) for side in sides))
        for label in labels
    ]
    rows.append((text("all"), *_dice(side["dice"] for side in sides)))
    head = ("", "same pixels, Dice", "pairs", "other copies, Dice", "pairs")
    keys = ("", "same_pixels_dice", "same_pixels_pairs", "near_dice", "near_pairs")
    return Table("agreement", "Masks of copies", head, tuple(rows), keys=keys)


def mask_table(record: dict[str, Any]) -> Table:
    """What is wrong with masks, by split.

    Args:
        record: the content of ``audit.json``.
    """
    sides = [*record["masks"]["within"].values(), record["masks"]["across"]]
    head = ("masks", *record["masks"]["within"], "all")
    names = {"masks": "in all"} | ISSUES
    rows = [(text(title), *(count(side[name]) for side in sides)) for name, title in names.items()]
    return Table("masks", "Masks", head, tuple(rows))


def match_table(record: dict[str, Any]) -> Table:
    """The masks of two sets on the same slices, by class.

    Args:
        record: the content of ``audit.json``, matched with another set.
    """
    found = record["match"]
    rows = [
        (text(value_name(label)), count(n), *_dice([found["mask_dice_by_label"].get(label)]))
        for label, n in sorted(found["by_label"].items())
    ]
    rows.append((text("all"), count(found["slices"]), *_dice([found["mask_dice"]])))
    head = ("", "slices found", "Dice of both masks", "slices with both")
    return Table("match", "Found in the other set", head, tuple(rows))


def _dice(metrics: Iterable[dict[str, Any] | None]) -> list[Cell]:
    return [cell for each in metrics for cell in (number(_number(each)), count(each["n"] if each else 0))]


def _number(metric: dict[str, Any] | None) -> float | None:
    return None if metric is None else metric["value"]


def _value(side: dict[str, Any] | None, name: str) -> float | None:
    return None if side is None else side[name]["value"]


def _share(part: int, whole: int) -> Cell:
    return number(part / whole if whole else None, "share")
