"""What is said of slices that were held out when a model package's network, or its siblings, learnt."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.evaluation.certainty import HeldOut
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.mask_conformal import needed_margin
from brainmtl.evaluation.out_of_fold import PART
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.square import to_square
from brainmtl.imaging.threads import threads
from brainmtl.inference.package import Answer, ModelPackage
from brainmtl.labels import CLASSES
from brainmtl.training.part import Part, open_part
from brainmtl.training.recipe import Recipe


def listen(
    package: ModelPackage,
    run: Path,
    recipe: Recipe,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> HeldOut:
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
    answers = _answers(package, part, progress)
    said = [None if one.mask is None else one.mask > package.info.mask_threshold for one in answers]
    return HeldOut(
        groups=part.table["group"].iloc[part.rows].to_numpy(dtype=object),
        truth=_truth(part.table["label"].iloc[part.rows]),
        probabilities=_stacked([one.classes for one in answers]),
        needed=_needed(said, part),
        features=_stacked([one.features for one in answers]),
    )


def listen_out_of_fold(
    package: ModelPackage,
    run: Path,
    recipe: Recipe,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> HeldOut:
    """Gather what the networks of the recipe's folds said of the run's own training slices.

    What a slice's features are the package says itself: those of another network are no features of its own.

    Args:
        package: made from the run.
        run: its folder, in which its folds have been pooled.
        recipe: its recipe.
        progress: called with slices done and slices in all.

    Raises:
        InputError: the folds have not been pooled, or the manifest or its slices are not what they were.
    """
    folder = run / "evaluation" / PART
    if not (folder / "per_image.parquet").is_file():
        raise InputError("its folds have not been pooled", where=run, mend="brainmtl out-of-fold RUN FOLD…")
    part = open_part(run, recipe, "train")
    ids = part.table["id"].iloc[part.rows]
    slices = pd.read_parquet(folder / "per_image.parquet").set_index("id").loc[ids]
    size, fit = recipe.data.size, recipe.data.fit

    def mask(name: str) -> NDArray[np.bool_] | None:
        path = folder / "masks" / f"{name}.png"
        if not path.is_file():
            return None
        return to_square(read_mask(path).astype(np.uint8) * 255, size, fit) > 127

    with threads() as pool:
        said = list(pool.map(mask, ids))
    shares = slices[list(PROBABILITIES)].to_numpy(dtype=float)
    return HeldOut(
        groups=slices["group"].to_numpy(dtype=object),
        truth=_truth(slices["label"]),
        probabilities=None if np.isnan(shares).all() else shares,
        needed=_needed(said, part),
        features=_stacked([one.features for one in _answers(package, part, progress)]),
        part=PART,
    )


def _answers(package: ModelPackage, part: Part, progress: Callable[[int, int], None]) -> list[Answer]:
    found: list[Answer] = []
    for _, squares in part.batches():
        found += package.answers(squares)
        progress(len(found), len(part.rows))
    return found


def _truth(labels: "pd.Series[str]") -> NDArray[np.int64]:
    """−1 where it is not known."""
    return np.array([CLASSES.index(label) if label in CLASSES else -1 for label in labels.fillna("")])


def _stacked(values: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    known = [one for one in values if one is not None]
    return np.stack(known) if known else None


def _needed(said: Sequence[NDArray[np.bool_] | None], part: Part) -> NDArray[np.float64] | None:
    """The margin each slice needs, as a share of the square's side."""

    def margin(mask: NDArray[np.bool_] | None, row: int) -> float:
        truth = part.cache.masks[row] > 127
        if mask is None or not truth.any():
            return float("nan")
        return needed_margin(truth, mask) / len(truth)

    if all(mask is None for mask in said):
        return None
    return np.array([margin(mask, int(row)) for mask, row in zip(said, part.rows, strict=True)])
