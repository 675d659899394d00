"""How much of a picture is coloured: what a grey slice never is."""

import numpy as np
from PIL import Image

COLOURED, PATCHES = 24, 64
"""Grey levels between the channels of a coloured patch, and patches along a picture's shorter side."""


def colour_share(image: Image.Image) -> float:
    """The share of a picture's surface that is coloured, 0 to 1; by patches, for speed.

    Args:
        image: of any mode.
    """
    if image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I"):
        return 0.0
    colours = image if image.mode == "RGB" else image.convert("RGB")
    small = colours.reduce(max(1, min(image.size) // PATCHES))
    return float((np.ptp(np.asarray(small), axis=2) > COLOURED).mean())
