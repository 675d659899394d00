"""What is shipped beside the code is what the scripts in tools/ make."""

import json
import runpy
from importlib.resources import files
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_published_results_are_those_of_the_yaml():
    rows = runpy.run_path(str(TOOLS / "serve_published.py"))["rows"]()
    shipped = json.loads((files("brainmtl.server") / "published.json").read_text(encoding="utf-8"))
    assert shipped == rows
    (unet,) = (row for row in shipped if row["system"] == "jalal2025-unet")
    assert unet["values"]["segmentation.dice"]["value"] == 0.8614  # its Table I


def same(drawn: np.ndarray, kept: np.ndarray) -> None:
    """Processors differ in the last bit, and a value between two grey levels then falls to either."""
    apart = np.abs(drawn.astype(int) - kept.astype(int))
    assert apart.max() <= 1
    assert np.mean(apart > 0) < 0.01


def test_the_examples_are_the_phantoms_that_are_drawn(tmp_path: Path):
    main = runpy.run_path(str(TOOLS / "serve_examples.py"))["main"]
    shipped = main.__globals__["FOLDER"]
    main.__globals__["FOLDER"] = tmp_path
    main()
    assert sorted(path.name for path in shipped.iterdir()) == sorted(path.name for path in tmp_path.iterdir())
    for path in tmp_path.glob("*.png"):
        same(np.asarray(Image.open(path)), np.asarray(Image.open(shipped / path.name)))
    drawn, kept = (nibabel.load(folder / "phantom_scan.nii.gz") for folder in (tmp_path, shipped))
    same(np.asarray(drawn.dataobj), np.asarray(kept.dataobj))
    assert np.array_equal(drawn.affine, kept.affine)
