"""The two honest ways to learn from one part of a set and be tested on another."""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

FOLDS = 5
TEST = "test"

Rows = NDArray[np.int64]
Sides = list[tuple[Rows, Rows]]
"""Rows to learn from, rows to be tested on."""


def across_splits(table: pd.DataFrame) -> Sides:
    """The set's own test split against the rest of it.

    Args:
        table: a manifest.

    Returns:
        One pair of sides; none where the set has no test split, or nothing else.
    """
    test = (table["split"] == TEST).to_numpy(dtype=bool)
    return [(np.flatnonzero(~test), np.flatnonzero(test))] if test.any() and not test.all() else []


def within_split(table: pd.DataFrame) -> Sides:
    """Folds of whole groups, balanced by class, without the test split (with it where there is nothing else).

    Args:
        table: a manifest.

    Returns:
        Up to five pairs of sides that share no group; none where there are too few groups.
    """
    test = (table["split"] == TEST).to_numpy(dtype=bool)
    rows = np.arange(len(table)) if test.all() else np.flatnonzero(~test)
    labels, groups = (
        table[name].fillna("?").iloc[rows].to_numpy(dtype=object) for name in ("label", "group")
    )
    folds = min(
        FOLDS, len(set(groups)), int(pd.Series(labels).value_counts().max(skipna=True)) if len(rows) else 0
    )
    if folds < 2:
        return []
    dealt = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        sides = [(rows[train], rows[test]) for train, test in dealt.split(labels, labels, groups)]
    return [(train, test) for train, test in sides if train.size and test.size]
