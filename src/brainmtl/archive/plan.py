"""An archive cut into numbered partitions, once and for all: the units of work of its prediction."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal

from brainmtl.archive.entry import Entry
from brainmtl.archive.listing import PARQUET, TAR, Listed
from brainmtl.archive.loose import loose_entries
from brainmtl.archive.parquet import row_entries, row_groups
from brainmtl.archive.tar import member_entries
from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file

PLAN: Final = "plan.jsonl"
"""First line: what is predicted, by what. Then a line for each partition, in order."""
ASKING: Final = 16
"""Shards that are asked for their row groups at once; asking is waiting."""
Kind = Literal["files", "parquet", "tar"]


@dataclass(frozen=True)
class Partition:
    """Inputs that are predicted together and written together.

    Attributes:
        number: from 0, in the order of the archive.
        kind: of its files.
        uris: its loose files, or its shard.
        groups: the row groups of a Parquet shard; none are all.
    """

    number: int
    kind: Kind
    uris: tuple[str, ...]
    groups: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Of the file that its rows are written to."""
        return f"part-{self.number:06}.parquet"

    def entries(self) -> Iterator[Entry]:
        """Its inputs, in order, read as they are asked for."""
        if self.kind == "parquet":
            return row_entries(self.uris[0], self.groups)
        return member_entries(self.uris[0]) if self.kind == "tar" else loose_entries(self.uris)

    def line(self) -> str:
        """The partition as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> "Partition":
        """Undo :meth:`line`."""
        told = json.loads(line)
        return cls(told["number"], told["kind"], tuple(told["uris"]), tuple(told["groups"]))


def open_plan(folder: Path, listed: Sequence[Listed], size: int, batch: dict[str, Any]) -> list[Partition]:
    """The partitions of an archive: those that were planned here before, or new ones, noted.

    Args:
        folder: of the predictions.
        listed: the archive's files as they lie there now.
        size: inputs in a partition, about; a row group and a tar file stay whole.
        batch: what else the predictions depend on, as JSON values.

    Raises:
        InputError: other predictions lie in the folder, or it cannot be written.
    """
    files = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    head = {"format": 1, **batch, "size": size, "files": files}
    path = folder / PLAN
    if path.is_file():
        found, *lines = path.read_text(encoding="utf-8").splitlines()
        if json.loads(found) != head:
            raise InputError(
                "holds predictions of other files, by another model, or in partitions of another size",
                where=folder,
                mend="name another folder",
            )
        return [Partition.from_line(line) for line in lines]
    partitions = list(cut(listed, size))
    with whole_file(path) as temporary:
        lines = [json.dumps(head), *(partition.line() for partition in partitions)]
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return partitions


def cut(listed: Sequence[Listed], size: int) -> Iterator[Partition]:
    """Cut an archive into partitions.

    Args:
        listed: its files.
        size: inputs in a partition, about.

    Yields:
        Partitions, numbered in the order of the files.
    """
    number = 0
    for kind, group in groupby((one.uri for one in listed), _kind):
        for uris, groups in _parts(kind, list(group), size):
            yield Partition(number, kind, uris, groups)
            number += 1


def _kind(uri: str) -> Kind:
    if uri.lower().endswith(PARQUET):
        return "parquet"
    return "tar" if uri.lower().endswith(TAR) else "files"


def _parts(kind: Kind, uris: list[str], size: int) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    if kind == "files":
        yield from ((tuple(uris[start : start + size]), ()) for start in range(0, len(uris), size))
    elif kind == "tar":
        yield from (((uri,), ()) for uri in uris)
    else:
        with ThreadPoolExecutor(ASKING) as pool:
            for uri, rows in zip(uris, pool.map(_rows, uris), strict=True):
                yield from (((uri,), groups) for groups in _together(rows, size))


def _rows(uri: str) -> list[int]:
    try:
        return row_groups(uri)
    except Exception:  # reading its entries says why
        return []


def _together(rows: list[int], size: int) -> list[tuple[int, ...]]:
    """Neighbouring row groups, put together until they hold ``size`` rows; of none known, one of all."""
    parts, held = [list[int]()], 0
    for number, count in enumerate(rows):
        if parts[-1] and held + count > size:
            parts.append([])
            held = 0
        parts[-1].append(number)
        held += count
    return [tuple(part) for part in parts]
