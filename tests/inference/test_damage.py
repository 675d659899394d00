"""Damaged files: an answer or a reason; no crash, no hang, no half file, no memory without end."""

import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from damage import DAMAGE, SCANS, TIMES, damaged, whole
from hypothesis import HealthCheck, example, given, settings
from PIL import Image

from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files

PICTURES = {"a.png": "PNG", "a.jpg": "JPEG", "a.tif": "TIFF", "a.webp": "WEBP", "a.bmp": "BMP"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def undamaged(folder: Path, name: str) -> bytes:
    if name not in PICTURES:
        return whole(folder, name)
    held, rows = io.BytesIO(), np.arange(48)[:, None]
    pixels = (rows * np.arange(56) % 256).astype(np.uint8)
    Image.fromarray(pixels).save(held, PICTURES[name])
    return held.getvalue()


@pytest.mark.parametrize("name", [*SCANS, *PICTURES])
@given(damage=DAMAGE)
@example(damage=([], 0.0))
@example(damage=([], 0.5))
@settings(
    max_examples=TIMES or 15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)  # fmt: skip
def test_an_answer_or_a_reason(package: ModelPackage, folder: Path, name, damage):
    path, out = folder / name, folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    path.write_bytes(damaged(undamaged(folder, name), damage))
    results = predict_files(package, [path], out, overlay=False)
    assert results
    for result in results:
        assert (result.status == "ok") == (result.reason is None)
        assert (result.status == "error") == (result.mask is None)
        assert all((out / file).stat().st_size for file in result.files())
    assert json.loads((out / "results.json").read_text()) == [result.row() for result in results]
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert written == {
        "results.json",
        "results.csv",
        *(file for result in results for file in result.files()),
    }


def claims(folder: Path) -> list[Path]:
    """Small files that claim a great deal."""
    small = whole(folder, "MR_small.dcm")
    made = {
        "rows.dcm": small.replace(
            b"\x28\x00\x10\x00US\x02\x00\x40\x00", b"\x28\x00\x10\x00US\x02\x00\xff\xff"
        ),
        "length.dcm": small.replace(
            b"\xe0\x7f\x10\x00OW\x00\x00\x00\x20\x00\x00", b"\xe0\x7f\x10\x00OW\x00\x00\xf0\xff\xff\xff"
        ),
        "element.dcm": small[:340] + b"\x10\x00\x20\x40UT\x00\x00\xf0\xff\xff\xff" + small[340:],
    }
    volume = bytearray(gzip.decompress(whole(folder, "a.nii.gz")))
    volume[42:48] = np.array([500, 500, 500], "<i2").tobytes()
    made["shape.nii"], made["shape.nii.gz"] = bytes(volume), gzip.compress(bytes(volume))
    for name, content in made.items():
        assert content != small
        (folder / name).write_bytes(content)
    return [folder / name for name in made]


def test_memory_is_not_taken_for_what_a_header_claims(folder: Path):
    """A process that may have 3 GB of addresses, most of them for libraries, reads them all."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from brainmtl.imaging import dicom_pixels, nifti, series; from brainmtl.errors import InputError\n"
        "now = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 700_000_000,) * 2)\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    try:\n"
        "        if '.nii' in path.name: nifti.read_nifti(path)\n"
        "        else:\n"
        "            volume, bad = series.read_stack(series.stack_frames(series_frames(path))[0])\n"
        "            if bad: raise next(iter(bad.values()))\n"
        "    except InputError as error: print(path.name)\n"
    ).replace("series_frames(path)", "__import__('brainmtl.imaging.dicom', fromlist=['x']).list_frames(path)")
    files = claims(folder)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused = [file.name for file in files if file.name != "length.dcm"]  # whose pixels are all there
    assert done.stdout.split() == refused
