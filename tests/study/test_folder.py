"""Which folders a study may take for its own."""

import pytest

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.study.folder import check_free

BEGUN = {"plan.json", "logs"}


def test_what_a_study_began_and_what_a_kill_left_half_written_are_its_own(tmp_path):
    check_free(tmp_path / "new", BEGUN)
    check_free(tmp_path, BEGUN)
    (tmp_path / "plan.json").touch()
    (tmp_path / "logs").mkdir()
    with whole_file(tmp_path / "recipe.yaml") as temporary:
        assert temporary.exists()
        check_free(tmp_path, BEGUN)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", ".notes.txt"])
def test_whatever_else_lies_there_is_somebody_s(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"not empty.*new folder"):
        check_free(tmp_path, BEGUN)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="not empty"):
        check_free(tmp_path / "out", BEGUN)
