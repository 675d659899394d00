"""Archives as they come and as they should not."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from brainmtl.data.fetch.unpack import is_archive, unpack
from brainmtl.errors import InputError


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _tar(path: Path, members: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("make", [_zip, _tar])
def test_files_come_out_as_they_went_in(tmp_path: Path, folder: Path, make):
    members = {"1.mat": os.urandom(3_000_000), "deep/er/2 (1).jpg": b"", "ü/README.txt": b"text"}
    archive = make(tmp_path / "a", members)
    assert is_archive(archive)
    unpack(archive, folder)
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert found == members


def test_folders_in_an_archive_are_no_files(tmp_path: Path, folder: Path):
    _zip(tmp_path / "a.zip", {"a/": b"", "a/b.txt": b"b"})
    unpack(tmp_path / "a.zip", folder)
    assert (folder / "a" / "b.txt").read_bytes() == b"b"


OUTSIDE = ["../out.txt", "a/../../out.txt", "/etc/out.txt", "..\\out.txt", "C:\\out.txt"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("make", [_zip, _tar])
def test_nothing_lands_outside_the_folder(tmp_path: Path, folder: Path, make, name: str):
    archive = make(tmp_path / "a", {name: b"x"})
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(InputError, match="outside the folder") as caught:
        unpack(archive, folder)
    assert caught.value.where == archive
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_links_are_refused(tmp_path: Path, folder: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    for archive in (
        tmp_path / "a.zip",
        _tar(tmp_path / "s.tar", {"link": b""}, tarfile.SYMTYPE),
        _tar(tmp_path / "h.tar", {"link": b""}, tarfile.LNKTYPE),
        _tar(tmp_path / "d.tar", {"fifo": b""}, tarfile.FIFOTYPE),
    ):
        with pytest.raises(InputError, match="link or a device"):
            unpack(archive, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("make", [_zip, _tar])
def test_a_bomb_is_defused(tmp_path: Path, folder: Path, make):
    archive = make(tmp_path / "a", {"one": bytes(600_000), "two": bytes(600_000)})
    with pytest.raises(InputError, match="more bytes"):
        unpack(archive, folder, most_bytes=1_000_000)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1_000_000
    many = make(tmp_path / "b", {str(number): b"" for number in range(30)})
    with pytest.raises(InputError, match="more than 20 files"):
        unpack(many, folder, most_files=20)


def test_sizes_are_counted_and_not_believed(tmp_path: Path, folder: Path):
    archive = _zip(tmp_path / "a.zip", {"one": bytes(600_000)})
    raw = bytearray(archive.read_bytes())
    told = (600_000).to_bytes(4, "little")
    assert raw.count(told) == 2
    archive.write_bytes(raw.replace(told, (5).to_bytes(4, "little")))
    with pytest.raises(InputError):
        unpack(archive, folder, most_bytes=1000)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1000


def test_damage_is_named(tmp_path: Path, folder: Path):
    archive = _zip(tmp_path / "a.zip", {"one": os.urandom(100_000)})
    raw = bytearray(archive.read_bytes())
    raw[50_000] ^= 255
    archive.write_bytes(raw)
    with pytest.raises(InputError, match="damaged") as caught:
        unpack(archive, folder)
    assert caught.value.where == archive
    short = _tar(tmp_path / "b.tar", {"two": os.urandom(100_000)})
    short.write_bytes(short.read_bytes()[:50_000])
    with pytest.raises(InputError, match="damaged"):
        unpack(short, folder)


def test_a_name_twice_is_refused(tmp_path: Path, folder: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("one", "2")
    with pytest.raises(InputError, match="twice"):
        unpack(tmp_path / "a.zip", folder)
    assert (folder / "one").read_text() == "1"


def test_encrypted_members_are_refused(tmp_path: Path, folder: Path):
    archive = _zip(tmp_path / "a.zip", {"one": b"1"})
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(InputError, match="encrypted"):
        unpack(archive, folder)


def test_other_files_are_no_archives(tmp_path: Path):
    (tmp_path / "README.txt").write_text("text")
    assert not is_archive(tmp_path / "README.txt")
