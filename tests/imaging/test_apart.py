"""A decoder that crashes takes nothing with it."""

import os
import signal
import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_frames

from brainmtl.errors import InputError
from brainmtl.imaging import apart
from brainmtl.imaging.apart import decode_apart

FILE = Path(str(get_testdata_file("MR_small_jp2klossless.dcm", download=False)))
PLAIN = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False))).pixel_array


def test_the_same_pixels_from_one_process():
    for _ in range(3):
        assert (decode_apart(FILE, 0, "gdcm") == PLAIN).all()
    assert len(apart._children) == 1


@pytest.mark.parametrize("end", ["crash", "hang"])
def test_a_process_that_dies_is_told_and_the_next_frame_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end
):
    """It is held at a pipe that nobody writes to, and ended there."""
    decode_apart(FILE, 0, "gdcm")
    os.mkfifo(tmp_path / "never.dcm")
    monkeypatch.setattr(apart, "LIMIT_S", 60.0 if end == "crash" else 0.5)
    killer = threading.Timer(0.5, os.kill, (apart._children[-1].pid, signal.SIGSEGV))
    if end == "crash":
        killer.start()
    with pytest.raises(InputError, match="crash the decoder"):
        decode_apart(tmp_path / "never.dcm", 0, "gdcm")
    monkeypatch.setattr(apart, "LIMIT_S", 60.0)
    assert (decode_apart(FILE, 0, "gdcm") == PLAIN).all()


def test_a_file_that_has_taken_the_place_of_another_is_read(tmp_path: Path):
    twice = pydicom.dcmread(FILE)
    (frame,) = generate_frames(twice.PixelData, number_of_frames=1)
    twice.NumberOfFrames, twice.PixelData = 2, encapsulate([frame, frame])
    other = Path(str(get_testdata_file("693_J2KI.dcm", download=False)))
    path = tmp_path / "incoming.dcm"
    twice.save_as(path)
    assert (decode_apart(path, 0, "gdcm") == PLAIN).all()
    path.write_bytes(other.read_bytes())
    found, expected = decode_apart(path, 0, "gdcm"), decode_apart(other, 0, "gdcm")
    assert found.shape == expected.shape != PLAIN.shape
    assert (found == expected).all()


def test_a_refusal_says_why():
    with pytest.raises(InputError, match="cannot be decoded") as caught:
        decode_apart(FILE, 7, "gdcm")
    assert caught.value.where == FILE


def test_threads_take_turns():
    found = []
    threads = [threading.Thread(target=lambda: found.append(decode_apart(FILE, 0, "gdcm"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all((pixels == PLAIN).all() for pixels in found)
