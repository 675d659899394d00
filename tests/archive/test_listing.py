"""Which files an archive consists of, wherever they lie."""

from pathlib import Path

import fsspec
import pytest

from brainmtl.archive.listing import list_files
from brainmtl.errors import InputError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in (
        "b/2.png",
        "b/1.JPG",
        "a.tar.gz",
        "c.parquet",
        "z.dcm",
        "note.txt",
        ".hidden/x.png",
        "b/.y.png",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (root / "unnamed").write_bytes(bytes(128) + b"DICM")
    return root


def names(listed, root) -> list[str]:
    return [one.uri.removeprefix(f"{root}/") for one in listed]


def test_a_folder_gives_its_shards_and_slices(tree: Path):
    assert names(list_files([str(tree)]), tree) == [
        "a.tar.gz", "c.parquet", "unnamed", "z.dcm", "b/1.JPG", "b/2.png",
    ]  # fmt: skip


def test_a_relative_path_is_told_whole(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tree)
    assert list_files(["b"]) == list_files([str(tree / "b")])


def test_each_file_is_listed_once(tree: Path):
    listed = list_files([str(tree / "b" / "2.png"), str(tree / "b"), f"file://{tree}/b/*"])
    assert names(listed, tree) == ["b/2.png", "b/1.JPG"]


def test_a_link_that_leads_out_is_no_input(tree: Path, tmp_path: Path):
    (tmp_path / "out.png").write_bytes(b"x")
    (tree / "b" / "out.png").symlink_to(tmp_path / "out.png")
    (tree / "b" / "in.png").symlink_to(tree / "b" / "2.png")
    assert names(list_files([str(tree / "b")]), tree) == ["b/1.JPG", "b/2.png", "b/in.png"]


def test_what_is_written_is_no_input(tree: Path):
    assert names(list_files([str(tree)], tree / "b"), tree)[-1] == "z.dcm"


def test_what_leads_to_nothing_is_kept():
    assert [one.state for one in list_files(["/no/such/file.png", "memory://no/such"])] == ["", ""]


def test_a_changed_file_has_another_state(tree: Path):
    before = list_files([str(tree)])
    (tree / "b" / "2.png").write_bytes(b"longer")
    assert [one for one, other in zip(before, list_files([str(tree)]), strict=True) if one != other] == [
        before[-1]
    ]


def test_an_object_store_is_listed_by_names():
    memory = fsspec.filesystem("memory")
    for name in ("2.png", "1.png", "s.tar", "note.txt", ".x.png", "unnamed"):
        memory.pipe_file(f"/listing/{name}", b"x")
    all_, some = list_files(["memory://listing"]), list_files(["memory://listing/[12u]*"])
    assert [one.uri for one in all_] == [f"memory:///listing/{name}" for name in ("1.png", "2.png", "s.tar")]
    assert [one.uri for one in some] == [
        f"memory:///listing/{name}" for name in ("1.png", "2.png", "unnamed")
    ]
    assert all(one.state for one in all_)


@pytest.mark.parametrize("address", ["nowhere://bucket/x"])
def test_an_address_that_nothing_knows(address):
    with pytest.raises(InputError, match="s3://bucket"):
        list_files([address])
