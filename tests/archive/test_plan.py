"""An archive is cut once, and nothing of it is lost or doubled."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.archive.listing import Listed
from brainmtl.archive.plan import Partition, cut, open_plan
from brainmtl.errors import InputError


@given(st.lists(st.sampled_from(["a.png", "b.dcm", "c.tar", "d.tgz"]), max_size=30), st.integers(1, 7))
@settings(deadline=None)
def test_every_file_is_in_one_partition(kinds, size):
    uris = [f"/{number}/{name}" for number, name in enumerate(kinds)]
    parts = list(cut([Listed(uri, "") for uri in uris], size))
    assert [uri for part in parts for uri in part.uris] == uris
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(len(part.uris) <= size for part in parts if part.kind == "files")
    assert all(len(part.uris) == 1 for part in parts if part.kind == "tar")


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_every_row_group_is_in_one_partition(tmp_path_factory, write_parquet, rows, together, size):
    path = write_parquet(tmp_path_factory.mktemp("p") / "a.parquet", {"image": [b"x"] * rows}, rows=together)
    parts = list(cut([Listed(str(path), "")], size))
    assert [group for part in parts for group in part.groups] == list(range(-(-rows // together)))
    assert all(len(part.groups) == 1 or together * len(part.groups) <= size + together - 1 for part in parts)
    assert sum(len(list(part.entries())) for part in parts) == rows


def test_a_shard_that_cannot_be_read_is_one_partition_of_one_input(tmp_path: Path):
    (tmp_path / "a.parquet").write_text("no table")
    (part,) = cut([Listed(str(tmp_path / "a.parquet"), "")], 10)
    assert len(list(part.entries())) == 1


def test_a_plan_is_taken_up_as_it_was(tmp_path: Path):
    listed = [Listed(f"/{number}.png", "1 2") for number in range(5)]
    first = open_plan(tmp_path, listed, 2, {"model": "a"})
    assert first == open_plan(tmp_path, listed, 2, {"model": "a"}) == list(cut(listed, 2))
    assert first == [Partition.from_line(part.line()) for part in first]
    assert [part.name for part in first] == [f"part-00000{number}.parquet" for number in range(3)]


@pytest.mark.parametrize(
    ("files", "size", "model"), [("/b.png", 2, "a"), ("/a.png", 3, "a"), ("/a.png", 2, "b")]
)
def test_another_batch_is_refused_and_harms_nothing(tmp_path: Path, files, size, model):
    open_plan(tmp_path, [Listed("/a.png", "")], 2, {"model": "a"})
    before = (tmp_path / "plan.jsonl").read_bytes()
    with pytest.raises(InputError, match="name another folder"):
        open_plan(tmp_path, [Listed(files, "")], size, {"model": model})
    assert (tmp_path / "plan.jsonl").read_bytes() == before
