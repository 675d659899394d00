"""BRISC 2025 (Fateh et al., Scientific Data 13:361, 2026; CC BY 4.0), and anything in its folder layout."""

import csv
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pandas as pd

from brainmtl.data.leaks import known_leaks
from brainmtl.data.manifest import check_manifest
from brainmtl.data.neighbours import known_places
from brainmtl.data.persons import known_persons
from brainmtl.data.sides import draw_sides
from brainmtl.data.splits import frozen_splits
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import read_picture, upright_size
from brainmtl.imaging.threads import threads
from brainmtl.labels import HEALTHY, ClassName, PlaneName

LABELS: dict[str, ClassName] = {"gl": "glioma", "me": "meningioma", "pi": "pituitary", "no": "no_tumor"}
"""The files say ``no``, whatever BRISC's own README says."""
PLANE_CODES: dict[str, PlaneName] = {"ax": "axial", "co": "coronal", "sa": "sagittal"}
Word = TypeVar("Word", bound=str)
NAME = re.compile(r"(?P<set>\w+)_(?P<split>train|test)_(?P<index>\d{5})_(?P<label>\w+)_(?P<plane>\w+)_t1")


def index_brisc(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Turn a BRISC folder into a manifest.

    Every file is checked against its published SHA-256 in ``manifest.csv``, or decoded where there is none.

    Args:
        root: the folder that holds ``classification_task/`` and ``segmentation_task/``.

    Returns:
        The manifest, with groups, the validation part, five folds and leaks; and warnings.

    Raises:
        InputError: the layout is not BRISC's; a file is missing, altered or unreadable; a tumour slice has no
            mask, a healthy one has one, or a mask is of another size than its slice.
    """
    images = sorted((root / "classification_task").glob("*/*/*.jpg"))
    if not images:
        raise InputError(
            "no classification_task/<split>/<class>/*.jpg in it",
            where=root,
            mend="pass the folder that holds both tasks",
        )
    checked = _check_published(root)
    with threads() as pool:
        rows = list(pool.map(lambda path: _row(path, root, checked), images))
    masks = [Path(str(row["mask"])) for row in rows if row["mask"] is not None]
    _refuse_stray_masks(root, masks)
    table = pd.DataFrame(rows)
    table = check_manifest(table.assign(group=table["id"]), root)
    table["patient"], persons = known_persons(table["id"], root)
    table = table.assign(**known_places(table, root))
    split = frozen_splits(table)
    whole = draw_sides(table, persons, root) if split is None else split.assign(leaked=known_leaks(split))
    return check_manifest(whole, root), _warnings(
        root, {path.resolve() for path in images} | set(masks), checked
    )


def _check_published(root: Path) -> set[Path]:
    """Check the files that a set's ``manifest.csv`` lists against their published SHA-256.

    Args:
        root: the set's folder.

    Returns:
        Their resolved paths; none where there is no ``manifest.csv``.

    Raises:
        InputError: ``manifest.csv`` is not what ``manifest.csv.sha256`` says or cannot be read, or a file
            that it lists is missing or altered.
    """
    published = _published(root / "manifest.csv")
    absent = [path for path in published if not path.is_file()]
    if absent:
        raise InputError(
            f"{len(absent)} files that manifest.csv lists are missing",
            where=absent[0],
            field=_field(absent[0]),
            mend="download it again",
        )
    with threads() as pool:
        found = list(pool.map(file_sha256, published))
    altered = [path for path, actual in zip(published, found, strict=True) if actual != published[path]]
    if altered:
        raise InputError(
            f"{len(altered)} files differ from their published SHA-256",
            where=altered[0],
            field=_field(altered[0]),
            mend="download it again",
        )
    return {path.resolve() for path in published}


def _published(listing: Path) -> dict[Path, str]:
    if not listing.exists():
        return {}
    digest = listing.with_name("manifest.csv.sha256")
    if digest.exists() and digest.read_text(errors="replace").split()[:1] != [file_sha256(listing)]:
        raise InputError("differs from its published SHA-256", where=listing, mend="download it again")
    try:
        with listing.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        return {listing.parent / row["relative_path"].replace("\\", "/"): row["sha256"] for row in rows}
    except (KeyError, AttributeError) as error:
        raise InputError(
            "a row lacks it", where=listing, field="relative_path or sha256", mend="download it again"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not a CSV table: {error}", where=listing, mend="download it again") from error


def _field(path: Path) -> str:
    return "mask" if path.parent.name == "masks" else "image"


def _row(path: Path, root: Path, checked: set[Path]) -> dict[str, object]:
    match = NAME.fullmatch(path.stem)
    if match is None:
        raise InputError(
            "not a BRISC file name", where=path, mend="<set>_<split>_<index5>_<gl|me|pi|no>_<ax|co|sa>_t1.jpg"
        )
    label = _decode("label", match["label"], LABELS, path)
    plane = _decode("plane", match["plane"], PLANE_CODES, path)
    if (path.parent.parent.name, path.parent.name) != (match["split"], label):
        raise InputError(
            f"its name says {match['split']}/{label}", where=path, field="label", mend="move or rename it"
        )
    size = _size(path, checked)
    mask = _mask(path, root / "segmentation_task" / match["split"] / "masks", label, size, checked)
    return {
        "id": path.stem,
        "image": str(path.resolve()),
        "mask": None if mask is None else str(mask.resolve()),
        "label": label,
        "plane": plane,
        "source": match["set"],
        "split": match["split"],
        "width": size[0],
        "height": size[1],
        "sha256": file_sha256(path),
        "mask_sha256": None if mask is None else file_sha256(mask),
    }


def _decode(field: str, code: str, words: Mapping[str, Word], path: Path) -> Word:
    if code not in words:
        raise InputError(
            f"{code!r} is not one of {', '.join(words)}", where=path, field=field, mend="rename it"
        )
    return words[code]


def _mask(
    path: Path, folder: Path, label: ClassName, size: tuple[int, int], checked: set[Path]
) -> Path | None:
    mask = folder / f"{path.stem}.png"
    if label == HEALTHY:
        if mask.exists():
            raise InputError(
                "a healthy slice has a mask", where=mask, field="mask", mend="remove it, or relabel the slice"
            )
        return None
    if not mask.exists():
        raise InputError("the slice has no mask", where=path, field="mask", mend=f"put it at {mask}")
    if (found := _size(mask, checked)) != size:
        raise InputError(
            f"the mask is {'×'.join(map(str, found))}, its slice {'×'.join(map(str, size))}",
            where=mask,
            field="mask",
            mend="save the mask at the size of its slice",
        )
    return mask


def _size(path: Path, checked: set[Path]) -> tuple[int, int]:
    """Width and height upright; a file whose hash nobody vouches for is decoded whole."""
    if path.resolve() in checked:
        with suppress(OSError):
            return upright_size(path)
    picture = read_picture(path)
    return picture.width, picture.height


def _refuse_stray_masks(root: Path, masks: list[Path]) -> None:
    stray = {path.resolve() for path in root.glob("segmentation_task/*/masks/*.png")}.difference(masks)
    if stray:
        raise InputError("a mask without a tumour slice", where=min(stray), field="mask", mend="remove it")


def _warnings(root: Path, used: set[Path], checked: set[Path]) -> list[str]:
    found = []
    if not checked:
        found.append("no manifest.csv: the files could not be checked against their published SHA-256")
    elif unlisted := used - checked:
        found.append(f"{len(unlisted)} files are not in manifest.csv, e.g. {min(unlisted).name}")
    others = [
        path
        for path in (root / "classification_task").glob("*/*/*")
        if path.suffix != ".jpg" and path.is_file()
    ]
    if others:
        found.append(f"{len(others)} files are not .jpg and were left out, e.g. {min(others).name}")
    return found
