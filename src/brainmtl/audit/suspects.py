"""Slices whose label or mask somebody should look at again, most suspicious first.

Three witnesses speak: networks that have not learnt from a slice (run folders), copies of it, and another
data set that shows it too.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.audit.twins import undone
from brainmtl.errors import InputError
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES

COLUMNS = ["id", "what", "score", "given", "seen", "witness", "other_mask", "transform"]
POOR_DICE = 0.7
"""Below this, two masks of one slice are worth a look."""
ROUNDING = 1e-6
"""A mean of equal probabilities may come out a little above them."""


def read_runs(runs: Sequence[Path], table: pd.DataFrame) -> pd.DataFrame:
    """Read what networks said of slices they had not learnt from.

    Args:
        runs: run folders with ``evaluation/*/per_image.parquet``; that of ``train`` is not read.
        table: a manifest.

    Returns:
        One row a slice that was judged: ``id``; ``dice`` and the four probabilities, means over the runs,
        null where no run gave one; and ``mask``, the first run's, where it lies there.

    Raises:
        InputError: a folder holds no such table, it cannot be read, or it knows none of the slices.
    """
    said = [_read_run(run, table) for run in runs]
    judged = pd.concat(said, ignore_index=True)
    by_id = judged.groupby("id", sort=False)
    return by_id[["dice", *PROBABILITIES]].mean().join(by_id["mask"].first()).reset_index()


def label_issues(
    labels: NDArray[np.int64], chances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Judge given labels by probabilities from networks that never saw them.

    Confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70:1373): a slice counts with another class
    than its own where its probability of that class reaches the class's threshold, the mean probability of
    the class over the slices that bear its label; of several such classes, the most probable (their equations
    1 and 2).

    Args:
        labels: int ``(N,)``, the given class.
        chances: ``(N, K)``, rows sum to 1.

    Returns:
        The quality of each label, 0 (wrong) to 1, from its normalised margin: half of one plus its
        probability minus the best other one; and whether it is off the diagonal of the confident joint.
    """
    rows = np.arange(len(labels))
    own = chances[rows, labels]
    rivals = chances.copy()
    rivals[rows, labels] = -np.inf
    present = [np.any(labels == kind) for kind in range(chances.shape[1])]
    thresholds = np.array(
        [chances[labels == kind, kind].mean() if known else np.inf for kind, known in enumerate(present)]
    )
    confident = np.where(chances >= thresholds - ROUNDING, chances, -np.inf)
    off = np.isfinite(confident).any(axis=1) & (confident.argmax(axis=1) != labels)
    return (1 + own - rivals.max(axis=1)) / 2, off


def rank_suspects(
    table: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    judged: pd.DataFrame | None = None,
    matches: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rank what should be looked at again.

    Args:
        table: a manifest.
        pairs: copies within it, with ``conflict`` and ``mask_dice``.
        judged: from :func:`read_runs`.
        matches: the slices in another set, from :func:`brainmtl.audit.carried.carry_over`.

    Returns:
        One row a suspicion, most suspicious first: ``id``; ``what``, ``label`` or ``mask``; ``score``, 0 to
        1; ``given``, the class; ``seen``, the class that the witness says, or the Dice of its mask;
        ``witness``; ``other_mask``, its mask's file; and ``transform``, the way to lay that mask over the
        slice.
    """
    found = _from_copies(table, pairs)
    if judged is not None:
        found += _from_runs(table, judged)
    if matches is not None:
        found += _from_matches(matches)
    ranked = pd.DataFrame(found, columns=COLUMNS)
    return ranked.sort_values(["score", "id"], ascending=[False, True], ignore_index=True)


def _read_run(run: Path, table: pd.DataFrame) -> pd.DataFrame:
    paths = sorted(path for path in run.glob("evaluation/*/per_image.parquet") if path.parent.name != "train")
    if not paths:
        raise InputError(
            "no evaluation/*/per_image.parquet in it, beyond those it has learnt from",
            where=run,
            mend="brainmtl evaluate RUN",
        )
    rows = pd.concat([_read_part(path) for path in paths], ignore_index=True)
    known = rows[rows["id"].isin(set(table["id"]))]
    if known.empty:
        raise InputError("knows none of the manifest's slices", where=run, mend="pass a run on this set")
    return known


def _read_part(path: Path) -> pd.DataFrame:
    try:
        rows = pd.read_parquet(path, columns=["id", "dice", *PROBABILITIES])
        numbers = rows[["dice", *PROBABILITIES]].astype(float)
    except Exception as error:
        raise InputError("not a table of slices", where=path, mend="brainmtl evaluate RUN") from error
    masks = [path.parent / "masks" / f"{name}.png" for name in rows["id"]]
    numbers["mask"] = pd.array([str(mask) if mask.is_file() else None for mask in masks], dtype="string")
    return numbers.assign(id=rows["id"].astype(str))


def _from_runs(table: pd.DataFrame, judged: pd.DataFrame) -> list[dict[str, Any]]:
    rows = judged.merge(table[["id", "label"]], on="id")
    found = [
        _suspect(row["id"], "mask", 1 - row["dice"], row["label"], _dice(row["dice"]), "network", row["mask"])
        for _, row in rows[rows["dice"] < POOR_DICE].iterrows()
    ]
    called = rows[rows["label"].notna() & rows[list(PROBABILITIES)].notna().all(axis=1)]
    if called.empty:
        return found
    labels = np.array([CLASSES.index(name) for name in called["label"]])
    chances = called[list(PROBABILITIES)].to_numpy(dtype=float)
    quality, off = label_issues(labels, chances)
    seen = chances.argmax(axis=1)
    for row in np.flatnonzero(off & (seen != labels)):
        given = called.iloc[row]
        found.append(
            _suspect(given["id"], "label", 1 - quality[row], given["label"], CLASSES[seen[row]], "network")
        )
    return found


def _from_copies(table: pd.DataFrame, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    by_id = table.set_index("id")
    label, mask = by_id["label"], by_id["mask"]
    found = []
    for pair in pairs.to_dict("records"):
        for one, other in ((pair["a"], pair["b"]), (pair["b"], pair["a"])):
            witness, poor = f"copy {other}", pair["mask_dice"] < POOR_DICE
            if "label" in pair["conflict"]:
                found.append(_suspect(one, "label", 1.0, label[one], label[other], witness))
            if poor:
                how = undone(pair["transform"]) if one == pair["a"] else pair["transform"]
                seen = _dice(pair["mask_dice"])
                found.append(
                    _suspect(one, "mask", 1 - pair["mask_dice"], label[one], seen, witness, mask[other], how)
                )
    return found


def _from_matches(matches: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for row in matches.to_dict("records"):
        id_, given, witness = row["id"], row["label"], f"other set {row['other_id']}"
        if pd.notna(given) and pd.notna(row["other_label"]) and given != row["other_label"]:
            found.append(_suspect(id_, "label", 1.0, given, row["other_label"], witness))
        if row["mask_dice"] < POOR_DICE:
            poor, seen = 1 - row["mask_dice"], _dice(row["mask_dice"])
            found.append(
                _suspect(id_, "mask", poor, given, seen, witness, row["other_mask"], row["transform"])
            )
    return found


def _suspect(
    id_: Any,
    what: str,
    score: float,
    given: Any,
    seen: Any,
    witness: str,
    mask: Any = None,
    transform: str = "none",
) -> dict[str, Any]:
    values = (id_, what, float(score), given, seen, witness, mask, transform)
    return dict(zip(COLUMNS, values, strict=True))


def _dice(value: float) -> str:
    return f"Dice {value:.3f}"
