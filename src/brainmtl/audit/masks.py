"""What is wrong with single masks: values that are neither black nor white, sizes, specks and holes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from brainmtl.audit.area import Area
from brainmtl.audit.looks import grey_values
from brainmtl.imaging.mask import THRESHOLD
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.threads import threads
from brainmtl.labels import HEALTHY

SIDE = 128
TINY = 0.0002
"""A mask below this share of its slice is tiny: 52 pixels of 512×512."""
LESIONS = 3
"""A mask in more pieces than this is worth a look."""
ISSUES = ("empty", "other_size", "tiny", "many_lesions", "with_holes", "not_binary")
"""Worst first."""
EIGHT = np.ones((3, 3))


@dataclass(frozen=True)
class Masks:
    """The masks of a manifest.

    Attributes:
        checks: one row a mask: ``id, label, split, width, height, area_px, share, grey_px, inflation,
            lesions, holes`` and a bool column for each of :data:`ISSUES`.
        values: pixels of every grey value over all masks, ``(256,)``.
        unmasked: slices of a tumour without a mask.
        squares: bool ``(N, 128, 128)``, one a slice of the manifest, empty where there is no mask.
        areas: by file, what each marks.
    """

    checks: pd.DataFrame
    values: NDArray[np.int64]
    unmasked: int
    squares: NDArray[np.bool_]
    areas: dict[str, Area]


def check_masks(table: pd.DataFrame, progress: Callable[[int], None] = lambda done: None) -> Masks:
    """Read and check every mask.

    Args:
        table: a manifest.
        progress: called with the number of masks done.

    Raises:
        InputError: a mask is missing or cannot be decoded.
    """
    masked = np.flatnonzero(table["mask"].notna())
    squares = np.zeros((len(table), SIDE, SIDE), bool)
    values = np.zeros(256, np.int64)
    rows: list[dict[str, Any]] = []
    areas: dict[str, Area] = {}
    jobs = table.iloc[masked]
    with threads() as pool:
        checked = pool.map(_check, jobs["mask"], jobs["height"], jobs["width"])
        for done, (row, histogram, square, area) in enumerate(checked, start=1):
            squares[masked[done - 1]] = square
            areas[str(jobs["mask"].iat[done - 1])] = area
            values += histogram
            rows.append(row)
            progress(done)
    named = jobs[["id", "label", "split"]].reset_index(drop=True)
    columns = list(_row(Area.of(np.zeros((1, 1), bool)), np.zeros(256, np.int64), (1, 1)))
    ill = table["mask"].isna() & table["label"].notna() & (table["label"] != HEALTHY)
    checked_masks = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(ISSUES, bool))
    checks = pd.concat([named, checked_masks], axis=1)
    return Masks(checks, values, int(ill.sum()), squares, areas)


def summarise_masks(masks: Masks) -> dict[str, Any]:
    """Add the checks up.

    Args:
        masks: from :func:`check_masks`.

    Returns:
        ``within``: counts by split; ``across``: counts over all splits, with the grey values that occur, the
        smallest area, and the share of masks in several pieces by class.
    """
    checks = masks.checks
    whole = _counts(checks) | {
        "unmasked_tumours": masks.unmasked,
        "values": np.flatnonzero(masks.values).tolist(),
        "smallest_px": int(checks["area_px"].min()) if len(checks) else None,
        "median_share": _number(checks["share"].median()),
        "median_inflation": _number(checks["inflation"].median()),
        "largest_inflation": _number(checks["inflation"].max()),
        "several_lesions_by_label": {
            str(label): float((part["lesions"] > 1).mean()) for label, part in checks.groupby("label")
        },
    }
    within = {str(split): _counts(part) for split, part in checks.groupby("split", sort=False)}
    return {"within": within, "across": whole}


def _counts(checks: pd.DataFrame) -> dict[str, int]:
    counts = {"masks": len(checks)} | {name: int(checks[name].sum()) for name in ISSUES}
    return counts | {"several_lesions": int((checks["lesions"] > 1).sum())}


def _check(
    path: str, height: int, width: int
) -> tuple[dict[str, Any], NDArray[np.int64], NDArray[np.bool_], Area]:
    pixels = read_picture(Path(path)).pixels
    area, values = Area.of(pixels > THRESHOLD), grey_values(pixels)
    return _row(area, values, (height, width)), values, area.square(SIDE), area


def _row(area: Area, values: NDArray[np.int64], shape: tuple[int, int]) -> dict[str, Any]:
    pixels, marked, grey = (int(part.sum()) for part in (values, values[THRESHOLD + 1 :], values[1:-1]))
    lesions, holes = _pieces(area)
    return {
        "width": area.shape[1],
        "height": area.shape[0],
        "area_px": marked,
        "share": marked / max(pixels, 1),
        "grey_px": grey,
        "inflation": (pixels - int(values[0])) / marked if marked else np.nan,
        "lesions": lesions,
        "holes": holes,
        "empty": marked == 0,
        "other_size": area.shape != shape,
        "tiny": 0 < marked < TINY * pixels,
        "many_lesions": lesions > LESIONS,
        "with_holes": holes > 0,
        "not_binary": grey > 0,
    }


def _pieces(area: Area) -> tuple[int, int]:
    """Pieces that touch at an edge or corner, and holes: background they shut in."""
    if not area.bits.size:
        return 0, 0
    part = np.pad(area.part(), 1)
    return int(ndimage.label(part, EIGHT)[1]), int(ndimage.label(~part)[1]) - 1


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
