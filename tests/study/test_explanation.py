"""The pointing game, on maps whose answer is known; and a tiny run explained."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.splits import parts
from brainmtl.study.explanation import explain, pointing


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((10, 10), np.float32)
    mask[2:4, 3:8] = 1
    return mask


def test_a_map_on_the_tumour_has_all_its_weight_there(mask):
    assert pointing(mask * 3, mask) == {"energy": 1, "area": pytest.approx(0.1), "hit": 1}


def test_an_even_map_has_the_tumour_s_share_of_the_square(mask):
    found = pointing(np.ones((10, 10)), mask)
    assert found["energy"] == pytest.approx(found["area"])


def test_a_map_elsewhere_misses(mask):
    found = pointing(1 - mask, mask)
    assert (found["energy"], found["hit"]) == (0, 0)


def test_an_empty_map_points_nowhere(mask):
    assert pointing(np.zeros((10, 10)), mask) == {"energy": None, "area": pytest.approx(0.1), "hit": None}


@pytest.fixture(scope="module")
def explained(tiny_run, manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("explained") / "tiny"
    explain(tiny_run, manifest, out)
    return out


def test_every_tumour_slice_of_validation_has_a_row(explained, phantom):
    rows = pd.read_parquet(explained / "explanation.parquet")
    held = phantom[(parts(phantom) == "validation") & phantom["mask"].notna()]
    assert set(rows["id"]) == set(held["id"])
    assert rows["energy"].dropna().between(0, 1).all()
    assert rows["area"].between(0, 0.5).all()


def test_the_table_holds_the_means_of_the_rows(explained):
    rows = pd.read_parquet(explained / "explanation.parquet")
    found = json.loads((explained / "explanation.json").read_text())["by_class"]
    assert set(found) == {*rows["label"].unique(), "all"}
    assert found["all"]["area"]["value"] == pytest.approx(rows["area"].mean())
    for name, part in rows.groupby("label"):
        assert found[name]["area"]["value"] == pytest.approx(part["area"].mean())
        assert found[name]["energy"]["n"] == part["energy"].notna().sum()
    lines = (explained / "tables" / "explanation.csv").read_text().splitlines()
    assert len(lines) == 1 + len(found)


def test_the_sheet_can_be_opened(explained):
    assert Image.open(explained / "figures" / "explanation-panels.png").width > 200
