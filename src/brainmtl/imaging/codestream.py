"""What size a compressed frame claims, read before a decoder takes memory for it."""

import struct

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""JPEG's SOF0–SOF15 (ITU-T T.81, table B.1) and JPEG-LS's SOF55 (ITU-T T.87)."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
SIZ = b"\xff\x4f\xff\x51"
"""The first two markers of every JPEG 2000 codestream (ITU-T T.800, annex A)."""


def claimed_size(frame: bytes) -> tuple[int, int, int] | None:
    """Read rows, columns and samples a pixel from the header of a JPEG, JPEG-LS or JPEG 2000 frame.

    Args:
        frame: the compressed bytes.

    Returns:
        ``(rows, columns, samples)``, or ``None`` where no header is found.
    """
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        start = frame.find(SIZ, 0, 4096)
        return None if start < 0 else _jpeg2000(frame[start + 4 :])
    except (struct.error, IndexError):
        return None


def _jpeg(frame: bytes) -> tuple[int, int, int] | None:
    place = 2
    while frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker in START_OF_FRAME:
            rows, columns, samples = struct.unpack_from(">HHB", frame, place + 5)
            return rows, columns, samples
        padding = marker == 0xFF
        length = 0 if padding or marker in STANDALONE else struct.unpack_from(">H", frame, place + 2)[0]
        place += 1 if padding else 2 + length
    return None


def _jpeg2000(header: bytes) -> tuple[int, int, int]:
    """SIZ: length, capabilities, far corner, near corner, four of tiles, components."""
    right, bottom, left, top = struct.unpack_from(">4I", header, 4)
    (samples,) = struct.unpack_from(">H", header, 36)
    return bottom - top, right - left, samples
