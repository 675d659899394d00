"""When a model had better not answer, and why."""

import numpy as np
from numpy.typing import NDArray

from brainmtl.inference.certainty import Certainty
from brainmtl.labels import ClassName

FLAT = 16
"""Grey levels, of 255, between which a blank slice's middle 98 % of pixels lie."""
MODALITY = "MR"
"""What the slices are that models learn from, in DICOM's words."""
COLOURED = 0.1
"""Share of coloured pixels from which on a picture is no slice: more than marks and letters on one."""


def why_not(
    pixels: NDArray[np.uint8],
    colour: float,
    modality: str | None,
    strangeness: float | None,
    probabilities: dict[ClassName, float] | None,
    certainty: Certainty | None,
) -> str | None:
    """Say why a slice should not be answered.

    Args:
        pixels: grey values, uint8 ``(H, W)``.
        colour: share of its pixels that are coloured, 0 to 1.
        modality: as DICOM states it; ``None`` where nobody does.
        strangeness: its outlier score, above 1 where it is stranger than what is familiar.
        probabilities: tempered.
        certainty: of the package.

    Returns:
        The first reason of: blank, coloured, of another modality, far from what the model knows, unsure;
        ``None`` to answer.
    """
    if is_blank(pixels):
        return "blank: there is nothing on the slice"
    if colour > COLOURED:
        return f"a colour picture, no MRI slice: {colour:.0%} of it is coloured"
    if modality not in (None, MODALITY):
        return f"modality {modality}: the model knows {MODALITY} only"
    if strangeness is not None and strangeness > 1:
        return (
            "unlike the slices the model knows, perhaps no brain MRI slice: "
            f"outlier score {strangeness:.2f}, above 1"
        )
    rule = None if certainty is None else certainty.abstention
    if rule is not None and probabilities is not None and max(probabilities.values()) < rule.least:
        return f"unsure of the class: probability {max(probabilities.values()):.3f}, below {rule.least:.3f}"
    return None


def is_blank(pixels: NDArray[np.uint8]) -> bool:
    """Whether all but two in a hundred pixels are of nearly one grey.

    Args:
        pixels: uint8 ``(H, W)``.
    """
    below = np.cumsum(np.bincount(pixels.ravel(), minlength=256)) / pixels.size
    low, high = np.searchsorted(below, (0.01, 0.99))
    return bool(high - low <= FLAT)
