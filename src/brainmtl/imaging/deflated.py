"""How far a deflated DICOM file unpacks, counted before it is unpacked."""

import zlib
from pathlib import Path
from typing import BinaryIO, cast

from pydicom.filereader import read_partial

from brainmtl.errors import InputError

PIECE = 1 << 20
"""Bytes in and out at once while it is counted."""


class Watched:
    """A file as pydicom reads it. It asks for all the rest where it is about to inflate it (PS3.5, A.5), and
    only there: how much that will be is counted first, in pieces. Where in the file it is, is pydicom's to
    say: an offset found by a reader of our own could be led astray.

    Args:
        file: open for reading.
        path: its name, for the message.
        most: bytes that it may unpack to.

    Attributes:
        unpacked: bytes that it unpacks to; 0 before pydicom has come there, and where nothing is deflated.
    """

    def __init__(self, file: BinaryIO, path: Path, most: int) -> None:
        self.path, self.most, self.unpacked = path, most, 0
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1, /) -> bytes:
        """Read.

        Raises:
            InputError: what is read would unpack to more than it may.
        """
        content = self._file.read(size)
        if size < 0:
            self._count(content)
        return content

    def _count(self, packed: bytes) -> None:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        for start in range(0, len(packed), PIECE):
            piece = packed[start : start + PIECE]
            while piece and not inflate.eof:
                self.unpacked += len(inflate.decompress(piece, PIECE))
                if self.unpacked > self.most:
                    raise InputError(
                        f"unpacks to more than {self.most:,} bytes",
                        where=self.path,
                        mend="split it, or export it uncompressed",
                    )
                piece = inflate.unconsumed_tail


def unpacked_bytes(path: Path, most: int) -> int:
    """Count what a deflated DICOM file unpacks to.

    Args:
        path: an existing file.
        most: bytes that it may unpack to.

    Returns:
        Bytes; 0 where it is not deflated, or where it cannot be read as far, and then never unpacks.

    Raises:
        InputError: more than it may.
    """
    with path.open("rb") as file:
        watched = Watched(file, path, most)
        try:
            read_partial(cast(BinaryIO, watched), stop_when=lambda *_: True, force=True)
        except InputError:
            raise
        except Exception:  # pydicom raises anything on broken bytes; reading the file tells of it
            return 0
    return watched.unpacked
