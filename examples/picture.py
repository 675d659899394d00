"""One picture: what the model says of it, its mask and its overlay.

python examples/picture.py base slice.jpg out
"""

import sys
from pathlib import Path

import brainmtl
from brainmtl.errors import BrainmtlError
from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.overlay import draw_overlay
from brainmtl.imaging.picture import read_picture, write_picture


def main(package: str, file: str, out: str) -> None:
    model = brainmtl.load(package)
    result = model.predict(file)
    if result.status == "abstained":
        print(f"no answer: {result.reason}")
    if result.probabilities is not None:
        for name, chance in result.probabilities.items():
            print(f"{name:12} {chance:.3f}")
    if result.mask_pixels is not None:
        length = f", {result.longest_diameter_px} px long" if result.mask_area_px else ""
        print(f"tumour on {result.mask_area_px} px{length}")
        write_mask(Path(out) / "mask.png", result.mask_pixels)
        pixels = read_picture(Path(file)).pixels
        write_picture(Path(out) / "overlay.png", draw_overlay(pixels, result.mask_pixels))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except BrainmtlError as error:
        sys.exit(f"error: {error}")
