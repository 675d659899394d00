"""A part is its rows of the manifest, as squares."""

from pathlib import Path

import numpy as np
import pytest

from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import InputError
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square
from brainmtl.training.part import open_part


@pytest.mark.parametrize(("side", "count"), [("train", 28), ("validation", 8)])
def test_each_slice_once_and_from_its_file(finished: Path, manifest: Path, tiny, side, count):
    part, table = open_part(finished, tiny(), side), read_manifest(manifest)
    seen = [
        (row, square) for rows, squares in part.batches() for row, square in zip(rows, squares, strict=True)
    ]
    assert len({row for row, _ in seen}) == len(seen) == count
    assert all(table["validation"].iloc[row] == (side == "validation") for row, _ in seen)
    for row, square in seen[:3]:
        pixels = read_picture(Path(table["image"].iloc[row])).pixels
        assert np.array_equal(square, to_square(pixels, 32)[None])


def test_another_manifest_is_refused(finished: Path, tiny, manifest: Path, tmp_path: Path, monkeypatch):
    table = read_manifest(manifest)
    table.loc[0, "label"] = "pituitary" if table["label"].iloc[0] != "pituitary" else "glioma"
    write_manifest(table, tmp_path / "other.parquet")
    monkeypatch.setattr("brainmtl.training.run.run_manifest", lambda _: tmp_path / "other.parquet")
    with pytest.raises(InputError, match="not the one this run was trained on"):
        open_part(finished, tiny(), "train")
