"""Files, folders and patterns become one ordered list, and no two results share a name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.errors import UsageError
from brainmtl.inference.inputs import find_pictures, result_names


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    root = tmp_path / "scans"
    for name in (
        "b.png",
        "a.JPG",
        "notes.txt",
        "sub/c.tiff",
        "sub/deep/d.webp",
        "._a.png",
        ".hidden/e.png",
        "f.bmp",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_a_folder_gives_its_pictures_sorted(scans: Path, tmp_path: Path):
    found = find_pictures([scans], tmp_path / "out")
    assert names(found, scans) == ["a.JPG", "b.png", "f.bmp", "sub/c.tiff", "sub/deep/d.webp"]


def test_the_order_of_the_inputs_is_kept(scans: Path, tmp_path: Path):
    found = find_pictures([scans / "f.bmp", str(scans / "sub"), scans / "a.JPG"], tmp_path / "out")
    assert names(found, scans) == ["f.bmp", "sub/c.tiff", "sub/deep/d.webp", "a.JPG"]


def test_patterns(scans: Path, tmp_path: Path):
    assert names(find_pictures([scans / "*.png"], tmp_path / "out"), scans) == ["b.png"]
    assert names(find_pictures([scans / "**" / "?.[tw]*"], tmp_path / "out"), scans) == [
        "sub/c.tiff",
        "sub/deep/d.webp",
    ]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path):
    for name in ("a[1].png", "a1.png"):
        (tmp_path / name).touch()
    assert find_pictures([tmp_path / "a[1].png"], tmp_path / "out") == [tmp_path / "a[1].png"]


def test_what_leads_to_nothing_is_kept(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    asked = [tmp_path / "absent.png", tmp_path / "empty", tmp_path / "*.none"]
    assert find_pictures(asked, tmp_path / "out") == asked


def test_nothing_asked_for(tmp_path: Path):
    with pytest.raises(UsageError, match="no pictures"):
        find_pictures([], tmp_path)


def test_an_earlier_prediction_is_no_input(scans: Path):
    for name in ("out/masks/b.png", "out/overlays/b.png", "masks/own.png"):
        (scans / name).parent.mkdir(parents=True, exist_ok=True)
        (scans / name).touch()
    found = names(find_pictures([scans], scans / "out"), scans)
    assert "masks/own.png" in found
    assert not any(name.startswith("out/") for name in found)
    with pytest.raises(UsageError, match="lies where results are written"):
        find_pictures([scans / "out" / "masks" / "b.png"], scans / "out")


def test_equal_stems_are_numbered():
    paths = [Path(name) for name in ("x/a.png", "y/a.png", "a.jpg", "z/a_2.png", "A.png", "b.png")]
    assert result_names(paths) == ["a", "a_3", "a_4", "a_2", "A_5", "b"]


@given(st.lists(st.from_regex(r"[ab]/[aAbB](_[1-3])?\.(png|jpg)", fullmatch=True), max_size=12))
def test_no_two_names_alike(files: list[str]):
    paths = [Path(file) for file in files]
    found = result_names(paths)
    assert len({name.casefold() for name in found}) == len(paths)
    assert all(name.startswith(path.stem) for name, path in zip(found, paths, strict=True))
    single = [
        path for path in paths if [other.stem.casefold() for other in paths].count(path.stem.casefold()) == 1
    ]
    assert all(found[paths.index(path)] == path.stem for path in single)
