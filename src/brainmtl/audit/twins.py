"""How well the masks of copies agree: what no network can honestly beat.

One picture that was masked twice says how well the annotators agree with themselves; a Dice above that fits
the annotators, not the anatomy.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from brainmtl.audit.area import Area
from brainmtl.data.copies.orientation import BACK, ORIENTATIONS
from brainmtl.evaluation.measures import metric
from brainmtl.evaluation.segmentation import dice
from brainmtl.imaging.mask import THRESHOLD, read_mask
from brainmtl.imaging.threads import threads

SAME_PIXELS = ("bytes", "pixels")
_NAMED = {one.name: one for one in ORIENTATIONS}
_BACK = {one.name: ORIENTATIONS[BACK[number]].name for number, one in enumerate(ORIENTATIONS)}


def mask_dice(
    pairs: pd.DataFrame,
    masks: "pd.Series[str]",
    others: "pd.Series[str]",
    progress: Callable[[int], None] = lambda done: None,
    areas: Mapping[str, Area] = MappingProxyType({}),
) -> "pd.Series[float]":
    """Compare the masks of two pictures that show the same.

    Args:
        pairs: with the columns ``a``, ``b`` and ``transform``, the way to lay ``b`` to get ``a``.
        masks: paths of masks by the ids of ``a``, null where there is none.
        others: the same by the ids of ``b``.
        progress: called with the number of pairs done.
        areas: masks that need not be read again, by path.

    Returns:
        Dice aligned with the pairs, at the size of ``a``; NaN where one has no mask or ``a``'s is empty.

    Raises:
        InputError: a mask cannot be read.
    """

    def read(path: str) -> NDArray[np.bool_]:
        return areas[path].whole() if path in areas else read_mask(Path(path))

    jobs = list(zip(pairs["a"].map(masks), pairs["b"].map(others), pairs["transform"], strict=True))
    found = []
    with threads() as pool:
        for done, value in enumerate(pool.map(lambda job: _agreement(read, *job), jobs), start=1):
            found.append(value)
            progress(done)
    return pd.Series(found, index=pairs.index, dtype=float)


def laid(mask: NDArray[np.bool_], transform: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask laid over another picture of what it marks.

    Args:
        mask: bool ``(H, W)``.
        transform: the way to lay it, a name in ``ORIENTATIONS``.
        shape: the size of the other picture.
    """
    upright = np.ascontiguousarray(_NAMED[transform].turn(mask))
    if upright.shape == shape:
        return upright
    grey = Image.fromarray(upright.astype(np.uint8) * 255)
    return np.asarray(grey.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)) > THRESHOLD


def undone(transform: str) -> str:
    """The orientation that undoes another.

    Args:
        transform: a name in ``ORIENTATIONS``.
    """
    return _BACK[transform]


def agreement(
    values: "pd.Series[float]", labels: "pd.Series[str]", across: "pd.Series[bool]"
) -> dict[str, Any]:
    """Add the agreement of copies' masks up.

    Args:
        values: Dice of each pair, NaN where there is none.
        labels: class of each pair's first slice.
        across: whether the pair lies in two splits.

    Returns:
        ``within`` and ``across`` splits and ``all``, each ``{dice, dice_by_label, below_half}``.
    """
    sides = {"within": ~across.astype(bool), "across": across.astype(bool), "all": across.notna()}
    return {name: _mean_dice(values[side], labels[side]) for name, side in sides.items()}


def _mean_dice(values: "pd.Series[float]", labels: "pd.Series[str]") -> dict[str, Any]:
    known = values.dropna()
    by_label = known.groupby(labels[known.index])
    return {
        "dice": metric(float(known.mean()), len(known)),
        "dice_by_label": {str(name): metric(float(part.mean()), len(part)) for name, part in by_label},
        "below_half": int((known < 0.5).sum()),
    }


def _agreement(read: Callable[[str], NDArray[np.bool_]], mask: Any, other: Any, transform: str) -> float:
    if pd.isna(mask) or pd.isna(other):
        return float("nan")
    truth = read(str(mask))
    return dice(truth, laid(read(str(other)), transform, truth.shape))
