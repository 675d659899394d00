"""What a model package says of the validation slices of the run that it was made from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.data.cache import Cache
from brainmtl.evaluation.certainty import Validation
from brainmtl.evaluation.mask_conformal import needed_margin
from brainmtl.inference.package import Answer, ModelPackage
from brainmtl.labels import CLASSES
from brainmtl.training.part import open_part
from brainmtl.training.recipe import Recipe


def listen(
    package: ModelPackage,
    run: Path,
    recipe: Recipe,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Validation:
    """Run a package on the validation part, and on nothing else.

    Args:
        package: made from the run.
        run: its folder.
        recipe: its recipe.
        progress: called with slices done and slices in all.

    Raises:
        InputError: the manifest or its slices are gone or others than they were, or none is for validation.
    """
    part = open_part(run, recipe, "validation")
    answers: list[Answer] = []
    for _, squares in part.batches():
        answers += package.answers(squares)
        progress(len(answers), len(part.rows))
    table, rows = part.table, part.rows
    labels = table["label"].iloc[rows]
    return Validation(
        groups=table["group"].iloc[rows].to_numpy(dtype=object),
        truth=np.array([CLASSES.index(label) if label in CLASSES else -1 for label in labels.fillna("")]),
        probabilities=_stacked([answer.classes for answer in answers]),
        needed=_needed(answers, rows, part.cache, package.info.mask_threshold),
        features=_stacked([answer.features for answer in answers]),
    )


def _stacked(values: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    known = [one for one in values if one is not None]
    return np.stack(known) if known else None


def _needed(
    answers: list[Answer], rows: NDArray[np.int64], cache: Cache, threshold: float
) -> NDArray[np.float64] | None:
    def margin(answer: Answer, row: int) -> float:
        truth = cache.masks[row] > 127
        if answer.mask is None or not truth.any():
            return float("nan")
        return needed_margin(truth, answer.mask > threshold) / len(truth)

    if answers[0].mask is None:
        return None
    return np.array([margin(answer, int(row)) for answer, row in zip(answers, rows, strict=True)])
