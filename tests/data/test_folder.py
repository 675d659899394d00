"""A folder is made whole or not at all."""

from pathlib import Path

import pytest

from brainmtl.data.folder import whole_folder
from brainmtl.errors import InputError


def test_it_appears_at_the_end_with_all_that_was_written(tmp_path: Path):
    with whole_folder(tmp_path / "deep" / "a", "mend") as temporary:
        (temporary / "b").mkdir()
        (temporary / "b" / "c.txt").write_text("c")
        assert not (tmp_path / "deep" / "a").exists()
    assert (tmp_path / "deep" / "a" / "b" / "c.txt").read_text() == "c"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_an_error_inside_leaves_nothing_and_passes(tmp_path: Path, error: type[BaseException]):
    def make() -> None:
        with whole_folder(tmp_path / "a", "mend") as temporary:
            (temporary / "c.txt").write_text("c")
            raise error("broken")

    with pytest.raises(error):
        make()
    assert list(tmp_path.iterdir()) == []


def test_the_second_of_two_leaves_what_the_first_made(tmp_path: Path):
    with whole_folder(tmp_path / "a", "mend") as slow:
        (slow / "slow").touch()
        with whole_folder(tmp_path / "a", "mend") as quick:
            (quick / "quick").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["quick"]


def test_it_cannot_be_made_where_a_file_lies(tmp_path: Path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"file/a: cannot be written: .*\(go elsewhere\)"),
        whole_folder(tmp_path / "file" / "a", "go elsewhere"),
    ):
        raise AssertionError("the block must not run")
    with (
        pytest.raises(InputError, match="cannot be written"),
        whole_folder(tmp_path / "file", "go elsewhere"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_input_is_not_called_unwritable(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "a", "mend"):
        (tmp_path / "no such input").read_text()


def test_others_may_read_it(tmp_path: Path):
    with whole_folder(tmp_path / "a", "mend"):
        pass
    assert (tmp_path / "a").stat().st_mode & 0o055 == 0o055
