"""BRISC at 192² is small enough to send, and stays what it is."""

import pytest

from brainmtl.data.manifest import read_manifest, summary
from brainmtl.data.pack import pack

pytestmark = pytest.mark.real


def test_brisc_at_192_is_within_35_megabytes(brisc, tmp_path):
    record = pack(brisc, tmp_path / "brisc-192", 192)
    print(record)
    assert record["bytes"] <= 35_000_000
    assert record["loss"]["grey_error"] < 1.5
    assert record["loss"]["mask_dice"] == 1
    assert record["loss"]["mask_dice_native"] > 0.97
    assert summary(read_manifest(tmp_path / "brisc-192" / "manifest.parquet")) == summary(brisc)
