"""The three public data sets: where they are, under which licence, and how to have one as a folder."""

import hashlib
import importlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainmtl.data.fetch.download import PATIENT, Patience, download
from brainmtl.data.fetch.hubs import (
    FIGSHARE,
    GITHUB,
    ZENODO,
    Release,
    figshare_release,
    github_release,
    zenodo_release,
)
from brainmtl.data.fetch.unpack import is_archive, unpack
from brainmtl.data.folder import whole_folder
from brainmtl.errors import InputError, UsageError
from brainmtl.imaging.picture import SUFFIXES

NOTE = ".fetched.json"
MEND = "choose a folder you may write to, on a disk with room"


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Attributes:
        title: its name, and whom to cite.
        licence: what its authors publish it under.
        address: its number on the hub.
        hub: the hub's interface.
        resolve: asks the hub what there is, given the number, the hub and a patience.
        kaggle: its handle on Kaggle.
    """

    title: str
    licence: str
    address: str
    hub: str
    resolve: Callable[[str, str, Patience], Release]
    kaggle: str | None = None


SETS = {
    "brisc": PublicSet(
        "BRISC 2025 (Fateh et al., Scientific Data 13:361, 2026; doi 10.5281/zenodo.17524350)",
        "CC BY 4.0",
        "17524350",
        ZENODO,
        zenodo_release,
        "briscdataset/brisc2025",
    ),
    "figshare": PublicSet(
        "Brain tumor dataset (Cheng 2017; doi 10.6084/m9.figshare.1512427)",
        "CC BY 4.0",
        "1512427",
        FIGSHARE,
        figshare_release,
    ),
    "sartaj": PublicSet(
        "Brain tumor classification (Bhuvaji et al. 2020; "
        "github.com/sartajbhuvaji/brain-tumor-classification-dataset)",
        "MIT",
        "sartajbhuvaji/brain-tumor-classification-dataset",
        GITHUB,
        github_release,
    ),
}


def fetch(
    name: str,
    folder: Path,
    *,
    hub: str | None = None,
    progress: Callable[[int, int | None], None] = lambda have, size: None,
    patience: Patience = PATIENT,
) -> Release | None:
    """Download a public data set, check it and unpack it.

    What has come is kept beside the folder until all of it has, so that a later call resumes. The folder then
    appears whole, with a note of where it comes from.

    Args:
        name: a key of :data:`SETS`.
        folder: where to; it must not exist, unless this has made it.
        hub: another address of the hub's interface, e.g. a mirror.
        progress: called with the bytes that are there, and with the bytes in all where the hub says it.
        patience: how long to bear with the connection.

    Returns:
        What the hub has of it; ``None`` where the folder was there already.

    Raises:
        InputError: the folder holds something else, the hub refuses, or what it sends is wrong or too much.
        InterruptedRun: the connection keeps breaking; run it again to resume.
    """
    if is_fetched(name, folder):
        return None
    public = SETS[name]
    release = public.resolve(public.address, hub or public.hub, patience)
    if not release.files:
        raise InputError("the hub lists no file", where=hub or public.hub, mend="download the set by hand")
    waiting = folder.with_name(f".{folder.name}.download")
    _download_all(release, waiting, progress, patience)
    with whole_folder(folder, MEND) as temporary:
        for remote in release.files:
            _place(waiting / remote.name, temporary)
        _check_blobs(release, temporary, waiting)
        note = {"set": name, "licence": public.licence, "cite": public.title, "files": _files(release)}
        (temporary / NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")
    shutil.rmtree(waiting)
    return release


def fetch_from_kaggle(name: str, folder: Path) -> None:
    """Download a public data set with kagglehub, which has its own account, cache and progress bar.

    Args:
        name: a key of :data:`SETS`.
        folder: where to; it must not exist.

    Raises:
        UsageError: kagglehub is not installed, or the set is not on Kaggle.
        InputError: the folder holds something, Kaggle refuses, or the folder cannot be written.
    """
    handle = SETS[name].kaggle
    if handle is None:
        raise UsageError(f"{name} is not fetched from Kaggle", mend="leave out --kaggle")
    if is_fetched(name, folder):
        return
    try:
        kagglehub = importlib.import_module("kagglehub")
    except ModuleNotFoundError as error:
        raise UsageError("kagglehub is not installed", mend="pip install kagglehub") from error
    try:
        found = Path(kagglehub.dataset_download(handle))
    except Exception as error:  # it raises what its many layers raise
        raise InputError(f"Kaggle refuses: {error}", where=handle, mend="leave out --kaggle") from error
    with whole_folder(folder, MEND) as temporary:
        shutil.copytree(found, temporary, dirs_exist_ok=True)
        note = {"set": name, "licence": SETS[name].licence, "cite": SETS[name].title, "kaggle": handle}
        (temporary / NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")


def is_fetched(name: str, folder: Path) -> bool:
    """Whether a folder holds a data set that was fetched.

    Args:
        name: a key of :data:`SETS`.
        folder: any path.

    Raises:
        InputError: it holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        if json.loads((folder / NOTE).read_text(encoding="utf-8"))["set"] == name:
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError("holds something else", where=folder, mend="name a folder that does not exist")


def _download_all(
    release: Release, waiting: Path, progress: Callable[[int, int | None], None], patience: Patience
) -> None:
    sizes = [remote.size for remote in release.files]
    whole = None if None in sizes else sum(size or 0 for size in sizes)
    before = 0
    for remote in release.files:
        path = waiting / remote.name
        download(remote, path, lambda have, before=before: progress(before + have, whole), patience)  # type: ignore[misc]
        before += path.stat().st_size
        progress(before, whole)


def _place(file: Path, folder: Path) -> None:
    if is_archive(file):
        unpack(file, folder)
    else:
        shutil.copy2(file, folder / file.name)


def _check_blobs(release: Release, folder: Path, waiting: Path) -> None:
    """Hold the pictures of a GitHub archive, which lie below its one folder, to Git's hashes."""
    top = next((path for path in folder.iterdir() if path.is_dir()), folder)
    pictures = (name for name in release.blobs if Path(name).suffix.lower() in SUFFIXES)
    for name in pictures:
        path, expected = top / name, release.blobs[name]
        if not path.is_file() or _git_sha1(path.read_bytes()) != expected:
            shutil.rmtree(waiting)
            raise InputError(
                "is missing or differs from Git's hash of it",
                where=name,
                mend="run it again to fetch it anew",
            )


def _git_sha1(content: bytes) -> str:
    """Git's name of a file's content: SHA-1 of ``blob <size>``, a zero byte, and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _files(release: Release) -> list[dict[str, Any]]:
    return [{"name": file.name, "url": file.url, "md5": file.md5} for file in release.files]
