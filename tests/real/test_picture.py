"""BRISC's files as the picture reader sees them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.imaging.picture import read_picture

ORIENTATION = 0x0112

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def turned(brisc_root: Path) -> dict[Path, int]:
    """The files whose EXIF orientation asks for a turn."""
    found = {}
    for path in sorted(brisc_root.glob("classification_task/*/*/*.jpg")):
        with Image.open(path) as image:
            orientation = image.getexif().get(ORIENTATION, 1)
        if orientation != 1:
            found[path] = orientation
    return found


def test_only_healthy_slices_lie_on_their_side_or_head(turned: dict[Path, int]):
    kinds = Counter(
        (path.parent.name, path.stem.split("_")[4], orientation) for path, orientation in turned.items()
    )
    assert kinds == {("no_tumor", "co", 3): 309, ("no_tumor", "sa", 8): 363}


def test_they_are_read_upright_unless_asked(turned: dict[Path, int]):
    for path, orientation in list(turned.items())[::20]:
        stored = np.asarray(Image.open(path).convert("L"))
        assert (read_picture(path, as_stored=True).pixels == stored).all()
        upright = np.rot90(stored, 2 if orientation == 3 else 1)
        assert (read_picture(path).pixels == upright).all()


def test_the_manifest_tells_the_size_as_read(turned: dict[Path, int], brisc: pd.DataFrame):
    sizes = brisc.set_index("id")[["width", "height"]]
    for path in list(turned)[::20]:
        pixels = read_picture(path).pixels
        assert tuple(sizes.loc[path.stem]) == (pixels.shape[1], pixels.shape[0])


def test_stored_pixels_are_those_of_pillow(brisc_root: Path):
    for path in sorted(brisc_root.glob("classification_task/*/*/*.jpg"))[::40]:
        assert (read_picture(path, as_stored=True).pixels == np.asarray(Image.open(path).convert("L"))).all()
