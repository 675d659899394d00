"""Several data sets as one: their manifests, one below the other."""

from collections.abc import Sequence

import pandas as pd

from brainmtl.data.copies.compare import Progress
from brainmtl.data.sides import draw_sides
from brainmtl.errors import InputError


def join_manifests(
    tables: Sequence[pd.DataFrame], progress: Progress = lambda done, total: None
) -> tuple[pd.DataFrame, list[str]]:
    """Join manifests.

    Groups, the validation part, folds and leaks are drawn anew over the whole, so that a slice that is in
    two sets stays on one side; slices that were in one group still are. Groups of one name are one: sets that
    name a person alike mean the same person, and two persons kept together by mistake leak nothing. An id
    that occurs twice gets its source before it, ``<source>_<id>``.

    Args:
        tables: manifests.
        progress: called with the number of slices compared, and in all.

    Returns:
        The manifest, and warnings.

    Raises:
        InputError: a slice is in two manifests of one source.
    """
    whole = pd.concat(tables, ignore_index=True)
    clash = whole["id"].duplicated(keep=False)
    whole["id"] = whole["id"].mask(clash, whole["source"] + "_" + whole["id"])
    twice = whole["id"][whole["id"].duplicated()]
    if len(twice):
        raise InputError(f"{twice.iloc[0]!r} is in two manifests", field="id", mend="join each set once")
    before = whole["group"]
    persons = before.where(whole["patient"].notna())
    fresh = whole.assign(leaked=pd.array([pd.NA] * len(whole), dtype="boolean"))
    drawn = draw_sides(fresh, persons, "the joined manifest", whole=before, progress=progress)
    return drawn, _warnings(drawn, int(clash.sum()))


def _warnings(table: pd.DataFrame, clashes: int) -> list[str]:
    warnings = []
    if clashes:
        warnings.append(f"{clashes} ids were in two sets and have their source before them")
    shared = int((table.groupby("group")["source"].nunique() > 1).sum())
    if shared:
        warnings.append(f"{shared} groups have slices of several sets: the sets overlap")
    return warnings
