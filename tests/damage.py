"""Damage to files: bytes spoilt, and the end cut off.

``BRAINMTL_DAMAGE=5000`` tries that many damages of each file instead of a few. A failing one is printed, with
what makes it again, and kept in Hypothesis's data base.
"""

import os
from pathlib import Path

import nibabel
import numpy as np
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

TIMES = int(os.environ.get("BRAINMTL_DAMAGE", "0"))
VOLUMES = ("a.nii", "a.nii.gz")
SCANS = (
    "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_bigendian.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_rle_2frame.dcm", "image_dfl.dcm", *VOLUMES,
)  # fmt: skip
"""DICOM of pydicom's own, and NIfTI of ours."""
PLACES = st.one_of(st.floats(0, 1, exclude_max=True), st.integers(0, 3000))
"""A share of the file, or a byte near its start, where headers lie."""
DAMAGE = st.tuples(
    st.lists(
        st.tuples(PLACES, st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255)), max_size=12
    ),
    st.none() | st.floats(0, 1),
)


def whole(folder: Path, name: str) -> bytes:
    """A file before it is damaged; NIfTI is made in the folder."""
    if name not in VOLUMES:
        return Path(str(get_testdata_file(name, download=False))).read_bytes()
    path = folder / f"whole_{name}"
    if not path.exists():
        voxels = np.random.default_rng(0).integers(0, 999, (20, 24, 6)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1, 1, 4, 1])), path)
    return path.read_bytes()


def damaged(content: bytes, damage) -> bytes:
    """What a draw of :data:`DAMAGE` leaves of a file."""
    bytes_, cut = damage
    spoilt = bytearray(content)
    for place, value in bytes_:
        at = int(place * len(spoilt)) if isinstance(place, float) else place
        spoilt[min(at, len(spoilt) - 1)] = value
    return bytes(spoilt if cut is None else spoilt[: int(cut * len(spoilt))])
