"""Frozen splits brought up to new groups, with as few changes as can be.

``tables/brisc2025_splits.csv`` was drawn once from a first grouping, and networks were trained on it. So a
group that holds slices of several folds goes to the fold where most of them are, and a group is for
validation only if all of it was: what was trained on stays trained on.
"""

import pandas as pd


def revise_splits(frozen: pd.DataFrame, group: "pd.Series[str]") -> pd.DataFrame:
    """Fit frozen splits to new groups.

    Args:
        frozen: a row a slice: ``id, group, validation, fold``.
        group: the new groups, aligned with it.

    Returns:
        The table with the new groups, each in one fold and wholly for validation or not at all; nothing is
        for validation that was not, and slices change their fold only to join the others of their group.
    """
    return frozen.assign(
        group=group,
        validation=frozen["validation"].groupby(group).transform("all").astype("boolean"),
        fold=group.map(_folds(frozen["fold"], group)).astype("Int8"),
    )


def _folds(fold: "pd.Series[int]", group: "pd.Series[str]") -> dict[str, int]:
    """The fold of each group: where most of it is; of several such, the one that is smallest by then."""
    votes = pd.crosstab(group, fold)
    most = votes.eq(votes.max(axis=1), axis=0)
    size = votes.sum(axis=1)
    clear = most.sum(axis=1) == 1
    chosen = most[clear].idxmax(axis=1)
    filled = size[clear].groupby(chosen).sum().reindex(votes.columns, fill_value=0)
    for name in votes.index[~clear]:
        chosen[name] = filled[most.loc[name]].idxmin()
        filled[chosen[name]] += size[name]
    return {str(name): int(number) for name, number in chosen.items()}
