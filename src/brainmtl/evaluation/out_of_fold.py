"""A run's part out of fold: every slice as answered by a network of its recipe that never saw the person."""

from typing import Final

import pandas as pd

PART: Final = "out-of-fold"
"""Its name under ``evaluation/``."""
SIDE: Final = "side"
"""The column that says what a slice is for in the run itself."""


def teaching(slices: pd.DataFrame) -> pd.DataFrame:
    """The rows that may calibrate a run: slices that it learnt from itself, which leaves its other parts free
    to verify what was learnt.

    Args:
        slices: of the part out of fold.
    """
    return slices[slices[SIDE] == "train"]
