"""Who is on a slice, where that is known."""

from pathlib import Path

import pandas as pd

from brainmtl.data.shipped import shipped_table
from brainmtl.errors import InputError

OWN = "persons.csv"
"""What a set of another origin says of its slices: id, patient, person; where known also series, position."""


def known_persons(ids: "pd.Series[str]", root: Path) -> "tuple[pd.Series[str], pd.Series[str]]":
    """Look patients and persons up.

    BRISC names no patients; the shipped table (``tables/brisc2025_persons.csv``, method and licence in
    ``tables/README.md``) carries the ids of Figshare over to its 4,473 copies. Another set may have its own
    ``persons.csv`` with the columns id, patient, person.

    Args:
        ids: slice ids.
        root: the data set's folder.

    Returns:
        Patient ids and person ids, null where unknown, aligned with ``ids``.

    Raises:
        InputError: ``persons.csv`` cannot be read, lacks a column, or names a slice twice.
    """
    own = root / OWN
    if own.exists():
        table = _own_persons(own)
    else:
        names = {"brisc_stem": "id", "patient_id": "patient", "person_id": "person"}
        table = shipped_table("brisc2025_persons.csv").rename(columns=names)
    table = table.set_index("id").reindex(ids.to_numpy())
    return (
        table["patient"].set_axis(ids.index).astype("string"),
        table["person"].set_axis(ids.index).astype("string"),
    )


def _own_persons(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype="string")
    except (OSError, ValueError) as error:
        raise InputError(f"not a CSV table: {error}", where=path, mend="id, patient, person") from error
    for name in ("id", "patient", "person"):
        if name not in table:
            raise InputError("column is missing", where=path, field=name, mend="id, patient, person")
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise InputError(f"{twice.iloc[0]!r} occurs more than once", where=path, field="id", mend="keep one")
    return table
