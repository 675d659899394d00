"""Folds: which slices each model of a cross-validation learns from, is selected on, and is tested on."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from brainmtl.errors import InputError

By = Literal["person", "stratified", "random"]


def draw_folds(
    table: pd.DataFrame, folds: int = 5, by: By = "person", test_share: float | None = None, seed: int = 0
) -> pd.DataFrame:
    """Draw a test part and the folds of the rest, for the protocol ``folds``.

    Args:
        table: a manifest.
        folds: how many, at least 2.
        by: ``"person"``: a group (a person, or look-alikes where the person is unknown) is never parted,
            classes and sources are balanced as far as that allows; ``"stratified"``: slices, each class of
            each source in equal shares; ``"random"``: slices.
        test_share: of all slices, above 0 and below 1, drawn in the same way; by person it becomes the
            nearest 1/k. ``None`` keeps the manifest's own test split, 0 leaves none.
        seed: of the draw. The folds are the data's, not a recipe's: two recipes meet the same ones.

    Returns:
        The manifest with ``split`` (train or test) and ``fold`` (null in the test part) filled anew.

    Raises:
        InputError: there are fewer groups, or slices, than folds.
    """
    table = table.copy()
    if test_share is not None:
        test = _test_rows(table, by, test_share, seed)
        table["split"] = pd.array(np.where(test, "test", "train"), dtype="string")
        if "leaked" in table:
            table["leaked"] = pd.array([None] * len(table), dtype="boolean")  # told of the split before
    learning = np.flatnonzero(table["split"] != "test")
    dealt = np.full(len(table), -1)
    dealt[learning] = _deal(table.iloc[learning], folds, by, seed + 1)
    table["fold"] = pd.array(dealt, dtype="Int8")
    table.loc[dealt < 0, "fold"] = pd.NA
    table["validation"] = pd.array(np.zeros(len(table), bool), dtype="boolean")
    return table


def _test_rows(table: pd.DataFrame, by: By, share: float, seed: int) -> NDArray[np.bool_]:
    test = np.zeros(len(table), bool)
    if share == 0:
        return test
    if by == "person":
        test[_deal(table, max(2, round(1 / share)), by, seed) == 0] = True
        return test
    cutter = (ShuffleSplit if by == "random" else StratifiedShuffleSplit)(
        1, test_size=share, random_state=seed
    )
    try:
        _, rows = next(iter(cutter.split(table, _strata(table))))
    except ValueError as error:
        raise InputError(f"no test part can be drawn: {error}", field="split", mend="--by random") from error
    test[rows] = True
    return test


def _deal(table: pd.DataFrame, folds: int, by: By, seed: int) -> NDArray[np.int64]:
    """The number of the fold each slice is in."""
    cutters = {"person": StratifiedGroupKFold, "stratified": StratifiedKFold, "random": KFold}
    units = table["group"].nunique() if by == "person" else len(table)
    if units < folds:
        raise InputError(
            f"{units} {'groups' if by == 'person' else 'slices'} cannot fill {folds} folds",
            field="group" if by == "person" else "id",
            mend="ask for fewer folds, or index more slices",
        )
    strata, groups = _strata(table), table["group"].to_numpy(dtype=object) if by == "person" else None
    if by != "random":
        strata = _large_enough(strata, folds)
    dealt = np.zeros(len(table), np.int64)
    cutter = cutters[by](folds, shuffle=True, random_state=seed)
    for number, (_, rows) in enumerate(cutter.split(strata, strata, groups)):
        dealt[rows] = number
    return dealt


def _strata(table: pd.DataFrame) -> NDArray[np.object_]:
    """Class and source; the source says which slices have masks where sets are joined."""
    return (table["label"].fillna("?") + "/" + table["source"]).to_numpy(dtype=object)


def _large_enough(strata: NDArray[np.object_], folds: int) -> NDArray[np.object_]:
    """Strata of fewer slices than folds thrown together, so that none is too small to be dealt evenly."""
    names, counts = np.unique(strata.astype(str), return_counts=True)
    small = set(names[counts < folds])
    joined = np.array(["few" if name in small else name for name in strata], dtype=object)
    few = np.count_nonzero(joined == "few")
    return joined if few == 0 or few >= folds else np.full(len(strata), "all", dtype=object)
