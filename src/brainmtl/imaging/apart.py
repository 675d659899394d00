"""Decoding in a process of its own, for a decoder that damaged files can crash or hang."""

import atexit
import json
import subprocess
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError

LIMIT_S = 60.0
"""Seconds for a frame, after which its process is killed."""

_lock = threading.Lock()
_children: list[subprocess.Popen[bytes]] = []


def decode_apart(path: Path, index: int, plugin: str) -> NDArray[Any]:
    """Decode a frame in another process, which is kept for the next.

    Args:
        path: a DICOM file.
        index: of the frame, from 0.
        plugin: pydicom's name of the decoder.

    Returns:
        The stored pixels.

    Raises:
        InputError: the decoder refused the frame, crashed on it, or did not come to an end.
    """
    with _lock:
        child = _child()
        assert child.stdin is not None
        assert child.stdout is not None
        watchdog = threading.Timer(LIMIT_S, child.kill)
        watchdog.start()
        try:
            child.stdin.write(json.dumps([str(path.resolve()), index, plugin]).encode() + b"\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())
            raw = child.stdout.read(answer.get("bytes", 0))
        except (OSError, ValueError) as error:
            child.kill()
            child.wait()
            raise InputError(
                "its pixels crash the decoder", where=path, mend="export it uncompressed"
            ) from error
        finally:
            watchdog.cancel()
    if "error" in answer:
        raise InputError(
            f"its pixels cannot be decoded: {answer['error']}", where=path, mend="export it uncompressed"
        )
    return np.frombuffer(raw, answer["dtype"]).reshape(answer["shape"])


def main() -> None:
    """Answer requests, one a line, until there are no more."""
    from pydicom.pixels.utils import iter_pixels

    for line in sys.stdin.buffer:
        path, index, plugin = json.loads(line)
        try:
            found = Path(path).stat()
            dataset = _dataset(path, (found.st_ino, found.st_size, found.st_mtime_ns))
            (pixels,) = iter_pixels(dataset, indices=[index], decoding_plugin=plugin)
            raw = pixels.tobytes()
            if index + 1 >= int(dataset.get("NumberOfFrames") or 1):
                _dataset.cache_clear()  # what was read is not kept for longer than it is asked for
            answer = {"dtype": pixels.dtype.str, "shape": pixels.shape, "bytes": len(raw)}
        except Exception as error:  # decoders raise anything on broken bytes
            raw, answer = b"", {"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + raw)
        sys.stdout.buffer.flush()


@lru_cache(maxsize=1)
def _dataset(path: str, state: tuple[int, ...]) -> Any:
    """Read a file; again where its ``state`` has changed, which is another file's by then."""
    from pydicom import dcmread

    return dcmread(path, force=True)


def _child() -> subprocess.Popen[bytes]:
    while _children and _children[-1].poll() is not None:
        _children.pop()
    if not _children:
        command = [sys.executable, "-c", "from brainmtl.imaging.apart import main; main()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        _children.append(subprocess.Popen(command, start_new_session=True, **pipes))  # type: ignore[call-overload]
    return _children[-1]


@atexit.register
def _end() -> None:
    for child in _children:
        with suppress(OSError):
            child.kill()
            child.wait()
