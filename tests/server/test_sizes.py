"""A request is measured by what its files unpack to, before they do."""

import gzip
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.data import get_testdata_file

PACKED = Path(str(get_testdata_file("image_dfl.dcm", download=False))).read_bytes()


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """64×64×20 voxels of 2 bytes, all alike, and packed to next to nothing."""
    path = tmp_path_factory.mktemp("volume") / "a.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((64, 64, 20), np.int16), np.diag([1, 1, 4, 1])), path)
    return gzip.compress(path.read_bytes())


def test_packed_files_count_unpacked_and_together(client, volume):
    dicom = ("files", ("some.dcm", PACKED))
    scan = ("files", ("some.nii.gz", volume))
    unpacked = zlib.decompress(_packed_part(), -zlib.MAX_WBITS)
    one, other = len(unpacked), 352 + 64 * 64 * 20 * 2  # NIfTI-1's head
    assert len(PACKED) < one
    assert len(volume) < other
    for files, needed in (([dicom], one), ([scan], other), ([dicom, dicom, scan], 2 * one + other)):
        with client(max_bytes=needed) as api:
            assert api.post("/v1/predict", files=files).status_code == 200
        with client(max_bytes=needed - 1) as api:
            answer = api.post("/v1/predict", files=files)
            assert answer.status_code == 413
            assert "unpacks to more than" in answer.json()["error"]["what"]
            assert answer.json()["error"]["where"] == files[-1][1][0]


def _packed_part() -> bytes:
    """After the meta information, whose length stands in its first element (PS3.10, 7.1)."""
    length = int.from_bytes(PACKED[140:144], "little")
    return PACKED[144 + length :]
