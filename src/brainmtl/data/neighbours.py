"""Which slices lie beside a slice in its stack, where that is known."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.persons import OWN
from brainmtl.data.shipped import shipped_table
from brainmtl.errors import InputError

PLACES = {"series": "string", "position": "Int32"}


def known_places(table: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Look up in which series the slices of a set in BRISC's layout lie, and where.

    BRISC does not say. Those of its slices that are Figshare's (``tables/brisc2025_persons.csv``) have its
    number, and Figshare's numbers follow a patient's slices from one end to the other: one series is what a
    patient has in one plane, mirrored copies apart. Another set may say so in the columns series and position
    of its own ``persons.csv``.

    Args:
        table: a manifest.
        root: the data set's folder.

    Returns:
        ``series`` and ``position``, null where unknown, aligned with the table. Positions one apart lie
        beside one another; which end is first means nothing.

    Raises:
        InputError: a position in ``persons.csv`` is not a whole number.
    """
    own = root / OWN
    if not own.exists():
        return _of_figshare(table)
    named = pd.read_csv(own, dtype="string").set_index("id").reindex(columns=list(PLACES))
    try:
        places = named.astype(PLACES).reindex(table["id"].to_numpy())
    except (TypeError, ValueError) as error:
        raise InputError(
            "not a whole number", where=own, field="position", mend="count a series from 0"
        ) from error
    return places.set_axis(table.index)


def _of_figshare(table: pd.DataFrame) -> pd.DataFrame:
    known = shipped_table("brisc2025_persons.csv").set_index("brisc_stem").reindex(table["id"].to_numpy())
    side = known["mirrored"].astype("Int8").map({0: "", 1: "-mirrored"}).to_numpy(dtype=object)
    series = known["patient_id"].to_numpy(dtype=object) + "-" + table["plane"].to_numpy(dtype=object) + side
    position = known["figshare_index"].to_numpy()
    return pd.DataFrame({"series": series, "position": position}, table.index).astype(PLACES)


def beside(table: pd.DataFrame, sides: NDArray[np.object_], reach: int) -> NDArray[np.int64]:
    """The rows of every slice's neighbours.

    A neighbour is of the same series and of the same side, so that no slice that a network is measured on is
    looked at while it learns.

    Args:
        table: a manifest.
        sides: what each slice is for, aligned with it.
        reach: slices before and after each.

    Returns:
        int64 ``(N, 2 * reach + 1)``: those before, the slice itself, those after; where a neighbour is
        unknown, the slice itself again.
    """
    around = np.repeat(np.arange(len(table))[:, None], 2 * reach + 1, axis=1)
    known = (table["series"].notna() & table["position"].notna()).to_numpy()
    rows = np.flatnonzero(known)
    stacks = list(zip(sides[rows], table["source"].iloc[rows], table["series"].iloc[rows], strict=True))
    positions = table["position"].iloc[rows].to_numpy(dtype=np.int64).tolist()
    at: dict[tuple[tuple[object, ...], int], int] = {}
    for stack, position, row in zip(stacks, positions, rows, strict=True):
        at.setdefault((stack, position), int(row))
    for stack, position, row in zip(stacks, positions, rows, strict=True):
        for column, step in enumerate(range(-reach, reach + 1)):
            if step:
                around[row, column] = at.get((stack, position + step), row)
    return around


def has_neighbour(around: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether any neighbour of a slice is known, bool ``(N,)``.

    Args:
        around: of :func:`beside`.
    """
    found: NDArray[np.bool_] = (around != around[:, around.shape[1] // 2, None]).any(axis=1)
    return found
