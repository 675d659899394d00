"""Which slices a network learns from, is selected on, and is measured on."""

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from brainmtl.data.leaks import known_leaks
from brainmtl.data.shipped import shipped_table
from brainmtl.errors import InputError

Protocol = Literal["official", "official-clean-train", "official-whole", "patient-5fold", "folds"]
Part = Literal["train", "validation", "test"]

FOLDS = 5
VALIDATION_SHARE = 7
"""One group in seven is for validation."""
SEED = 2025
STORED = "brisc2025_splits.csv"
STORED_PERSONS = "figshare2017_splits.csv"
TYPES = {"id": "string", "group": "string", "fold": "Int8", "validation": "boolean"}


def frozen_splits(table: pd.DataFrame) -> pd.DataFrame | None:
    """Fill ``group``, ``validation`` and ``fold`` of BRISC 2025 from the table that ships with the package.

    Args:
        table: a manifest.

    Returns:
        The manifest with the three columns filled, split alike everywhere; ``None`` if it is not BRISC 2025.
    """
    frozen = shipped_table(STORED, TYPES)
    if set(table["id"]) != set(frozen["id"]):
        return None
    return table.drop(columns=["group", "validation", "fold"]).merge(frozen, on="id", validate="1:1")


def settle_splits(table: pd.DataFrame) -> pd.DataFrame:
    """Fill ``validation`` and ``fold``: from the table that ships where the groups are Figshare's persons,
    each with all their slices; drawn anew elsewhere.

    Args:
        table: a manifest with groups.
    """
    frozen = shipped_table(STORED_PERSONS, TYPES | {"slices": "Int32"})
    if table["group"].value_counts().to_dict() != frozen.set_index("group")["slices"].to_dict():
        return draw_splits(table)
    sides = frozen.set_index("group").loc[table["group"], ["validation", "fold"]]
    return table.assign(validation=sides["validation"].array, fold=sides["fold"].array)


def draw_splits(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the folds and the validation part from groups, balanced by class and plane.

    Args:
        table: a manifest with groups.

    Returns:
        The manifest with ``validation`` and ``fold``.
    """
    table = table.copy()
    fold = _deal(table, FOLDS, SEED)
    table["fold"] = pd.array(fold, dtype="Int8")
    several = table["group"].nunique() > 1
    table["validation"] = pd.array((_deal(table, VALIDATION_SHARE, SEED + 1) == 0) & several, dtype="boolean")
    return table


def _deal(table: pd.DataFrame, shares: int, seed: int) -> NDArray[np.int8]:
    """Deal the groups into shares; the number of the share each slice is in."""
    strata = (table["label"].fillna("?") + "/" + table["plane"].fillna("?")).to_numpy(dtype=object)
    groups = table["group"].to_numpy(dtype=object)
    shares = min(shares, table["group"].nunique())
    dealt = np.zeros(len(table), np.int8)
    if shares < 2:
        return dealt
    if (
        pd.Series(strata).value_counts().max() < shares
    ):  # scikit-learn refuses; so few slices cannot be balanced
        strata = np.zeros(len(table), np.int8)
    chosen = StratifiedGroupKFold(shares, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        for number, (_, rows) in enumerate(chosen.split(strata, strata, groups)):
            dealt[rows] = number
    return dealt


def kept(table: pd.DataFrame, leave_out: Sequence[str]) -> pd.DataFrame:
    """The slices of a manifest without some folders of its sets.

    Args:
        table: a manifest.
        leave_out: ``source/label`` each, as in ``sartaj/glioma``; one that is not there changes nothing.
    """
    return table[~_named(table, leave_out)].reset_index(drop=True)


def _named(table: pd.DataFrame, folders: Sequence[str]) -> NDArray[np.bool_]:
    if not folders:
        return np.zeros(len(table), bool)
    return (table["source"] + "/" + table["label"].fillna("")).isin(list(folders)).to_numpy(dtype=bool)


def parts(
    table: pd.DataFrame, protocol: Protocol = "official", fold: int = 0, leave_out: Sequence[str] = ()
) -> "pd.Series[str]":
    """Say for every slice whether it is for training, validation or test.

    ==========================  ==================================  ====================================
    protocol                    test                                validation
    ==========================  ==================================  ====================================
    ``official``                the set's own test split            ``validation``
    ``official-clean-train``    the same                            the same, without copies of the test
    ``official-whole``          the same                            none
    ``patient-5fold``           the groups of ``fold``              ``validation``, outside the fold
    ``folds``                   the set's own test split            the groups of ``fold``, outside the test
    ==========================  ==================================  ====================================

    The rest is for training; ``official-clean-train`` leaves out of it every slice whose picture, or nearly
    the same, is in the test split. ``official-whole`` is for a schedule that was chosen under ``official``.

    Args:
        table: a manifest.
        protocol: which.
        fold: 0 to 4, for the protocols that have folds.
        leave_out: folders that are for nothing, as for :func:`kept`.

    Returns:
        ``"train"``, ``"validation"``, ``"test"`` or ``"left_out"``, aligned with the table. Validation shares
        no group with train.

    Raises:
        InputError: the fold does not exist, a slice is neither in a training nor in a test split, or nobody
            has looked for copies.
    """
    test = _in_fold(table, fold) if protocol == "patient-5fold" else _in_own_test(table)
    held = _held(table, protocol, fold)
    out = _leaked(table) if protocol == "official-clean-train" else np.zeros(len(table), bool)
    named = _named(table, leave_out)
    side = np.select([named, test, out, held], ["left_out", "test", "left_out", "validation"], "train")
    return pd.Series(side, index=table.index, dtype="string")


def _held(table: pd.DataFrame, protocol: Protocol, fold: int) -> NDArray[np.bool_]:
    if protocol == "official-whole":
        return np.zeros(len(table), bool)
    return _in_fold(table, fold) if protocol == "folds" else _yes(table["validation"])


def _in_own_test(table: pd.DataFrame) -> NDArray[np.bool_]:
    odd = table["split"][~table["split"].isin(("train", "test"))]
    if len(odd):
        raise InputError(f"{odd.iloc[0]!r} is not one of train, test", field="split", mend="rename it")
    return (table["split"] == "test").to_numpy(dtype=bool)


def _in_fold(table: pd.DataFrame, fold: int) -> NDArray[np.bool_]:
    if fold not in set(table["fold"].dropna()):
        raise InputError(f"there is no fold {fold}", field="data.fold", mend=f"0 to {FOLDS - 1}")
    return _yes(table["fold"] == fold)


def _yes(column: "pd.Series[bool]") -> NDArray[np.bool_]:
    return column.fillna(False).to_numpy(dtype=bool)


def _leaked(table: pd.DataFrame) -> NDArray[np.bool_]:
    leaked = known_leaks(table)
    if leaked.isna().all():
        raise InputError(
            "nobody has looked for copies of the test split",
            field="leaked",
            mend="run `brainmtl index` again",
        )
    return _yes(leaked)
