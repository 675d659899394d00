"""``per_image.json``: of ``per_image.parquet`` what a page shows of a slice, for readers without pandas."""

from pathlib import Path
from typing import Final

import pandas as pd

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.imaging.files import whole_file

NAME: Final = "per_image.json"
COLUMNS: Final = (
    *("id", "label", "plane", "group", "source", "leaked", "size", "lesions"),
    *("image", "mask", "width", "height"),
    *("predicted", *PROBABILITIES, "right", "miss"),
    *("true_px", "predicted_px", "dice", "iou", "hd95_px", "surface_dice_2px", "mask_right", "both_right"),
)


def write_slice_list(rows: pd.DataFrame, folder: Path) -> Path:
    """Write the rows of a part as a JSON list of objects, their numbers to six digits, null where unknown.

    Args:
        rows: of ``per_image.parquet``; columns of :data:`COLUMNS` that it has not are left out.
        folder: ``evaluation/<part>``.

    Returns:
        The file.

    Raises:
        InputError: it cannot be written.
    """
    kept = rows[[name for name in COLUMNS if name in rows]]
    path = folder / NAME
    with whole_file(path) as temporary:
        kept.to_json(temporary, orient="records", double_precision=6, force_ascii=False)
    return path
