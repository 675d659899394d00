"""One entry a row of a shard, whatever has become of it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from brainmtl.archive.parquet import AT_ONCE, row_entries, row_groups
from brainmtl.data.shards import Encoded, write_shards
from brainmtl.errors import InputError


def test_shards_of_a_packed_set(tmp_path: Path):
    slices = [
        Encoded(f"s{number}", bytes([number]) * 9, b"mask" if number % 2 else None) for number in range(5)
    ]
    (name,) = write_shards(tmp_path, slices)
    uri = str(tmp_path / name)
    assert [(entry.name, entry.content) for entry in row_entries(uri, ())] == [
        (f"{uri}#{one.id}", one.image) for one in slices
    ]


def test_row_groups_hold_every_row_once(tmp_path: Path, write_parquet):
    total = 2 * AT_ONCE + 5
    path = write_parquet(
        tmp_path / "a.parquet", {"content": [bytes([n % 256]) for n in range(total)]}, rows=50
    )
    counts = row_groups(str(path))
    assert counts == [50, 50, 33]
    read = [entry for group in range(3) for entry in row_entries(str(path), [group])]
    assert read == list(row_entries(str(path), ()))
    assert [entry.name for entry in read] == [f"{path}#{number}" for number in range(total)]


def test_an_empty_row_is_told(tmp_path: Path, write_parquet):
    path = write_parquet(tmp_path / "a.parquet", {"image": [b"x", None], "name": ["one", "two"]})
    whole, empty = row_entries(str(path), ())
    assert whole == (f"{path}#one", b"x")
    assert (empty.name, empty.content.what) == (f"{path}#two", "the row is empty")


def test_a_damaged_row_group_is_as_many_entries_as_it_had_rows(tmp_path: Path, write_parquet):
    values = [bytes([number]) * 4000 for number in range(40)]
    path = write_parquet(
        tmp_path / "a.parquet", {"image": values, "id": [str(n) for n in range(40)]}, rows=16
    )
    column = pq.read_metadata(path).row_group(1).column(0)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset : column.data_page_offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    entries = list(row_entries(str(path), ()))
    assert len(entries) == 40
    assert [entry.content for entry in entries[:16] + entries[32:]] == values[:16] + values[32:]
    assert all(isinstance(entry.content, InputError) for entry in entries[16:32])


@pytest.mark.parametrize(
    ("columns", "said"),
    [({"text": ["a"]}, "no column of bytes"), ({"a": [b"x"], "b": [b"y"]}, "2 columns of bytes")],
)
def test_a_table_that_holds_no_slices_is_one_entry(tmp_path: Path, write_parquet, columns, said):
    path = write_parquet(tmp_path / "a.parquet", columns)
    (entry,) = row_entries(str(path), ())
    assert (entry.name, entry.content.what) == (str(path), said)


def test_a_file_that_is_no_parquet_is_one_entry(tmp_path: Path):
    (tmp_path / "a.parquet").write_text("no table")
    (entry,) = row_entries(str(tmp_path / "a.parquet"), ())
    assert isinstance(entry.content, InputError)
