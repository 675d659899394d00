"""Masks drawn so that what is wrong with them is known."""

from pathlib import Path

import numpy as np
import pytest

from brainmtl.audit.masks import ISSUES, check_masks, summarise_masks
from brainmtl.errors import InputError


def drawn(*boxes: tuple[int, int, int, int], side: int = 64, level: int = 255, ground: int = 0) -> np.ndarray:
    mask = np.full((side, side), ground, np.uint8)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = level
    return mask


@pytest.fixture
def masks(make_table):
    ring = drawn((10, 30, 10, 30))
    ring[15:20, 15:20] = 0
    corner = drawn((0, 5, 0, 5), (5, 9, 5, 9))
    open_bay = drawn((10, 30, 10, 30))
    open_bay[15:20, 15:30] = 0
    cases = {
        "clean": drawn((10, 30, 10, 30)),
        "empty": drawn(),
        "grey": drawn((10, 30, 10, 30), level=250, ground=4),
        "four": drawn((0, 3, 0, 3), (10, 13, 0, 3), (20, 23, 0, 3), (30, 33, 0, 3)),
        "ring": ring,
        "corner": corner,
        "bay": open_bay,
        "large": drawn((10, 30, 10, 30), side=72),
        "speck": drawn((500, 504, 500, 504), side=512),
    }
    rows = [
        {"id": name, "mask": mask, "label": "glioma", "split": "test" if name == "ring" else "train"}
        | {"pixels": np.zeros((512, 512) if name == "speck" else (64, 64), np.uint8)}
        for name, mask in cases.items()
    ]
    rows += [{"id": "healthy", "label": "no_tumor"}, {"id": "unmasked", "label": "pituitary"}]
    return check_masks(make_table(rows))


def test_every_mask_has_what_was_drawn_and_nothing_else(masks):
    found = {row["id"]: {name for name in ISSUES if row[name]} for _, row in masks.checks.iterrows()}
    assert found == {
        "clean": set(),
        "empty": {"empty"},
        "grey": {"not_binary"},
        "four": {"many_lesions"},
        "ring": {"with_holes"},
        "corner": set(),
        "bay": set(),
        "large": {"other_size"},
        "speck": {"tiny"},
    }


def test_areas_pieces_and_holes_are_counted(masks):
    by_id = masks.checks.set_index("id")
    assert by_id["area_px"].to_dict() | {"large": 400} == {
        **{"clean": 400, "empty": 0, "grey": 400, "four": 36, "ring": 375, "corner": 41, "bay": 325},
        **{"large": 400, "speck": 16},
    }
    assert by_id["lesions"].to_dict() == dict.fromkeys(by_id.index, 1) | {"empty": 0, "four": 4}
    assert by_id["holes"].sum() == by_id["holes"]["ring"] == 1
    assert by_id["inflation"]["grey"] == pytest.approx(64 * 64 / 400)
    assert by_id["inflation"]["clean"] == 1


def test_the_summary_adds_up(masks):
    found = summarise_masks(masks)
    assert found["within"]["test"]["masks"] == 1
    assert found["within"]["train"]["masks"] == 8
    for issue in ISSUES:
        assert found["across"][issue] == sum(side[issue] for side in found["within"].values()) == 1
    assert found["across"]["values"] == [0, 4, 250, 255]
    assert found["across"]["unmasked_tumours"] == 1
    assert found["across"]["several_lesions_by_label"] == {"glioma": pytest.approx(1 / 9)}
    assert masks.values.sum() == 7 * 64**2 + 72**2 + 512**2


def test_squares_stand_in_the_order_of_the_manifest(make_table):
    mask = drawn((0, 32, 0, 64))
    table = make_table([{"label": "no_tumor"}, {"mask": mask, "pixels": np.zeros((64, 64), np.uint8)}])
    squares = check_masks(table).squares
    assert not squares[0].any()
    assert squares[1][:63].all()
    assert not squares[1][65:].any()


def test_a_set_without_masks_has_nothing_wrong(make_table):
    found = summarise_masks(check_masks(make_table([{"label": "no_tumor"}])))
    assert found["across"]["masks"] == 0
    assert found["across"]["smallest_px"] is None


def test_a_mask_that_is_gone_is_named(make_table):
    table = make_table([{"mask": drawn((0, 9, 0, 9), side=32)}])
    Path(table["mask"][0]).unlink()
    with pytest.raises(InputError, match="s0_mask"):
        check_masks(table)
