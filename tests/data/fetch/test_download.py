"""Downloads that break, stall, lie and go on, against a real server."""

import hashlib
import random
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from brainmtl.data.fetch.download import Remote, download, read_json
from brainmtl.errors import InputError, InterruptedRun

from .conftest import HASTY, Site, cut, move, of_unknown_length, refuse, whole

CONTENT = random.Random(0).randbytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


def _remote(url: str, size: int | None = len(CONTENT), md5: str | None = MD5) -> Remote:
    return Remote("file.zip", url, size, md5)


def _fetch(remote: Remote, path: Path) -> list[int]:
    seen: list[int] = []
    download(remote, path, seen.append, HASTY)
    return seen


@pytest.mark.parametrize("known", [True, False])
def test_it_comes_whole(site: Site, tmp_path: Path, known: bool):
    remote = _remote(site.put("/f", whole(CONTENT)), *(() if known else (None, None)))
    seen = _fetch(remote, tmp_path / "deep" / "file.zip")
    assert (tmp_path / "deep" / "file.zip").read_bytes() == CONTENT
    assert seen[-1] == len(CONTENT)
    assert seen == sorted(seen)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.zip"]


@pytest.mark.parametrize("known", [True, False])
def test_a_cut_connection_goes_on_where_it_was(site: Site, tmp_path: Path, known: bool):
    url = site.put("/f", cut(CONTENT, 100_000), cut(CONTENT, 150_000), whole(CONTENT))
    _fetch(_remote(url, *(() if known else (None, None))), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [None, "bytes=100000-", "bytes=250000-"]


def test_a_silent_server_is_left_and_asked_again(site: Site, tmp_path: Path):
    url = site.put("/f", site.stall(CONTENT, 70_000), whole(CONTENT))
    download(_remote(url), tmp_path / "file.zip", patience=replace(HASTY, timeout=0.5))
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked[1] == ("/f", "bytes=70000-")


@pytest.mark.parametrize("last", [whole(CONTENT, ranges=False), of_unknown_length(CONTENT)])
def test_a_server_that_refuses_ranges_sends_it_all_again(site: Site, tmp_path: Path, last):
    url = site.put("/f", cut(CONTENT, 100_000, ranges=False), last)
    _fetch(_remote(url), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked[1] == ("/f", "bytes=100000-")


def test_wrong_bytes_are_fetched_anew_once(site: Site, tmp_path: Path):
    wrong = bytes(len(CONTENT))
    url = site.put("/f", whole(wrong), whole(CONTENT))
    _fetch(_remote(url), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    site.put("/f", whole(wrong))
    with pytest.raises(InputError, match="MD5") as caught:
        _fetch(_remote(url), tmp_path / "other.zip")
    assert caught.value.where == url
    assert [path.name for path in tmp_path.iterdir()] == ["file.zip"]


def test_what_is_too_long_is_not_taken(site: Site, tmp_path: Path):
    (tmp_path / "file.zip.part").write_bytes(CONTENT + b"more")
    _fetch(_remote(site.put("/f", whole(CONTENT))), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    (tmp_path / "other.zip.part").write_bytes(CONTENT + b"more")
    _fetch(_remote(site.put("/f", whole(CONTENT)), None), tmp_path / "other.zip")
    assert (tmp_path / "other.zip").read_bytes() == CONTENT


def test_a_later_call_resumes(site: Site, tmp_path: Path):
    url = site.put("/f", cut(CONTENT, 100_000), refuse(503))
    with pytest.raises(InterruptedRun, match="503; 100000 of 300000 bytes") as caught:
        _fetch(_remote(url), tmp_path / "file.zip")
    assert caught.value.exit_code == 4
    assert not (tmp_path / "file.zip").exists()
    site.put("/f", whole(CONTENT))
    site.asked.clear()
    _fetch(_remote(url), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked == [("/f", "bytes=100000-")]


def test_what_is_there_is_not_fetched_again(site: Site, tmp_path: Path):
    url = site.put("/f", whole(CONTENT))
    for _ in range(2):
        _fetch(_remote(url), tmp_path / "file.zip")
    assert len(site.asked) == 1
    (tmp_path / "file.zip").write_bytes(b"spoilt")
    _fetch(_remote(url), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT


def test_it_follows_where_the_hub_keeps_its_files(site: Site, tmp_path: Path):
    there = site.put("/bucket", cut(CONTENT, 50_000), whole(CONTENT))
    _fetch(_remote(site.put("/f", move(there))), tmp_path / "file.zip")
    assert (tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked[-1] == ("/bucket", "bytes=50000-")


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_for_good_is_not_repeated(site: Site, tmp_path: Path, code: int):
    url = site.put("/f", refuse(code))
    with pytest.raises(InputError, match=str(code)) as caught:
        _fetch(_remote(url), tmp_path / "file.zip")
    assert caught.value.where == url
    assert len(site.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_is_an_interruption(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for call in (
        lambda url: _fetch(_remote(url), tmp_path / "file.zip"),
        lambda url: read_json(url, HASTY),
    ):
        with pytest.raises(InterruptedRun, match="again"):
            call(f"http://127.0.0.1:{port}/f")
    assert list(tmp_path.iterdir()) == []


def test_only_the_web_is_asked(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    with pytest.raises(InputError, match="not a web address"):
        read_json(secret.as_uri(), HASTY)


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written") as caught:
        _fetch(_remote(site.put("/f", whole(CONTENT))), tmp_path / "file" / "file.zip")
    assert caught.value.where == tmp_path / "file" / "file.zip.part"


def test_json_is_read_through_faults(site: Site):
    text = b'{"a": [1, 2]}'
    assert read_json(site.put("/j", refuse(502), cut(text, 3), whole(text)), HASTY) == {"a": [1, 2]}
    with pytest.raises(InputError, match="not JSON"):
        read_json(site.put("/h", whole(b"<html>")), HASTY)
    with pytest.raises(InterruptedRun, match="429"):
        read_json(site.put("/t", refuse(429)), HASTY)
