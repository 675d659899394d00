"""Which files an archive consists of: folders, patterns, and addresses that fsspec knows."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fsspec
from fsspec.implementations.local import LocalFileSystem

from brainmtl.errors import InputError
from brainmtl.imaging.kind import kind_of, named_kind

PARQUET = (".parquet", ".pq")
TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
STATE = ("size", "mtime", "created", "ETag", "etag", "LastModified", "last_modified", "updated")
"""What file systems tell of a file that changes with its content."""
MEND = "name files, folders, patterns, or addresses such as s3://bucket/folder"


class Listed(NamedTuple):
    """A file of an archive.

    Attributes:
        uri: an absolute path, or an address.
        state: its size and when it changed, as text; empty where there is no such file.
    """

    uri: str
    state: str


def file_system(uri: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the address as it is called there.

    Args:
        uri: a path, or an address.

    Raises:
        InputError: of a kind that is not known, or whose package is not installed.
    """
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise InputError(f"cannot be reached: {error}", where=uri, mend=MEND) from error
    return found


def is_local(uri: str) -> bool:
    """Whether it is a path of this machine."""
    return "://" not in uri


def list_files(named: Iterable[str], written: Path | None = None) -> list[Listed]:
    """List the files of an archive, each once, in order.

    Args:
        named: files; folders, whose shards (Parquet, tar) and slices are taken with those of their
            subfolders, sorted, hidden ones left out, and so are links that lead out of the folder; patterns;
            any of these as addresses. What leads to nothing is kept, so that reading it says so.
        written: a folder whose files are no input.

    Raises:
        InputError: an address cannot be reached.
    """
    found: dict[str, Listed] = {}
    for one in named:
        for listed in _local(_path(one), written) if is_local(one) or one.startswith("file:") else _far(one):
            found.setdefault(listed.uri, listed)
    return list(found.values())


def _path(named: str) -> Path:
    return Path(LocalFileSystem._strip_protocol(named)).absolute()


def _local(path: Path, written: Path | None) -> Iterator[Listed]:
    matches = [path] if path.exists() else sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
    for match in matches or [path]:
        for file in _inside(match, written) if match.is_dir() else [match]:
            yield Listed(str(file), _local_state(file))


def _inside(folder: Path, written: Path | None) -> Iterator[Path]:
    whole = folder.resolve()
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and here / name != written)
        for name in sorted(files):
            file = here / name
            out = file.is_symlink() and whole not in file.resolve().parents
            if not name.startswith(".") and not out and (_is_shard(name) or kind_of(file) is not None):
                yield file


def _local_state(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def _far(named: str) -> Iterator[Listed]:
    system, path = file_system(named)
    try:
        found = _far_files(system, path)
    except Exception as error:  # each file system has errors of its own
        raise InputError(f"cannot be listed: {error}", where=named, mend=MEND) from error
    if not found:
        yield Listed(named, "")
    for name, told in sorted(found.items()):
        state = " ".join(str(told[key]) for key in STATE if told.get(key) is not None)
        yield Listed(system.unstrip_protocol(name), state)


def _far_files(system: Any, path: str) -> dict[str, dict[str, Any]]:
    if glob.has_magic(path):
        return {name: told for name, told in system.glob(path, detail=True).items() if told["type"] == "file"}
    if not system.exists(path):
        return {}
    told = system.info(path)
    if told["type"] == "file":
        return {path: told}
    inside = system.find(path, detail=True)
    return {name: told for name, told in inside.items() if _wanted(name.removeprefix(path))}


def _wanted(name: str) -> bool:
    """By its name alone: looking into far files costs a request each."""
    hidden = any(part.startswith(".") for part in name.split("/"))
    return not hidden and (_is_shard(name) or named_kind(name) is not None)


def _is_shard(name: str) -> bool:
    return name.lower().endswith((*PARQUET, *TAR))
