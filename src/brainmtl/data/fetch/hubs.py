"""What a hub has of a data set: Zenodo, Figshare and GitHub, through their public interfaces."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from brainmtl.data.fetch.download import PATIENT, Patience, Remote, read_json
from brainmtl.errors import InputError

ZENODO = "https://zenodo.org/api"
FIGSHARE = "https://api.figshare.com/v2"
GITHUB = "https://api.github.com"


@dataclass(frozen=True)
class Release:
    """What there is to fetch.

    Attributes:
        files: with their sizes and MD5, where the hub publishes them.
        licence: what the hub says of it.
        blobs: Git's SHA-1 of every file inside the archive, by its path; empty where the hub is no Git host.
    """

    files: tuple[Remote, ...]
    licence: str | None = None
    blobs: Mapping[str, str] = field(default_factory=dict)


def zenodo_release(record: str, api: str = ZENODO, patience: Patience = PATIENT) -> Release:
    """Resolve a Zenodo record.

    Args:
        record: its number.
        api: the address of Zenodo's interface.
        patience: how long to bear with the connection.

    Raises:
        InputError: there is no such record, or the answer is not of the documented form.
        InterruptedRun: the connection keeps breaking.
    """
    url = f"{api}/records/{record}"
    answer = read_json(url, patience)
    with _documented(url):
        files = [
            Remote(_name(file["key"]), file["links"]["self"], int(file["size"]), _md5(file["checksum"]))
            for file in answer["files"]
        ]
        return Release(tuple(files), answer.get("metadata", {}).get("license", {}).get("id"))


def figshare_release(article: str, api: str = FIGSHARE, patience: Patience = PATIENT) -> Release:
    """Resolve a Figshare article.

    Args:
        article: its number.
        api: the address of Figshare's interface.
        patience: how long to bear with the connection.

    Raises:
        InputError: there is no such article, or the answer is not of the documented form.
        InterruptedRun: the connection keeps breaking.
    """
    url = f"{api}/articles/{article}"
    answer = read_json(url, patience)
    with _documented(url):
        files = [
            Remote(
                _name(file["name"]),
                file["download_url"],
                int(file["size"]),
                file.get("computed_md5") or file.get("supplied_md5") or None,
            )
            for file in answer["files"]
        ]
        return Release(tuple(files), answer.get("license", {}).get("name"))


def github_release(repository: str, api: str = GITHUB, patience: Patience = PATIENT) -> Release:
    """Resolve a GitHub repository to the archive of its newest commit and Git's hash of every file in it.

    Args:
        repository: ``owner/name``.
        api: the address of GitHub's interface.
        patience: how long to bear with the connection.

    Raises:
        InputError: there is no such repository, or the answer is not of the documented form.
        InterruptedRun: the connection keeps breaking.
    """
    url = f"{api}/repos/{repository}"
    about = read_json(url, patience)
    with _documented(url):
        commit = str(read_json(f"{url}/commits/{about['default_branch']}", patience)["sha"])
        tree = read_json(f"{url}/git/trees/{commit}?recursive=1", patience)
        if tree.get("truncated"):
            raise InputError("GitHub lists only some of the files", where=url, mend="clone it with Git")
        blobs = {entry["path"]: entry["sha"] for entry in tree["tree"] if entry["type"] == "blob"}
        archive = Remote(f"{commit}.zip", f"{url}/zipball/{commit}")
        return Release((archive,), (about.get("license") or {}).get("spdx_id"), blobs)


@contextmanager
def _documented(url: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = "the hub's answer is not of the form it documents"
        raise InputError(what, where=url, mend="download the set by hand") from error


def _name(key: str) -> str:
    if PurePosixPath(key).name != key or "\\" in key or key in ("", ".."):
        raise ValueError(key)
    return key


def _md5(checksum: str) -> str | None:
    kind, _, digits = checksum.partition(":")
    return digits if kind == "md5" else None
