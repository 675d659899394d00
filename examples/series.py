"""A DICOM series: every slice in its order in space, the volume, and the slice with most of the tumour.

python examples/series.py base scan out
"""

import sys
from pathlib import Path

import brainmtl
from brainmtl.errors import BrainmtlError
from brainmtl.imaging.mask import write_mask


def main(package: str, folder: str, out: str) -> None:
    model = brainmtl.load(package)
    slices = model.predict_scan(folder)
    for one in slices:
        told = one.reason if one.status != "ok" else one.class_name or "mask"
        print(f"slice {one.slice}: {told}, {one.mask_area_mm2 or 0} mm²")
    print(f"volume: {slices[0].volume_ml} ml")
    largest = max(slices, key=lambda one: one.mask_area_px or 0)
    if largest.mask_pixels is not None:
        write_mask(Path(out) / f"slice_{largest.slice:04}.png", largest.mask_pixels)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except BrainmtlError as error:
        sys.exit(f"error: {error}")
