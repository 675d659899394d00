"""BRISC 2025 (Fateh et al., Scientific Data 13:361, 2026; CC BY 4.0), and anything in its folder layout."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from PIL import Image

from brainmtl.data.groups import group_slices
from brainmtl.data.manifest import check_manifest
from brainmtl.data.persons import known_persons
from brainmtl.data.splits import draw_splits, frozen_splits
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.labels import HEALTHY, ClassName, PlaneName

LABELS: dict[str, ClassName] = {"gl": "glioma", "me": "meningioma", "pi": "pituitary", "no": "no_tumor"}
"""The files say ``no``, whatever BRISC's own README says."""
PLANE_CODES: dict[str, PlaneName] = {"ax": "axial", "co": "coronal", "sa": "sagittal"}
NAME = re.compile(r"(?P<set>\w+)_(?P<split>train|test)_(?P<index>\d{5})_(?P<label>\w+)_(?P<plane>\w+)_t1")


def index_brisc(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Turn a BRISC folder into a manifest.

    Every file that ``manifest.csv`` lists is checked against its published SHA-256.

    Args:
        root: the folder that holds ``classification_task/`` and ``segmentation_task/``.

    Returns:
        The manifest, with groups, the validation part and five folds; and warnings.

    Raises:
        InputError: the layout is not BRISC's; a file is missing or altered; a tumour slice has no mask, a healthy
            one has one, or a mask is of another size than its slice.
    """
    images = sorted((root / "classification_task").glob("*/*/*.jpg"))
    if not images:
        raise InputError(
            "no classification_task/<split>/<class>/*.jpg in it", where=root, mend="pass the folder that holds both tasks"
        )
    warnings = _check_published(root)
    with ThreadPoolExecutor() as pool:
        rows = list(pool.map(lambda path: _row(path, root), images))
    stray = {path.stem for path in root.glob("segmentation_task/*/masks/*.png")} - {
        str(row["id"]) for row in rows if row["mask"] is not None
    }
    if stray:
        raise InputError("a mask without a tumour slice", where=sorted(stray)[0], field="mask", mend="remove it")
    table = pd.DataFrame(rows)
    table["group"] = table["id"]
    table = check_manifest(table, root)
    table["patient"], persons = known_persons(table["id"], root)
    split = frozen_splits(table)
    if split is None:
        table["group"] = group_slices(table, persons)
        split = draw_splits(table)
    return check_manifest(split, root), warnings


def _row(path: Path, root: Path) -> dict[str, object]:
    match = NAME.fullmatch(path.stem)
    if match is None:
        raise InputError("not a BRISC file name", where=path, mend="<set>_<split>_<index5>_<gl|me|pi|no>_<ax|co|sa>_t1.jpg")
    if match["label"] not in LABELS:
        raise InputError(f"{match['label']!r} is not one of {', '.join(LABELS)}", where=path, field="label", mend="rename it")
    if match["plane"] not in PLANE_CODES:
        raise InputError(
            f"{match['plane']!r} is not one of {', '.join(PLANE_CODES)}", where=path, field="plane", mend="rename it"
        )
    label = LABELS[match["label"]]
    folders = (path.parent.parent.name, path.parent.name)
    if folders != (match["split"], label):
        raise InputError(f"its name says {match['split']}/{label}", where=path, field="label", mend="move or rename it")
    mask = root / "segmentation_task" / match["split"] / "masks" / f"{path.stem}.png"
    if label == HEALTHY and mask.exists():
        raise InputError("a healthy slice has a mask", where=mask, field="mask", mend="remove it, or relabel the slice")
    if label != HEALTHY and not mask.exists():
        raise InputError("the slice has no mask", where=path, field="mask", mend=f"put it at {mask}")
    size = _size(path)
    if label != HEALTHY and _size(mask) != size:
        raise InputError(
            f"the mask is {'×'.join(map(str, _size(mask)))}, its slice {'×'.join(map(str, size))}",
            where=mask,
            field="mask",
            mend="save the mask at the size of its slice",
        )
    return {
        "id": path.stem,
        "image": str(path.resolve()),
        "mask": None if label == HEALTHY else str(mask.resolve()),
        "label": label,
        "plane": PLANE_CODES[match["plane"]],
        "source": match["set"],
        "split": match["split"],
        "width": size[0],
        "height": size[1],
        "sha256": file_sha256(path),
        "mask_sha256": None if label == HEALTHY else file_sha256(mask),
    }


def _check_published(root: Path) -> list[str]:
    listing = root / "manifest.csv"
    if not listing.exists():
        return ["no manifest.csv: the files could not be checked against their published SHA-256"]
    with listing.open(newline="", encoding="utf-8") as handle:
        published = [(root / row["relative_path"].replace("\\", "/"), row["sha256"]) for row in csv.DictReader(handle)]
    absent = [path for path, _ in published if not path.exists()]
    if absent:
        raise InputError(f"{len(absent)} files of manifest.csv are missing", where=absent[0], mend="download it again")
    with ThreadPoolExecutor() as pool:
        found = pool.map(file_sha256, (path for path, _ in published))
    altered = [path for (path, expected), actual in zip(published, found, strict=True) if actual != expected]
    if altered:
        raise InputError(
            f"{len(altered)} files differ from their published SHA-256", where=altered[0], mend="download them again"
        )
    return []


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, Image.DecompressionBombError) as error:
        raise InputError(f"cannot be read: {error}", where=path, mend="export or download it again") from error
