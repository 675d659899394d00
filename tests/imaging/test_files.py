"""Files are written whole or not at all."""

import errno
import os
import resource
import stat
from pathlib import Path

import pytest

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file


def write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text)


def test_appears_whole_in_a_new_folder(tmp_path: Path):
    path = tmp_path / "a" / "b" / "c.json"
    with whole_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".json"
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "kept.txt"
    write(path, "before")
    with pytest.raises(ZeroDivisionError), whole_file(path) as temporary:
        temporary.write_text(str(1 / temporary.write_text("")))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_follow_the_umask(tmp_path: Path):
    (tmp_path / "plain").touch()
    write(tmp_path / "whole", "")
    assert stat.S_IMODE((tmp_path / "whole").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_a_file_written_privately_becomes_a_plain_one(tmp_path: Path):
    (tmp_path / "plain").touch()
    with whole_file(tmp_path / "whole") as temporary:
        temporary.unlink()
        temporary.touch(mode=0o600)
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path):
    path = tmp_path / ("ü" * 125 + ".txt")
    write(path, "long")
    assert path.read_text() == "long"


def test_a_file_where_the_folder_should_be(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"taken.*cannot be written.*choose a folder"):
        write(tmp_path / "taken" / "new.txt", "text")
    assert (tmp_path / "taken").read_text() == "a file"


def test_a_folder_where_the_file_should_be(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            write(tmp_path / "new.txt", "text")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk(tmp_path: Path):
    path = tmp_path / "large.bin"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with (
            pytest.raises(InputError, match=os.strerror(errno.EFBIG)) as caught,
            whole_file(path) as temporary,
        ):
            temporary.write_bytes(bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.where == path
    assert list(tmp_path.iterdir()) == []


def test_trouble_with_another_file_is_not_blamed_on_this_one(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "out.txt"):
        (tmp_path / "absent" / "in.txt").read_text()
