"""What a deflated file would unpack to is known before it does, wherever in it the packed part lies."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from brainmtl.errors import InputError
from brainmtl.imaging.deflated import unpacked_bytes

LARGE = 64 * 2**20


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def element(group: int, number: int, kind: bytes, value: bytes) -> bytes:
    """Explicit little endian (PS3.5, 7.1.2)."""
    value += b"\0" * (len(value) % 2)
    long = kind in (b"OB", b"OW")
    length = struct.pack("<2xI" if long else "<H", len(value))
    return struct.pack("<HH", group, number) + kind + length + value


def bomb(preamble: bytes = b"\0" * 128 + b"DICM", decoy: bool = False) -> bytes:
    """A deflated slice of 64 MB in some 64 kB. The decoy: its group length leads to another, harmless one."""
    syntax = element(0x2, 0x10, b"UI", DeflatedExplicitVRLittleEndian.encode())
    harmless = deflated(b"\0" * 8)
    lured = element(0x2, 0x102, b"OB", harmless) if decoy else b""
    length = len(syntax) + (12 if decoy else 0)
    dataset = element(0x28, 0x10, b"US", b"\0\x20") + element(0x7FE0, 0x10, b"OW", b"\0" * LARGE)
    head = element(0x2, 0x0, b"UL", struct.pack("<I", length))
    return preamble + head + syntax + lured + deflated(dataset)


@pytest.mark.parametrize(
    "content", [bomb(), bomb(preamble=b""), bomb(decoy=True)], ids=["plain", "bare", "decoy"]
)
def test_a_bomb_is_known_without_the_memory_it_would_take(content: bytes, tmp_path: Path):
    path = tmp_path / "bomb.dcm"
    path.write_bytes(content)
    assert pydicom.dcmread(path, force=True).PixelData == b"\0" * LARGE  # pydicom does unpack it
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes") as caught:
            unpacked_bytes(path, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.where == path


def test_what_a_file_unpacks_to():
    path = Path(str(get_testdata_file("image_dfl.dcm", download=False)))
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = True, False
    dataset = pydicom.dcmread(path)
    write_dataset(written, dataset)
    size = len(written.getvalue())
    assert unpacked_bytes(path, size) == size
    with pytest.raises(InputError):
        unpacked_bytes(path, size - 1)


@pytest.mark.parametrize("cut", [0, 3, 200, 400, 3000])
def test_what_is_not_deflated_or_cut_off_unpacks_to_nothing(cut: int, tmp_path: Path):
    plain = Path(str(get_testdata_file("MR_small.dcm", download=False)))
    assert unpacked_bytes(plain, 10) == 0
    packed = Path(str(get_testdata_file("image_dfl.dcm", download=False))).read_bytes()
    (tmp_path / "a.dcm").write_bytes(packed[:cut])
    assert unpacked_bytes(tmp_path / "a.dcm", 1_000_000) == 0
