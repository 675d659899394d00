"""A plain folder: pictures and masks anywhere below it, and an ``index.csv`` that says which is what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from brainmtl.data.rows import Row, every_row, file_cells
from brainmtl.data.sides import draw_sides
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, PLANES

LISTING = "index.csv"
COLUMNS = (
    *("id", "image", "mask", "label", "plane", "patient", "person", "series", "position", "split", "source"),
)
KEPT = ("label", "plane", "patient", "series", "position", "split", "source")
WORDS = {"label": CLASSES, "plane": PLANES, "split": ("train", "test")}


def index_plain(
    root: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[pd.DataFrame, list[str]]:
    """Turn a plain folder into a manifest.

    ``index.csv`` has a row a slice. ``image`` is a path relative to the folder. Every other column may be
    absent, and every other cell empty: ``id`` (by default the stem of the image), ``mask``, ``label``,
    ``plane``, ``patient``, ``person`` (by default the patient), ``series`` and ``position`` (a whole number;
    slices of a series that lie beside one another are one apart), ``split`` (by default ``train``) and
    ``source`` (by default the name of the folder).

    Args:
        root: the folder that holds ``index.csv``.
        progress: called with slices read and slices in all.

    Returns:
        The manifest, and warnings.

    Raises:
        InputError: ``index.csv`` cannot be read or has no ``image`` column; a cell is not in the vocabulary;
            a file is missing, outside the folder or unreadable; or a mask is of another size than its slice.
    """
    listing = _listing(root / LISTING)
    _check_words(listing, root / LISTING)
    listing["source"] = listing["source"].fillna(root.resolve().name)
    listing["split"] = listing["split"].fillna("train")
    rows = every_row(lambda cells: _row(root, cells), listing.to_dict("records"), progress)
    table = pd.DataFrame(rows)
    persons = listing["person"].fillna(listing["patient"])
    warnings = []
    if alone := int(persons.isna().sum()):
        warnings.append(f"{alone} slices name no patient; they are grouped by their looks")
    return draw_sides(table, persons, root / LISTING, progress=progress), warnings


def _listing(path: Path) -> pd.DataFrame:
    try:
        listing = pd.read_csv(path, dtype="string")
    except FileNotFoundError as error:
        raise InputError("no such file", where=path, mend="list the slices in it") from error
    except (OSError, ValueError) as error:
        raise InputError(f"not a CSV table: {error}", where=path, mend="save it as CSV in UTF-8") from error
    if "image" not in listing:
        raise InputError("column is missing", where=path, field="image", mend=f"known: {', '.join(COLUMNS)}")
    listing = listing.reindex(columns=list(COLUMNS)).astype("string")
    try:
        listing["position"] = listing["position"].astype("Int32")
    except (TypeError, ValueError) as error:
        raise InputError(
            "not a whole number", where=path, field="position", mend="count a series from 0"
        ) from error
    if listing["image"].isna().any():
        row = int(listing["image"].isna().to_numpy().argmax())
        raise InputError(f"row {row + 1} is empty", where=path, field="image", mend="name a picture")
    return listing


def _check_words(listing: pd.DataFrame, path: Path) -> None:
    for name, words in WORDS.items():
        odd = listing[name].notna() & ~listing[name].isin(words)
        if odd.any():
            row = int(odd.to_numpy().argmax())
            raise InputError(
                f"row {row + 1}: {listing[name].iloc[row]!r} is not one of {', '.join(words)}",
                where=path,
                field=name,
                mend="rename it, or leave the cell empty",
            )


def _row(root: Path, cells: dict[Any, Any]) -> Row:
    image = _inside(root, cells["image"], "image")
    mask = None if pd.isna(cells["mask"]) else _inside(root, cells["mask"], "mask")
    return {
        "id": image.stem if pd.isna(cells["id"]) else cells["id"],
        **{name: cells[name] for name in KEPT},
        **file_cells(image, mask),
    }


def _inside(root: Path, path: str, field: str) -> Path:
    whole = root / path
    if not whole.resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"{path} lies outside the folder", where=root / LISTING, field=field, mend="move the file into it"
        )
    return whole
