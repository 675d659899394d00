"""Slices drawn with outlines."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.picture import write_picture
from brainmtl.report.panels import View, close_window, draw_card, panel_sheet, read_view, whole_window
from brainmtl.report.picks import Pick
from brainmtl.report.style import PREDICTION, TRUTH, to_png


def disc(shape, row, column, radius):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def view(truth=None, predicted=None, shape=(64, 80)):
    return View(np.full(shape, 90, np.uint8), truth, predicted)


def near(image, colour):
    """How many pixels have a colour, compression apart."""
    return int((np.abs(image.astype(int) - np.array(to_rgb(colour)) * 255).max(axis=2) < 60).sum())


@given(
    st.tuples(st.integers(16, 90), st.integers(16, 90)),
    st.integers(0, 89),
    st.integers(0, 89),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_a_close_up_holds_the_masks_and_stays_on_the_square(shape, top, left, height, width):
    mask = np.zeros(shape, bool)
    mask[min(top, shape[0] - 1) : top + height, min(left, shape[1] - 1) : left + width] = True
    one = view(mask, shape=shape)
    x, y, side = close_window(one)
    rows, columns = np.nonzero(mask)
    assert x <= columns.min() - 0.5 + 1e-6
    assert x + side >= columns.max() + 0.5 - 1e-6
    assert y <= rows.min() - 0.5 + 1e-6
    assert y + side >= rows.max() + 0.5 - 1e-6
    left_edge, top_edge, whole = whole_window(one)
    assert left_edge - 1e-6 <= x <= left_edge + whole - side + 1e-6
    assert top_edge - 1e-6 <= y <= top_edge + whole - side + 1e-6


def test_no_mask_no_close_up():
    empty = np.zeros((64, 80), bool)
    assert close_window(view()) is None
    assert close_window(view(empty, empty)) is None


def test_outlines_are_drawn_in_their_colours():
    mask = disc((64, 80), 30, 40, 12)
    drawn = {
        name: np.asarray(Image.open(io.BytesIO(draw_card(one))).convert("RGB"))
        for name, one in {
            "none": view(),
            "truth": view(truth=mask),
            "predicted": view(predicted=mask),
        }.items()
    }
    assert all(image.shape == (320, 640, 3) for image in drawn.values())
    assert near(drawn["none"], TRUTH) == near(drawn["none"], PREDICTION) == 0
    assert near(drawn["truth"], TRUTH) > 200
    assert near(drawn["truth"], PREDICTION) == 0
    assert near(drawn["predicted"], PREDICTION) > 100
    assert near(drawn["predicted"], TRUTH) == 0


def test_a_close_up_is_centred_on_the_mask():
    image = np.asarray(
        Image.open(io.BytesIO(draw_card(view(truth=disc((64, 80), 30, 40, 10))))).convert("RGB")
    )
    blue = np.abs(image[:, 320:].astype(int) - np.array(to_rgb(TRUTH)) * 255).max(axis=2) < 60
    rows, columns = np.nonzero(blue)
    assert rows.mean() == pytest.approx(160, abs=6)
    assert columns.mean() == pytest.approx(160, abs=6)


def test_a_mask_that_touches_the_edge_is_outlined_there_too():
    image = np.asarray(
        Image.open(io.BytesIO(draw_card(view(truth=disc((64, 64), 0, 32, 14), shape=(64, 64))))).convert(
            "RGB"
        )
    )
    blue = np.abs(image[:, 320:].astype(int) - np.array(to_rgb(TRUTH)) * 255).max(axis=2) < 60
    assert blue[:40].any()


def test_the_sheet_has_a_place_for_every_pick():
    row = pd.Series({"id": "a", "label": "glioma", "predicted": None, "dice": 0.5, "predicted_px": 9})
    picks = [(Pick("best", row), view(truth=disc((64, 80), 30, 40, 8))), (Pick("worst", row), view())]
    figure = panel_sheet([picks, picks[:1]])
    texts = [text.get_text() for text in figure.texts]
    assert texts == [
        "best   glioma   Dice 0.500",
        "worst   glioma   Dice 0.500",
        "best   glioma   Dice 0.500",
    ]
    assert len(figure.axes) == 2 + 1 + 2
    assert Image.open(io.BytesIO(to_png(figure, dpi=100))).size == (1328, 776)


def test_views_read_files(tmp_path):
    mask = disc((20, 30), 10, 10, 4)
    write_picture(tmp_path / "slice.png", np.full((20, 30), 7, np.uint8))
    write_mask(tmp_path / "mask.png", mask)
    write_mask(tmp_path / "said" / "a.png", ~mask)
    row = pd.Series({"id": "a", "image": str(tmp_path / "slice.png"), "mask": str(tmp_path / "mask.png")})
    found = read_view(row, tmp_path / "said")
    assert (found.pixels == 7).all()
    assert (found.truth == mask).all()
    assert (found.predicted == ~mask).all()
    row["mask"] = None
    alone = read_view(row, tmp_path)
    assert alone.truth is None
    assert alone.predicted is None


@pytest.mark.parametrize("broken", ["image", "mask"])
def test_a_slice_that_is_gone_is_no_view(tmp_path, broken):
    write_picture(tmp_path / "slice.png", np.full((20, 30), 7, np.uint8))
    row = pd.Series({"id": "a", "image": str(tmp_path / "slice.png"), "mask": str(tmp_path / "slice.png")})
    assert read_view(row, tmp_path) is not None
    row[broken] = str(tmp_path / "gone.png")
    assert read_view(row, tmp_path) is None
