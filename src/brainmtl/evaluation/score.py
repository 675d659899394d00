"""Any tool's mask files scored against the true ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.evaluation.class_file import GROUP, VOCABULARIES, read_classes
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.scorecard import Cell, score_slice, summarise
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import SUFFIXES
from brainmtl.imaging.threads import threads
from brainmtl.labels import HEALTHY


def score_folders(
    predictions: Path,
    truth: Path,
    labels: Path | None = None,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Score a folder of predicted masks against a folder of true ones, paired by file name without suffix.

    Args:
        predictions: picture files, tumour where brighter than 127.
        truth: the same; all black for a healthy slice.
        labels: a CSV of classes, as :func:`read_classes` takes it; ``id`` is the file name without suffix.
            Every true mask has a row. A row without a true mask counts for the classes only, but a
            ``no_tumor`` row with a predicted mask is scored against an empty truth.
        progress: called with slices done and slices in all.

    Returns:
        One row a slice (``id``, ``label``, ``plane``, ``group``, and the columns of ``score_slice``), and the
        content of ``metrics.json`` with the strata ``class``, ``tumour``, ``plane``, ``size``, ``lesions``.

    Raises:
        InputError: a folder holds no picture or two of one name; a true mask has no prediction, or a
            prediction no true mask; two sizes differ; a file cannot be read; or the CSV breaks its contract.
    """
    predicted, true = _pictures(predictions), _pictures(truth)
    table = read_classes(labels) if labels else _unlabelled(list(true))
    _check_pairs(predicted, true, table, (predictions, truth, labels))

    def score(name: str) -> dict[str, Cell]:
        known = {column: None if pd.isna(value) else value for column, value in table.loc[name].items()}
        masks = _read_masks(true.get(name), predicted.get(name), healthy=known["label"] == HEALTHY)
        shares = [known[column] for column in PROBABILITIES]
        row = score_slice(
            truth=masks[0],
            prediction=masks[1],
            label=known["label"],
            probabilities=None if shares[0] is None else shares,
            predicted=known["predicted"],
        )
        return {"id": name} | {column: known[column] for column in ("label", "plane", GROUP)} | row

    rows = []
    pool = threads()
    try:
        for row in pool.map(score, table.index):
            rows.append(row)
            progress(len(rows), len(table))
    finally:
        pool.shutdown(cancel_futures=True)
    scored = pd.DataFrame(rows)
    return scored, summarise(scored, strata=("label", "tumour", "plane", "size", "lesions"))


def _unlabelled(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(None, index=names, columns=[*VOCABULARIES, GROUP, *PROBABILITIES], dtype=object)


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError("no such folder", where=folder, mend="pass the folder that holds the masks")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise InputError(
                f"has the same name as {found[path.stem].name}", where=path, mend="keep one of them"
            )
        found[path.stem] = path
    if not found:
        raise InputError(
            "no picture in it", where=folder, mend="pass the folder that holds the masks, as PNG"
        )
    return found


def _read_masks(
    truth: Path | None, prediction: Path | None, healthy: bool
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    if truth is not None and prediction is not None:
        true = read_mask(truth)
        if healthy and true.any():
            raise InputError(
                "a healthy slice has a mask", where=truth, field="label", mend="blacken it, or relabel it"
            )
        return true, read_mask(prediction, true.shape)
    if prediction is not None:
        said = read_mask(prediction)
        return np.zeros_like(said), said
    return None, None


def _check_pairs(
    predicted: dict[str, Path],
    true: dict[str, Path],
    table: pd.DataFrame,
    folders: tuple[Path, Path, Path | None],
) -> None:
    healthy = set(table.index[table["label"] == HEALTHY])
    _none_left(
        [path for name, path in true.items() if name not in predicted],
        "true masks have no prediction",
        folders[0],
        "predict every slice; an empty prediction is an all-black mask",
    )
    _none_left(
        [path for name, path in true.items() if name not in table.index],
        "true masks have no row",
        folders[2],
        "add them; id is the file name without its suffix",
    )
    _none_left(
        [path for name, path in predicted.items() if name not in true and name not in healthy],
        "predictions have no true mask",
        folders[1],
        "remove them; a healthy slice has an all-black true mask, or a row no_tumor among the labels",
    )


def _none_left(paths: list[Path], what: str, where: Path | None, mend: str) -> None:
    if paths:
        raise InputError(f"{len(paths)} {what}, the first {paths[0].name}", where=where, mend=mend)
