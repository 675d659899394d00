"""A decoder that crashes takes nothing with it."""

import os
import signal
import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

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
