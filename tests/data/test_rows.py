"""What a manifest says of files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainmtl.data.rows import every_row, file_cells
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256


def test_cells_say_what_the_files_are(tmp_path: Path):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "m.png", compress_level=0)
    cells = file_cells(tmp_path / "a.png", tmp_path / "m.png")
    assert (cells["width"], cells["height"]) == (30, 20)
    assert cells["sha256"] == file_sha256(tmp_path / "a.png")
    assert cells["mask_sha256"] == file_sha256(tmp_path / "m.png") != cells["sha256"]
    assert file_cells(tmp_path / "a.png")["mask"] is file_cells(tmp_path / "a.png")["mask_sha256"] is None


def test_a_mask_of_another_size_is_named(tmp_path: Path):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(InputError, match="mask is 20×30, its slice 30×20") as caught:
        file_cells(tmp_path / "a.png", tmp_path / "m.png")
    assert (caught.value.where, caught.value.field) == (tmp_path / "m.png", "mask")


def test_rows_come_in_order_and_are_counted():
    seen = []
    rows = every_row(lambda number: {"n": number}, range(50), lambda *now: seen.append(now))
    assert [row["n"] for row in rows] == list(range(50))
    assert seen == [(done, 50) for done in range(1, 51)]
