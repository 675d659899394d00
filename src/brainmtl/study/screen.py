"""Screening designs: what each of many choices does, told apart by few trials."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FIRST_ROWS: Final = (
    "+-+",
    "+++-+--",
    "++-+++---+-",
    "++++-+-++--+---",
    "++--++++-+-+----++-",
    "+++++-+-++--++--+-+----",
)
"""Of each design; its other rows are this one turned, and a last one has nothing."""
SPARE: Final = 2
"""Trials more than effects, at least: their scatter gives the effects' intervals."""
MOST: Final = len(FIRST_ROWS[-1]) - SPARE
"""Factors of the largest design."""


def screening_design(factors: int) -> NDArray[np.bool_]:
    """Plackett and Burman's design in two levels (Biometrika 33:305, 1946).

    Each factor is on in half of the trials, and any two are on together in a quarter, so that the main effect
    of one is no part of another's. Where two factors work on each other, that is spread over the effects of
    the rest in 12, 20 and 24 trials; in 8 and 16 it may lie wholly on the effect of a third.

    Args:
        factors: 1 to :data:`MOST`.

    Returns:
        bool ``(T, factors)``, T the least of 4, 8, …, 24 that leaves :data:`SPARE` trials; the first has all
        off.
    """
    row = next(row for row in FIRST_ROWS if len(row) >= factors + SPARE)
    first = np.array([sign == "+" for sign in row])
    turned = [np.roll(first, number) for number in range(len(row))]
    return np.stack([np.zeros(len(row), bool), *turned])[:, :factors]
