"""Files, folders and patterns become one ordered list, and no two results share a name."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.errors import UsageError
from brainmtl.inference import inputs
from brainmtl.inference.inputs import Scan, find_files, find_scans, result_names


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
    found = find_files([scans], tmp_path / "out")
    assert names(found, scans) == ["a.JPG", "b.png", "f.bmp", "sub/c.tiff", "sub/deep/d.webp"]


def test_the_order_of_the_inputs_is_kept(scans: Path, tmp_path: Path):
    found = find_files([scans / "f.bmp", str(scans / "sub"), scans / "a.JPG"], tmp_path / "out")
    assert names(found, scans) == ["f.bmp", "sub/c.tiff", "sub/deep/d.webp", "a.JPG"]


def test_patterns(scans: Path, tmp_path: Path):
    assert names(find_files([scans / "*.png"], tmp_path / "out"), scans) == ["b.png"]
    assert names(find_files([scans / "**" / "?.[tw]*"], tmp_path / "out"), scans) == [
        "sub/c.tiff",
        "sub/deep/d.webp",
    ]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path):
    for name in ("a[1].png", "a1.png"):
        (tmp_path / name).touch()
    assert find_files([tmp_path / "a[1].png"], tmp_path / "out") == [tmp_path / "a[1].png"]


def test_what_leads_to_nothing_is_kept(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    asked = [tmp_path / "absent.png", tmp_path / "empty", tmp_path / "*.none"]
    assert find_files(asked, tmp_path / "out") == asked


def test_nothing_asked_for(tmp_path: Path):
    with pytest.raises(UsageError, match="no files"):
        find_files([], tmp_path)


def test_an_earlier_prediction_is_no_input(scans: Path):
    for name in ("out/masks/b.png", "out/overlays/b.png", "masks/own.png"):
        (scans / name).parent.mkdir(parents=True, exist_ok=True)
        (scans / name).touch()
    found = names(find_files([scans], scans / "out"), scans)
    assert "masks/own.png" in found
    assert not any(name.startswith("out/") for name in found)
    with pytest.raises(UsageError, match="lies where results are written"):
        find_files([scans / "out" / "masks" / "b.png"], scans / "out")


def named(*files: str) -> list[str]:
    return result_names([Scan("picture", (Path(file),)) for file in files])


def test_equal_stems_are_numbered():
    assert named("x/a.png", "y/a.png", "a.jpg", "z/a_2.png", "A.png", "b.png") == [
        *("a", "a_3", "a_4", "a_2", "A_5", "b")
    ]


def test_dots_in_a_name_that_are_no_suffix():
    assert named("1.2.840.1", "1.2.840.2", "a.nii.gz", "B.NII", "c.dcm") == [
        *("1.2.840.1", "1.2.840.2", "a", "B", "c")
    ]


def test_a_name_that_would_be_too_long_with_what_it_is_called_by_ends_in_its_hash(tmp_path: Path):
    long = ["a" * 250, "ä" * 120, "a" * 249 + "b"]
    found = named(*(f"{name}.png" for name in long))
    assert len(set(found)) == len(found)
    for name, whole in zip(found, long, strict=True):
        assert len(name.encode()) <= 200
        assert whole.startswith(name[:-9])
        (tmp_path / f"{name}_0001_seg.dcm").touch()
    assert named("a" * 200 + ".png") == ["a" * 200]


@given(st.lists(st.from_regex(r"[ab]/[aAbB](_[1-3])?\.(png|jpg)", fullmatch=True), max_size=12))
def test_no_two_names_alike(files: list[str]):
    paths = [Path(file) for file in files]
    found = named(*files)
    assert len({name.casefold() for name in found}) == len(paths)
    assert all(name.startswith(path.stem) for name, path in zip(found, paths, strict=True))
    single = [
        path for path in paths if [other.stem.casefold() for other in paths].count(path.stem.casefold()) == 1
    ]
    assert all(found[paths.index(path)] == path.stem for path in single)


def test_dicom_and_nifti_in_a_folder(write_series, tmp_path: Path):
    folder = tmp_path / "scans"
    first, second = write_series(folder / "a", np.zeros((2, 20, 20), np.uint16))
    second.rename(folder / "a" / "1.2.840.77")  # DICOM needs no suffix
    for name in ("b.nii.gz", "c.nii", "notes", "archive.zip", "d.tar.gz", "DICOMDIR"):
        (folder / name).write_bytes(bytes(128) + (b"DICM" if name == "DICOMDIR" else b""))
    found = names(find_files([folder], tmp_path / "out"), folder)
    assert found == ["a/1.2.840.77", f"a/{first.name}", "b.nii.gz", "c.nii"]


def test_links_that_lead_out_of_a_folder_are_left_out(tmp_path: Path):
    (tmp_path / "secret.png").touch()
    folder = tmp_path / "scans"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").touch()
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "in.png").symlink_to(folder / "a.png")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    assert names(find_files([folder], tmp_path / "out"), folder) == ["a.png", "in.png"]
    assert find_files([folder / "out.png"], tmp_path / "out") == [folder / "out.png"]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans: Path):
    monkeypatch.setattr(inputs, "MAX_FILES", 3)
    with pytest.raises(UsageError, match=r"5 files, more than 3.*in parts"):
        find_files([scans], tmp_path / "out")


def test_a_series_is_one_scan_where_its_first_file_stands(write_series, tmp_path: Path):
    files = write_series(tmp_path / "head", np.zeros((3, 20, 20), np.uint16))
    other = write_series(tmp_path / "head", np.zeros((2, 20, 20), np.uint16), series=2)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no DICOM")
    paths = [tmp_path / "a.png", files[2], broken, *other, files[0], tmp_path / "b.nii", files[1]]
    scans = find_scans(paths)
    assert [scan.files for scan in scans] == [
        (tmp_path / "a.png",), tuple(files), (broken,), tuple(other), (tmp_path / "b.nii",)
    ]  # fmt: skip
    assert [scan.kind for scan in scans] == ["picture", "dicom", "dicom", "dicom", "nifti"]
    assert "not a DICOM file" in str(scans[2].error)
    assert result_names(scans) == ["a", "head", "broken", "head_2", "b"]
