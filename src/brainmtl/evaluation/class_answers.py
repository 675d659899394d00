"""What a run said of the class of slices whose class is known, as arrays."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES


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
