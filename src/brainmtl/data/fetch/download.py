"""One file over HTTP: resumed where it stopped, and checked."""

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainmtl.errors import InputError, InterruptedRun

CHUNK = 1 << 20
AGENT = "brainmtl (research software)"
FAULTS = (OSError, http.client.HTTPException)
"""What a connection raises that breaks, stalls or is refused."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers that may be others the next time (RFC 9110, RFC 6585)."""
RANGE_NOT_SATISFIABLE = 416
LARGEST_ANSWER = 64 << 20
"""Bytes of JSON that a hub may answer."""


@dataclass(frozen=True)
class Remote:
    """A file on a hub.

    Attributes:
        name: a file name without folders.
        url: where it is.
        size: in bytes, where the hub says it.
        md5: 32 hexadecimal digits, where the hub publishes them.
    """

    name: str
    url: str
    size: int | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Patience:
    """How long to bear with a connection.

    Attributes:
        tries: attempts in a row that bring nothing before giving up.
        timeout: seconds of silence after which an attempt is over.
        wait: what passes the seconds between two attempts.
    """

    tries: int = 5
    timeout: float = 30.0
    wait: Callable[[float], None] = time.sleep


PATIENT = Patience()


class _Broken(Exception):
    """An attempt that ended early; what is there may be resumed."""


def download(
    remote: Remote,
    path: Path,
    progress: Callable[[int], None] = lambda have: None,
    patience: Patience = PATIENT,
) -> None:
    """Download a file to ``path``, by way of ``path.part``, which a later call resumes.

    Args:
        remote: what to download.
        path: where to; a file that is there with the right MD5 is left as it is.
        progress: called with the bytes that are there.
        patience: how long to bear with the connection.

    Raises:
        InputError: the hub refuses it for good, its bytes are not those of its MD5 even when fetched anew, or
            the disk is full.
        InterruptedRun: the connection keeps breaking; what has come is kept.
    """
    if path.exists() and (remote.md5 is None or _md5(path) == remote.md5):
        return
    part = path.with_name(f"{path.name}.part")
    for anew in (False, True):
        _persist(remote, part, progress, patience)
        if remote.md5 is None or _md5(part) == remote.md5:
            part.replace(path)
            return
        part.unlink()
        if anew:
            raise InputError(
                "differs from its published MD5, twice",
                where=remote.url,
                mend="try later or report it to the hub",
            )


def read_json(url: str, patience: Patience = PATIENT) -> Any:
    """Ask a hub something.

    Args:
        url: what answers with JSON.
        patience: how long to bear with the connection.

    Raises:
        InputError: it refuses for good, or what it answers is not JSON.
        InterruptedRun: the connection keeps breaking.
    """
    for attempt in range(patience.tries):
        try:
            with closing(_open(url, 0, patience.timeout)) as answer:
                length = answer.length or 0
                text = answer.read(LARGEST_ANSWER)
            if len(text) < length:
                raise _Broken("the connection ended early")
            return json.loads(text)
        except _Broken as error:
            reason = str(error)
        except FAULTS as error:
            reason = _say(error)
        except ValueError as error:
            raise InputError("the hub's answer is not JSON", where=url, mend="try later") from error
        patience.wait(min(2.0**attempt, 30.0))
    raise InterruptedRun(f"no answer: {reason}", where=url, mend="check the connection and run it again")


def _persist(remote: Remote, part: Path, progress: Callable[[int], None], patience: Patience) -> None:
    idle = 0
    while True:
        before = _size(part)
        try:
            _attempt(remote, part, progress, patience.timeout)
            return
        except (_Broken, *FAULTS) as error:
            idle = 0 if _size(part) > before else idle + 1
            if idle >= patience.tries:
                raise InterruptedRun(
                    f"{_say(error)}; {_size(part)} of {remote.size or 'unknown'} bytes are here",
                    where=remote.url,
                    mend="run it again to resume",
                ) from error
        patience.wait(min(2.0**idle, 30.0))


def _attempt(remote: Remote, part: Path, progress: Callable[[int], None], timeout: float) -> None:
    """Fetch what is missing, or all of it where the server gives no ranges."""
    have = _size(part)
    if remote.size is not None and have > remote.size:
        part.unlink()
        have = 0
    if have and have == remote.size:
        return
    with closing(_open(remote.url, have, timeout)) as answer:
        if answer.status == RANGE_NOT_SATISFIABLE:
            part.unlink()
            raise _Broken("the server has less than is here")
        start = have if _continues(answer, have) else 0
        whole = remote.size or (None if answer.length is None else start + answer.length)
        have = _pour(answer, part, start, progress)
    if whole is not None and have != whole:
        raise _Broken("the connection ended early")


def _open(url: str, start: int, timeout: float) -> http.client.HTTPResponse | Any:
    if not url.startswith(("https://", "http://")):
        raise InputError("not a web address", where=url, mend="report it to the hub")
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE and start:
            return error
        error.close()
        if error.code in PASSING:
            raise _Broken(f"the server answers {error.code}") from error
        raise InputError(
            f"the server answers {error.code} {error.reason}",
            where=url,
            mend="check the address, or try later",
        ) from error


def _continues(answer: Any, have: int) -> bool:
    if not have or answer.status != http.client.PARTIAL_CONTENT:
        return False
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _pour(answer: Any, part: Path, start: int, progress: Callable[[int], None]) -> int:
    with _opened(part, start) as file:
        file.truncate(start)
        file.seek(start)
        have = start
        while chunk := answer.read1(CHUNK):
            try:
                file.write(chunk)
            except OSError as error:
                raise _full(part, error) from error
            have += len(chunk)
            progress(have)
    return have


def _opened(part: Path, start: int) -> Any:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("r+b" if start else "wb", buffering=0)
    except OSError as error:
        raise _full(part, error) from error


def _full(part: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror}",
        where=part,
        mend="choose a folder you may write to, on a disk with room",
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _say(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the server has fallen silent"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason) or type(error).__name__
