"""Which data set a folder is, and its manifest."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from brainmtl.data.brisc import index_brisc
from brainmtl.data.figshare import figshare_files, index_figshare
from brainmtl.data.manifest import read_manifest
from brainmtl.data.plain import LISTING, index_plain
from brainmtl.data.sartaj import SPLITS, index_sartaj
from brainmtl.data.shards import MANIFEST, RECORD
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES

KNOWN = (
    "BRISC has classification_task/, SARTAJ has Training/ or Testing/, Figshare has <number>.mat files, "
    f"a plain folder has {LISTING}, a packed set has {RECORD}"
)
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
        root: its folder, or one that holds that folder and no other data set.
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
    table, warnings = _index(root, pictures, progress)
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
    if not root.is_dir():
        raise InputError("no such folder", where=root, mend="pass the folder of a data set")
    if (layout := _layout(root)) is None:
        root, layout = _below(root)
    if layout == "BRISC":
        return index_brisc(root)
    if layout == "packed":
        return read_manifest(root / MANIFEST), []
    if layout == "Figshare":
        return index_figshare(root, pictures, progress)
    return index_sartaj(root, progress) if layout == "SARTAJ" else index_plain(root, progress)


def _layout(root: Path) -> str | None:
    if (root / RECORD).is_file():
        return "packed"
    if (root / "classification_task").is_dir():
        return "BRISC"
    if (root / LISTING).is_file():
        return "plain"
    if any((root / split).is_dir() for split in SPLITS):
        return "SARTAJ"
    return "Figshare" if figshare_files(root) else None


def _below(root: Path) -> tuple[Path, str]:
    """The one data set in a folder, as archives unpack, and its layout."""
    found = [(path, layout) for path in sorted(root.iterdir()) if path.is_dir() and (layout := _layout(path))]
    if len(found) > 1:
        names = ", ".join(path.name for path, _ in found)
        raise InputError(f"{len(found)} data sets in it: {names}", where=root, mend="pass one of them")
    if not found:
        raise InputError("no data set of a known layout", where=root, mend=KNOWN)
    return found[0]


def _copies(table: pd.DataFrame) -> "pd.Series[bool]":
    test_first = table.assign(train=table["split"] != "test").sort_values("train", kind="stable")
    return test_first["sha256"].duplicated().reindex(table.index)
