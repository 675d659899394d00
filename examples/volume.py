"""A NIfTI volume: the mask as another one, which lies over it in any viewer, and a table of its slices.

python examples/volume.py base head.nii.gz out
"""

import sys
from pathlib import Path

import nibabel
import numpy as np

import brainmtl
from brainmtl.errors import BrainmtlError
from brainmtl.inference.predict import predict_files


def main(package: str, file: str, out: str) -> None:
    model = brainmtl.load(package)
    rows = predict_files(model, [file], Path(out))  # what `brainmtl predict` writes: results.json, masks, …
    if rows[0].nifti is None:
        sys.exit(f"{file}: {rows[0].reason or 'the model has no mask'}")
    mask = nibabel.load(Path(out) / rows[0].nifti)
    voxel_ml = float(np.prod(mask.header.get_zooms()[:3])) / 1000
    print(f"{Path(out) / rows[0].nifti}: {mask.get_fdata().sum() * voxel_ml:.3f} ml")
    print(f"on slices {[row.slice for row in rows if row.mask_area_px]} of {len(rows)}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except BrainmtlError as error:
        sys.exit(f"error: {error}")
