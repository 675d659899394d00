"""The slices on which models are tried, and how their answers are scored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.manifest import content_hash
from brainmtl.data.overlap import may_overlap
from brainmtl.data.splits import Protocol, parts
from brainmtl.errors import InputError
from brainmtl.evaluation.scorecard import Cell, score_slice
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.labels import HEALTHY
from brainmtl.study.model import Answer, Model
from brainmtl.training.evaluate import note_reading

Tried = Literal["validation", "test"]
KEPT: Final = ("id", "label", "plane", "group")


@dataclass(frozen=True)
class Slice:
    """A slice with what is true of it.

    Attributes:
        about: ``id``, ``label``, ``plane`` and ``group``.
        pixels: uint8 ``(H, W)``.
        mask: bool ``(H, W)``, empty on a healthy slice; ``None`` where unknown.
    """

    about: dict[str, Any]
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None


def held_out(table: pd.DataFrame, models: Sequence[Model], part: Tried, manifest: Path) -> pd.DataFrame:
    """The slices of a part that none of the models has learnt from.

    Args:
        table: a manifest.
        models: of one protocol and fold, unless the part is ``"test"``, where folds may differ as long as the
            set's own test split is meant.
        part: which; of data sets that a model has not learnt from, as the protocol ``"official"`` has it.
        manifest: where the table lies.

    Raises:
        InputError: the models do not share such slices, there are none, or a model has learnt from another
            manifest of the same data, or of a set that is made of the same slices.
    """
    drawn = {_held_back(table, model, manifest) for model in models}
    sides = [parts(table, *how).to_numpy(dtype=object) == part for how in sorted(drawn)]
    if any((side != sides[0]).any() for side in sides):
        raise InputError(
            f"the models have not the same {part} part",
            where=manifest,
            mend="choose models of one protocol and fold, or --part test",
        )
    chosen: pd.DataFrame = table[sides[0]]
    if chosen.empty:
        whole = part == "validation" and any(how[0] == "official-whole" for how in drawn)
        raise InputError(
            f"no slice is for {part}" + (": the model may have learnt from all but the test part" * whole),
            where=manifest,
            field="split",
            mend="--part test" if whole else "index a set that has one",
        )
    return chosen


def _held_back(table: pd.DataFrame, model: Model, manifest: Path) -> tuple[Protocol, int, tuple[str, ...]]:
    """Protocol, fold and folders left out, by which a table tells what a model has not learnt from."""
    if model.manifest_sha256 == content_hash(table):
        return model.protocol, model.fold, model.leave_out
    if model.sources is not None and not may_overlap(model.sources, table["source"]):
        return "official", 0, ()
    raise InputError(
        f"not the manifest that {model.name} has learnt by: slices it knows may be in any part",
        where=manifest,
        mend="pass that one, or one of a data set that shares no slices with it",
    )


def balanced(table: pd.DataFrame, number: int, seed: int = 0) -> pd.DataFrame:
    """Choose slices, as many of each class as there are; more slices in the table displace few of them.

    Args:
        table: rows of a manifest.
        number: how many; 0, or more than there are, for all.
        seed: of the choice.

    Returns:
        The chosen rows, in the order of the table.
    """
    if number == 0 or number >= len(table):
        return table
    rank = pd.Series([hashlib.sha256(f"{seed}/{name}".encode()).hexdigest() for name in table["id"]])
    label = table["label"].fillna("").reset_index(drop=True)
    turn = rank.groupby(label).rank(method="first").to_numpy()
    order = np.lexsort((rank.to_numpy(), turn))
    return table.iloc[np.sort(order[:number])]


def read_slice(row: "pd.Series[Any]") -> Slice:
    """Read a slice and its mask.

    Args:
        row: of a manifest.

    Raises:
        InputError: a file cannot be read.
    """
    pixels = read_picture(Path(row["image"])).pixels
    shape = (pixels.shape[0], pixels.shape[1])
    about = {name: None if pd.isna(row[name]) else str(row[name]) for name in KEPT}
    mask = read_mask(Path(row["mask"]), shape) if pd.notna(row["mask"]) else None
    if mask is None and about["label"] == HEALTHY:
        mask = np.zeros(shape, bool)
    return Slice(about, pixels, mask)


def score_answer(
    about: dict[str, Any], mask: NDArray[np.bool_] | None, answer: Answer, threshold: float
) -> dict[str, Cell]:
    """Score what was said of a slice.

    Args:
        about: of the slice.
        mask: the true one, bool ``(H, W)``.
        answer: of a model.
        threshold: a pixel is tumour above this probability.
    """
    return about | score_slice(
        truth=mask,
        prediction=None if answer.mask is None else answer.mask > threshold,
        label=about["label"],
        probabilities=answer.classes,
        mask_probabilities=answer.mask,
    )


def note_trial(ledger: Path, study: str, model: Model, metrics: dict[str, Any]) -> None:
    """Write a row about a reading of the test part.

    Args:
        ledger: see :func:`~brainmtl.training.evaluate.note_reading`.
        study: its folder's name.
        model: what was tried.
        metrics: ``{section: {metric: {value, …}}}``.
    """
    note_reading(ledger, (study, model.name, model.protocol, model.sha256[:12]), metrics)
