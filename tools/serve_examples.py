"""Draw the phantoms that the page offers as examples: python tools/serve_examples.py"""

from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from brainmtl.data.phantom import Person, draw_slice
from brainmtl.data.phantom_head import draw_anatomy
from brainmtl.data.phantom_tumour import draw_tumour
from brainmtl.labels import CLASSES, HEALTHY, PLANES, ClassName

FOLDER = Path(__file__).parents[1] / "src/brainmtl/server/page/examples"
SIZE, DEPTH, STEP_MM, PIXEL_MM = 256, 9, 6.0, 0.8
SEEDS: dict[ClassName, int] = {"glioma": 11, "meningioma": 12, "pituitary": 13, "no_tumor": 14}


def main() -> None:
    """Write a picture of every class, and a small scan."""
    for number, label in enumerate(CLASSES):
        pixels, _ = draw_slice(_person(label, SEEDS[label]), PLANES[number % 3], 0.0, SEEDS[label], SIZE)
        Image.fromarray(pixels).save(FOLDER / f"phantom_{label}.png", optimize=True)
    person = _person("meningioma", 21)
    slices = [draw_slice(person, "axial", drift, 21, 160)[0] for drift in np.linspace(-1, 1, DEPTH)]
    volume = np.stack(slices, axis=2).transpose(1, 0, 2)[::-1, ::-1]
    scan = nibabel.Nifti1Image(volume, np.diag([PIXEL_MM, PIXEL_MM, STEP_MM, 1.0]))
    scan.header.set_xyzt_units("mm")
    nibabel.save(scan, FOLDER / "phantom_scan.nii.gz")


def _person(label: ClassName, seed: int) -> Person:
    look, growth = np.random.default_rng(seed).spawn(2)
    return Person(label, label, draw_anatomy(look), None if label == HEALTHY else draw_tumour(label, growth))


if __name__ == "__main__":
    main()
