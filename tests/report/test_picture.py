"""The README's picture."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.report.picture import write_readme_picture
from brainmtl.report.style import PREDICTION


def test_four_slices_in_a_row(reported, tmp_path):
    write_readme_picture(reported, tmp_path / "row.png")
    with Image.open(tmp_path / "row.png") as picture:
        width, height = picture.size
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert width / height == pytest.approx((4 * 320 + 20) / 394, abs=0.01)
    orange = np.abs(pixels - np.array(to_rgb(PREDICTION)) * 255).max(axis=2) < 20
    quarters = [part.any() for part in np.array_split(orange, 4, axis=1)]
    assert quarters[:3] == [True, True, True]


@pytest.mark.parametrize("sources", [("brisc2025",), ("phantom", "brisc2025"), ()])
def test_slices_of_a_data_set_are_refused(make_run, tmp_path, sources):
    run = make_run(sources=sources, measured=("test",))
    with pytest.raises(InputError, match="phantoms alone"):
        write_readme_picture(run, tmp_path / "row.png")
    assert not (tmp_path / "row.png").exists()


def test_a_run_without_an_evaluation(make_run, tmp_path):
    with pytest.raises(InputError, match="not been evaluated"):
        write_readme_picture(make_run(measured=()), tmp_path / "row.png")
