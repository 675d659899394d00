"""The manifest: one table, one row a slice."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from brainmtl.data.shards import laid_out
from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.labels import CLASSES, HEALTHY, PLANES

COLUMNS = {
    "id": "string",
    "image": "string",
    "mask": "string",
    "label": "string",
    "plane": "string",
    "source": "string",
    "patient": "string",
    "group": "string",
    "split": "string",
    "validation": "boolean",
    "fold": "Int8",
    "leaked": "boolean",
    "width": "Int32",
    "height": "Int32",
    "sha256": "string",
    "mask_sha256": "string",
    "series": "string",
    "position": "Int32",
}
"""Column → pandas type. ``mask``, ``label``, ``plane``, ``patient`` may be null; ``group`` never is.

``leaked``: the same picture, or nearly, lies on the other side of the set's own split; null where nobody has
looked. ``series`` and ``position``: the stack that a slice lies in, and where; those one apart lie beside one
another. Null where unknown.
"""

REQUIRED = ("id", "image", "source", "group", "split", "sha256")


@dataclass(frozen=True)
class Flaw:
    """A reason why a table cannot be a manifest."""

    field: str
    what: str
    mend: str


def check_manifest(table: pd.DataFrame, where: str | Path) -> pd.DataFrame:
    """Hold a table to the manifest's contract.

    Args:
        table: any table with the columns of :data:`COLUMNS` (nullable ones may be absent).
        where: what to name in an error.

    Returns:
        The table with every column, in order and typed; without the hash of a mask that is not there.

    Raises:
        InputError: a column is missing or of the wrong type, there is no row, an id occurs twice or is no
            file name, a label or plane is not in the vocabulary, a healthy slice has a mask, or a mask has no
            hash.
    """
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise InputError(
            "column is missing", where=where, field=missing[0], mend="make it with `brainmtl index`"
        )
    typed = _typed(table, where)
    # Caches and runs know a slice's mask by its hash, and would take one left out for the one it was.
    typed["mask_sha256"] = typed["mask_sha256"].where(typed["mask"].notna())
    for flaw in _flaws(typed):
        raise InputError(flaw.what, where=where, field=flaw.field, mend=flaw.mend)
    return typed.reset_index(drop=True)


def _typed(table: pd.DataFrame, where: str | Path) -> pd.DataFrame:
    whole = table.reindex(columns=list(COLUMNS))
    for name, kind in COLUMNS.items():
        try:
            whole[name] = whole[name].astype(kind)  # type: ignore[call-overload]
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"holds something other than {kind.lower()}: {error}",
                where=where,
                field=name,
                mend="make it with `brainmtl index`",
            ) from error
    return whole


def _flaws(table: pd.DataFrame) -> list[Flaw]:
    flaws = []
    if table.empty:
        flaws.append(Flaw("id", "there is no slice in it", "index a folder that holds slices"))
    for name in REQUIRED:
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().argmax())
            flaws.append(Flaw(name, f"row {row} is empty", "every slice needs one"))
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        flaws.append(Flaw("id", f"{twice.iloc[0]!r} occurs more than once", "give each slice its own id"))
    path = table["id"][table["id"].str.contains(r"[/\\]", na=False)]
    if len(path):
        flaws.append(Flaw("id", f"{path.iloc[0]!r} is no file name", "leave out the slashes"))
    for name, words in (("label", CLASSES), ("plane", PLANES)):
        odd = table[name][table[name].notna() & ~table[name].isin(words)]
        if len(odd):
            flaws.append(Flaw(name, f"{odd.iloc[0]!r} is not one of {', '.join(words)}", "rename it"))
    masked = table["id"][(table["label"] == HEALTHY).fillna(False) & table["mask"].notna()]
    if len(masked):
        flaws.append(
            Flaw("mask", f"the healthy slice {masked.iloc[0]!r} has one", "remove it, or relabel the slice")
        )
    unsigned = table["id"][table["mask"].notna() & table["mask_sha256"].isna()]
    if len(unsigned):
        flaws.append(
            Flaw("mask_sha256", f"{unsigned.iloc[0]!r} has a mask and no hash of it", "every mask needs one")
        )
    return flaws


def read_manifest(path: Path) -> pd.DataFrame:
    """Read a manifest; that of a packed set lays its slices out as files beside it the first time.

    Args:
        path: a Parquet file that ``brainmtl index`` or ``brainmtl pack`` wrote.

    Raises:
        InputError: the file is missing, not Parquet, or breaks the contract, or a packed set is damaged.
    """
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise InputError("no such manifest", where=path, mend="make it with `brainmtl index`") from error
    except Exception as error:
        raise InputError("not a Parquet table", where=path, mend="make it with `brainmtl index`") from error
    return laid_out(check_manifest(table, path), path.parent)


def write_manifest(table: pd.DataFrame, path: Path) -> None:
    """Write a manifest whole or not at all.

    Args:
        table: rows as :func:`check_manifest` returns them.
        path: a ``.parquet`` file.

    Raises:
        InputError: the table breaks the contract, or the file cannot be written.
    """
    checked = check_manifest(table, path)
    with whole_file(path) as temporary:
        checked.to_parquet(temporary, index=False)


def content_hash(table: pd.DataFrame) -> str:
    """SHA-256 of what a manifest holds, wherever its files lie, and whatever is known of their neighbours.

    Args:
        table: a manifest.

    Returns:
        64 hexadecimal digits.
    """
    rows = table.drop(columns=["image", "mask", "series", "position"], errors="ignore")
    if "leaked" in rows and rows["leaked"].isna().all():  # a column that older manifests lack
        rows = rows.drop(columns="leaked")
    text = rows.to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def summary(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Slices by split and class, with the number of masks.

    Args:
        table: a manifest.

    Returns:
        ``{split: {glioma: n, …, masks: n}}``.
    """
    counts: dict[str, dict[str, int]] = {}
    for split, rows in table.groupby("split", sort=False):
        labels = rows["label"].value_counts()
        masks = int(rows["mask"].notna().sum())
        counts[str(split)] = {**{name: int(labels.get(name, 0)) for name in CLASSES}, "masks": masks}
    return counts
