"""Every corruption, in every severity, on a phantom."""

import numpy as np
import pytest

from brainmtl.study.corruptions import CORRUPTIONS, SEVERITIES, corrupt

NAMED = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def slice_(phantom):
    from pathlib import Path

    from brainmtl.imaging.mask import read_mask
    from brainmtl.imaging.picture import read_picture

    row = phantom[phantom["mask"].notna()].iloc[0]
    pixels = read_picture(Path(row["image"])).pixels
    return pixels, read_mask(Path(row["mask"]), pixels.shape)


@NAMED
def test_it_stays_a_slice_with_its_mask_and_is_alike_each_time(corruption, slice_):
    pixels, mask = slice_
    assert len(corruption.levels) == SEVERITIES
    for severity in (1, SEVERITIES):
        changed, moved = corrupt(corruption, severity, pixels, mask, "a-slice")
        assert (changed.dtype, moved.dtype) == (np.uint8, bool)
        assert changed.shape == moved.shape
        again, _ = corrupt(corruption, severity, pixels, mask, "a-slice")
        np.testing.assert_array_equal(changed, again)
        assert corruption.moves or moved is mask


@NAMED
def test_the_severest_is_farther_from_the_slice_than_the_mildest(corruption, slice_):
    pixels, mask = slice_

    def lost(severity: int) -> float:
        changed, _ = corrupt(corruption, severity, pixels, mask, "a-slice")
        if changed.shape != pixels.shape:
            return float(pixels.size - changed.size)
        return float(np.abs(changed.astype(float) - pixels).mean())

    assert lost(SEVERITIES) > lost(1)


@pytest.mark.parametrize("name", ["rotation", "cropping", "small-picture"])
def test_a_mask_moves_with_its_slice(name, slice_):
    """A slice that shows nothing but its mask still shows it afterwards."""
    (corruption,) = (one for one in CORRUPTIONS if one.name == name)
    _, mask = slice_
    drawn = mask.astype(np.uint8) * 255
    for severity in range(1, SEVERITIES + 1):
        changed, moved = corrupt(corruption, severity, drawn, mask, "a-slice")
        np.testing.assert_array_equal(changed > 127, moved)


def test_slices_differ_in_their_chance(slice_):
    (rotation,) = (one for one in CORRUPTIONS if one.name == "rotation")
    pixels, mask = slice_
    turned = {corrupt(rotation, 5, pixels, mask, str(n))[0].tobytes() for n in range(10)}
    assert len(turned) == 2
