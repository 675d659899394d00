"""Classes handed over as a CSV: the true ones, and any tool's."""

from pathlib import Path

import pandas as pd

from brainmtl.errors import InputError
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES, PLANES

VOCABULARIES = {"label": CLASSES, "plane": PLANES, "predicted": CLASSES}
SUM_TOLERANCE = 0.01
GROUP = "group"


def read_classes(path: Path) -> pd.DataFrame:
    """Read true classes, and called ones where the file holds them.

    Args:
        path: a CSV, UTF-8, with the columns ``id`` and ``label``; and, where known, ``plane``, ``group``
            (whose slice it is), ``predicted`` (the class called) and the four probabilities ``p_glioma,
            p_meningioma, p_pituitary, p_no_tumor``.
            An empty cell is an unknown.

    Returns:
        One row a slice, by ``id``, with the columns of :data:`VOCABULARIES` and of ``PROBABILITIES``, and
        ``group``.

    Raises:
        InputError: not such a file, an id is missing or occurs twice, a word is not in its vocabulary, or the
            probabilities of a slice are not four that sum to 1.
    """
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(("id", GROUP, *VOCABULARIES), str),
            skipinitialspace=True,
            encoding="utf-8-sig",
        )
    except FileNotFoundError as error:
        raise InputError("no such file", where=path, mend="check the path") from error
    except (OSError, ValueError) as error:
        raise InputError(f"not a CSV table: {error}", where=path, mend="save it as CSV, UTF-8") from error
    _check_words(table, path)
    _check_probabilities(table, path)
    return table.set_index("id").reindex(columns=[*VOCABULARIES, GROUP, *PROBABILITIES])


def _check_words(table: pd.DataFrame, path: Path) -> None:
    for name in ("id", "label"):
        if name not in table:
            raise InputError(
                "column is missing", where=path, field=name, mend="the first line names the columns"
            )
    if table["id"].isna().any():
        raise InputError("a row is empty", where=path, field="id", mend="every slice needs one")
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise InputError(
            f"{twice.iloc[0]!r} occurs more than once", where=path, field="id", mend="keep one row a slice"
        )
    for name, words in VOCABULARIES.items():
        given = table.get(name, pd.Series(dtype=str)).dropna()
        odd = given[~given.isin(words)]
        if len(odd):
            raise InputError(
                f"{odd.iloc[0]!r} is not one of {', '.join(words)}", where=path, field=name, mend="rename it"
            )


def _check_probabilities(table: pd.DataFrame, path: Path) -> None:
    given = [name for name in PROBABILITIES if name in table]
    if not given:
        return
    if len(given) < len(PROBABILITIES):
        missing = next(name for name in PROBABILITIES if name not in table)
        raise InputError("column is missing", where=path, field=missing, mend="give all four, or none")
    shares = table[given].apply(pd.to_numeric, errors="coerce")
    unfit = (shares.isna() & table[given].notna()) | (shares < 0) | (shares > 1)
    for name in given:
        if unfit[name].any():
            value = table[name][unfit[name]].iloc[0]
            raise InputError(f"{value!r} is not a probability", where=path, field=name, mend="from 0 to 1")
    partial = shares.isna().any(axis=1) & shares.notna().any(axis=1)
    off = partial | ((shares.sum(axis=1) - 1).abs() > SUM_TOLERANCE) & shares.notna().all(axis=1)
    if off.any():
        first = table["id"][off].iloc[0]
        raise InputError(
            f"the four of {first!r} do not sum to 1", where=path, field="p_*", mend="pass probabilities"
        )
