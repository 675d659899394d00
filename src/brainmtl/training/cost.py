"""What it costs a model to be stored in fewer bits: Dice and accuracy on validation, beside fp32."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.segmentation import dice
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.square import from_square
from brainmtl.inference.info import StorageCost
from brainmtl.inference.package import Answer, ModelPackage
from brainmtl.training.part import Part


def measure_cost(
    plain: ModelPackage,
    stored: ModelPackage,
    part: Part,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> StorageCost:
    """Measure a package as it is stored beside itself in fp32.

    Args:
        plain: the package in fp32.
        stored: the same in fewer bits.
        part: of validation.
        progress: called with slices done and slices in all.

    Returns:
        Dice is the mean over slices with a tumour, at native resolution; accuracy is over all with a label.
    """
    scores: list[list[tuple[float, float]]] = []
    for rows, squares in part.batches():
        truths = [_truth(part.table.iloc[row]) for row in rows]
        labels = [part.table["label"].iloc[row] for row in rows]
        said = (package.answers(squares) for package in (plain, stored))
        scores += [
            [_score(plain, answer, truth, label) for answer in answers]
            for truth, label, *answers in zip(truths, labels, *said, strict=True)
        ]
        progress(len(scores), len(part.rows))
    before, after = (_means(side) for side in zip(*scores, strict=True))
    return StorageCost(
        slices=len(scores),
        dice=after[0],
        dice_fp32=before[0],
        accuracy=after[1],
        accuracy_fp32=before[1],
    )


def _truth(slice_: pd.Series) -> NDArray[np.bool_] | None:
    shape = (int(slice_["height"]), int(slice_["width"]))
    return None if pd.isna(slice_["mask"]) else read_mask(Path(slice_["mask"]), shape)


def _score(
    package: ModelPackage, answer: Answer, truth: NDArray[np.bool_] | None, label: object
) -> tuple[float, float]:
    """Dice and whether the class is right; NaN where there is nothing to compare."""
    overlap = right = float("nan")
    if answer.mask is not None and truth is not None:
        chances = from_square(answer.mask, truth.shape[0], truth.shape[1], package.info.fit)
        overlap = dice(truth, chances > package.info.mask_threshold)
    if answer.classes is not None and label in package.info.classes:
        right = float(package.info.classes[int(answer.classes.argmax())] == label)
    return overlap, right


def _means(scores: tuple[tuple[float, float], ...]) -> tuple[float | None, float | None]:
    """Over what is known; ``None`` where nothing is."""
    values = np.array(scores)
    found = [column[~np.isnan(column)] for column in values.T]
    overlap, right = (round(float(column.mean()), 6) if len(column) else None for column in found)
    return overlap, right
