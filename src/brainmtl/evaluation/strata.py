"""Slices told apart: by class, tumour, plane, source, size and lesions, and by what training has seen."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.lesions import count_lesions
from brainmtl.labels import CLASSES, HEALTHY, PLANES

STRATA = ("label", "tumour", "plane", "source", "size", "lesions", "leaked")
"""Columns by whose values results are told apart, where they are known."""
NAMES = {"label": "class"}
SIZES = {"small": 0.005, "medium": 0.02, "large": math.inf}
"""Size of a tumour → the share of its slice's area that it stays below."""
LESIONS = ("one", "several")
TUMOUR = "tumour"
"""A stratum of the same name: any tumour class, beside ``no_tumor``."""
ORDER = (TUMOUR, *CLASSES, *PLANES, *SIZES, *LESIONS)


def tumour_size(truth: NDArray[np.bool_]) -> str | None:
    """The size of a tumour, as a word of :data:`SIZES`; none on a healthy slice.

    Args:
        truth: bool ``(H, W)``.
    """
    share = np.count_nonzero(truth) / truth.size
    return next(name for name, above in SIZES.items() if share < above) if share else None


def lesion_number(truth: NDArray[np.bool_]) -> str | None:
    """Whether a slice has one lesion or several; none on a healthy slice.

    Args:
        truth: bool ``(H, W)``.
    """
    found = count_lesions(truth)
    return LESIONS[found > 1] if found else None


def split_rows(rows: pd.DataFrame, strata: Sequence[str] = STRATA) -> dict[str, dict[str, pd.DataFrame]]:
    """Tell rows apart.

    Args:
        rows: one a slice.
        strata: columns; one that is absent, or has a single value, tells nothing apart and makes no stratum.

    Returns:
        ``{name: {value: rows}}``, ``label`` under the name ``class``; values in the order of the vocabulary.
        A row without a value is in none.
    """
    found = {}
    if "label" in rows:
        label = rows["label"]
        rows = rows.assign(tumour=label.where(label.isna() | (label == HEALTHY), TUMOUR))
    for name in strata:
        if name in rows and rows[name].nunique() > 1:
            parts = {_key(value): part for value, part in rows.groupby(name, observed=True)}
            found[NAMES.get(name, name)] = dict(sorted(parts.items(), key=_rank))
    return found


def _key(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _rank(item: tuple[str, Any]) -> tuple[int, str]:
    return (ORDER.index(item[0]) if item[0] in ORDER else len(ORDER), item[0])
