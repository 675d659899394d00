"""Which data set a folder is, and its manifest."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from brainmtl.data.brisc import index_brisc
from brainmtl.data.figshare import index_figshare
from brainmtl.data.plain import LISTING, index_plain
from brainmtl.data.sartaj import SPLITS, index_sartaj
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES

KNOWN = (
    "BRISC has classification_task/, SARTAJ has Training/ or Testing/, Figshare has <number>.mat files, "
    f"a plain folder has {LISTING}"
)
LAYOUT = ("classification_task", *SPLITS)
"""Folders that are part of a layout, never around one."""
Progress = Callable[[int, int], None]


def index_folder(
    root: Path,
    pictures: Path,
    *,
    without: Sequence[str] = (),
    distinct: bool = False,
    progress: Progress = lambda done, total: None,
) -> tuple[pd.DataFrame, list[str]]:
    """Turn a data set of any known layout into a manifest.

    Args:
        root: its folder, or one that holds nothing but that folder.
        pictures: where slices that lie in no picture file (Figshare's ``.mat``) are written as PNG.
        without: classes to leave out.
        distinct: of files that are equal byte for byte keep one, a test slice before a training slice.
        progress: called with slices done and slices in all.

    Returns:
        The manifest, and warnings.

    Raises:
        InputError: no known layout, a class that does not exist, nothing left, or what the layout's own
            reader raises.
    """
    for name in without:
        if name not in CLASSES:
            raise InputError(f"{name!r} is no class", field="without", mend=f"one of {', '.join(CLASSES)}")
    table, warnings = _index(_inmost(root), pictures, progress)
    table = table[~table["label"].isin(list(without))]
    copies = _copies(table)
    if distinct:
        table = table[~copies]
    elif copies.any():
        warnings = [*warnings, f"{int(copies.sum())} files are copies of others; --distinct leaves them out"]
    if table.empty:
        raise InputError("no slice is left", where=root, field="without", mend="leave out fewer classes")
    return table.reset_index(drop=True), warnings


def _index(root: Path, pictures: Path, progress: Progress) -> tuple[pd.DataFrame, list[str]]:
    if (root / "classification_task").is_dir():
        return index_brisc(root)
    if (root / LISTING).is_file():
        return index_plain(root, progress)
    if any((root / split).is_dir() for split in SPLITS):
        return index_sartaj(root, progress)
    if next(root.rglob("*.mat"), None) is not None:
        return index_figshare(root, pictures, progress)
    if not root.is_dir():
        raise InputError("no such folder", where=root, mend="pass the folder of a data set")
    raise InputError("no data set of a known layout", where=root, mend=KNOWN)


def _inmost(root: Path) -> Path:
    """The one folder in a folder that holds nothing else, as archives unpack."""
    seen = [path for path in root.iterdir() if not path.name.startswith(".")] if root.is_dir() else []
    return _inmost(seen[0]) if len(seen) == 1 and seen[0].is_dir() and seen[0].name not in LAYOUT else root


def _copies(table: pd.DataFrame) -> "pd.Series[bool]":
    test_first = table.assign(train=table["split"] != "test").sort_values("train", kind="stable")
    return test_first["sha256"].duplicated().reindex(table.index)
