"""A run's part out of fold: every slice as answered by a network of its recipe that never saw the person."""

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES

PART: Final = "out-of-fold"
"""Its name under ``evaluation/``."""
SIDE: Final = "side"
"""The column that says what a slice is for in the run itself."""


class ClassAnswers(NamedTuple):
    """What was said of slices whose class is known.

    Attributes:
        truth: int64 ``(N,)``, indices of :data:`~brainmtl.labels.CLASSES`.
        probabilities: ``(N, 4)``, as stated.
        groups: object ``(N,)``, the person of each slice.
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.floating]
    groups: NDArray[Any]


def class_answers(slices: pd.DataFrame) -> ClassAnswers:
    """Of rows as ``per_image.parquet`` has them, those with a known class and stated probabilities.

    Args:
        slices: one row a slice.
    """
    known = slices[slices["label"].notna() & slices[PROBABILITIES[0]].notna()]
    return ClassAnswers(
        np.array([CLASSES.index(name) for name in known["label"]], np.int64),
        known[list(PROBABILITIES)].to_numpy(dtype=float),
        known["group"].to_numpy(dtype=object),
    )


def teaching(slices: pd.DataFrame) -> pd.DataFrame:
    """The rows that may calibrate a run: slices that it learnt from itself, which leaves its other parts free
    to verify what was learnt.

    Args:
        slices: of the part out of fold.
    """
    return slices[slices[SIDE] == "train"]
