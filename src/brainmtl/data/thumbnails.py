"""Standard thumbnails: what a nearest neighbour, the most trivial of methods, looks at."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square
from brainmtl.imaging.threads import threads

SIDE = 32


def standard_thumbnails(images: "pd.Series[str]") -> NDArray[np.float32]:
    """Thumbnails of mean 0 and length 1, so that a dot product is a correlation.

    Args:
        images: paths.

    Returns:
        float32 ``(N, 32, 32)``; zeros for a blank picture.
    """

    def thumbnail(path: str) -> NDArray[np.uint8]:
        # As stored: the floors that were published here looked so.
        return to_square(read_picture(Path(path), as_stored=True).pixels, SIDE, "stretch")

    with threads() as pool:
        small = np.stack(list(pool.map(thumbnail, images))).astype(np.float32)
    small -= small.mean(axis=(1, 2), keepdims=True)
    length = np.linalg.norm(small, axis=(1, 2), keepdims=True)
    return np.asarray(small / np.maximum(length, 1e-6), np.float32)
