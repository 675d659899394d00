"""On BRISC's official split a lookup of the nearest training slice scores what was measured before."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.thumbnails import standard_thumbnails
from brainmtl.evaluation.floors import floors
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.square import to_square

pytestmark = pytest.mark.real
SIDE = 128


def square_mask(path: str) -> np.ndarray:
    if pd.isna(path):
        return np.zeros((SIDE, SIDE), bool)
    return to_square(read_mask(Path(path)).astype(np.uint8) * 255, SIDE) > 127


def part(table: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        "thumbnails": standard_thumbnails(table["image"]),
        "labels": table["label"].to_numpy(dtype=object),
        "masks": np.stack([square_mask(path) for path in table["mask"]]),
    }


def test_the_floors_of_the_official_split(brisc: pd.DataFrame):
    found = floors(train=part(brisc[brisc["split"] == "train"]), test=part(brisc[brisc["split"] == "test"]))
    for name, value, n in (("nearest_neighbour_accuracy", 0.943, 1000), ("nearest_mask_dice", 0.677, 860)):
        assert (found[name]["value"], found[name]["n"]) == (pytest.approx(value, abs=0.01), n)
        assert found[name]["low"] < value < found[name]["high"]
