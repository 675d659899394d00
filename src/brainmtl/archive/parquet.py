"""Parquet shards whose rows hold the bytes of one input each."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from brainmtl.archive.entry import Entry, unreadable
from brainmtl.archive.listing import file_system
from brainmtl.errors import InputError

CONTENT: Final = "image"
"""The column of bytes that is taken where there are several, as ``brainmtl pack`` names it."""
NAMES: Final = ("id", "name", "file", "path", "filename", "key")
AT_ONCE: Final = 64
"""Rows that are held in memory."""


def row_groups(uri: str) -> list[int]:
    """Rows of each row group, from the shard's footer alone.

    Args:
        uri: of the shard.

    Raises:
        Exception: of any kind, where it is no shard; reading its entries says why.
    """
    system, path = file_system(uri)
    with system.open(path, "rb") as file:
        shard = pq.ParquetFile(file)
        _columns(shard.schema_arrow)
        return [shard.metadata.row_group(number).num_rows for number in range(shard.num_row_groups)]


def row_entries(uri: str, groups: Sequence[int]) -> Iterator[Entry]:
    """Read rows.

    Args:
        uri: of the shard.
        groups: numbers of the row groups to read; none reads all.

    Yields:
        One entry a row, in order, also where rows are damaged; one in all where nothing can be known of them.
    """
    try:
        system, path = file_system(uri)
        with system.open(path, "rb") as file:
            shard = pq.ParquetFile(file)
            content, name = _columns(shard.schema_arrow)
            rows = [shard.metadata.row_group(number).num_rows for number in range(shard.num_row_groups)]
            starts = [0, *accumulate(rows)]
            for group in groups or range(len(rows)):
                numbers = range(starts[group], starts[group + 1])
                yield from _group(uri, shard, group, numbers, content, name)
    except Exception as error:  # of Arrow's kinds, and of each file system's own
        yield unreadable(uri, error)


def _group(
    uri: str, shard: Any, group: int, numbers: Sequence[int], content: str, name: str | None
) -> Iterator[Entry]:
    """The rows of a row group; its damage is not the others'."""
    done = 0
    try:
        columns = [content] if name is None else [content, name]
        for batch in shard.iter_batches(AT_ONCE, row_groups=[group], columns=columns):
            called = numbers[done:] if name is None else batch[name].to_pylist()
            for one, value in zip(called, batch[content].to_pylist(), strict=False):
                yield _entry(f"{uri}#{one}", value)
                done += 1
    except Exception as error:
        yield from (unreadable(f"{uri}#{number}", error) for number in numbers[done:])


def _entry(name: str, content: bytes | None) -> Entry:
    if content is None:
        return Entry(name, InputError("the row is empty", mend="write its bytes, or leave it out"))
    return Entry(name, content)


def _columns(schema: Any) -> tuple[str, str | None]:
    """Which columns hold the bytes and, where there is one, the name."""
    binary = [field.name for field in schema if _is_bytes(field.type)]
    if CONTENT not in binary and len(binary) != 1:
        found = f"{len(binary)} columns of bytes" if binary else "no column of bytes"
        raise InputError(found, mend=f"call the column of encoded slices {CONTENT!r}")
    text = [field.name for field in schema if pa.types.is_string(field.type) or _is_large(field.type)]
    return CONTENT if CONTENT in binary else binary[0], next((name for name in NAMES if name in text), None)


def _is_bytes(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_large(kind: Any) -> bool:
    return bool(pa.types.is_large_string(kind))
