"""A lookup is right where persons lie on both sides, and only there."""

import numpy as np
import pandas as pd

from brainmtl.audit.floors import measure_floors
from brainmtl.labels import CLASSES


def test_persons_on_both_sides_are_recognised_and_others_are_not():
    random = np.random.default_rng(2)
    person = np.repeat(np.arange(24), 3)
    faces = random.integers(0, 255, (24, 8, 8))[person] + random.integers(0, 20, (72, 8, 8))
    squares = np.zeros((72, 8, 8), bool)
    for row, one in enumerate(person):
        squares[row, one % 8, one // 8] = True
    table = pd.DataFrame(
        {
            "label": np.array(CLASSES)[random.permutation(24) % 4][person],
            "group": [f"p{one}" for one in person],
            "split": np.where(np.arange(72) % 3 == 2, "test", "train"),
        }
    )
    found = measure_floors(table, np.clip(faces, 0, 255).astype(np.uint8), squares)
    assert found["across"]["nearest_neighbour_accuracy"]["value"] == 1
    assert found["across"]["nearest_mask_dice"]["value"] == 1
    assert found["within"]["nearest_neighbour_accuracy"]["value"] < 0.7
    assert found["within"]["nearest_mask_dice"] == {"value": 0, "low": None, "high": None, "n": 48}


def test_one_group_has_no_floors():
    table = pd.DataFrame({"label": ["glioma"] * 3, "group": "p", "split": "train"})
    found = measure_floors(table, np.zeros((3, 8, 8), np.uint8), np.ones((3, 8, 8), bool))
    assert found == {"within": None, "across": None}
