"""One partition of an archive, predicted and written whole or not at all."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow.parquet as pq

from brainmtl.archive.attempts import Attempts
from brainmtl.archive.entry import Entry
from brainmtl.archive.plan import Partition
from brainmtl.archive.rows import SCHEMA, Row, to_table
from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.kind import stem
from brainmtl.inference.inputs import find_scans
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.pictures import refused
from brainmtl.inference.predict import predict_scans
from brainmtl.inference.result import Result

COUNTS: Final = b"brainmtl"
"""Under this key a partition's metadata hold its rows by status, as JSON."""
CHUNK, CHUNK_BYTES = 256, 2**28
"""Inputs, and about their bytes, that are laid out at once."""
Laid = tuple[str, Path | InputError]


def predict_partition(package: ModelPackage, partition: Partition, folder: Path, batch_size: int = 8) -> None:
    """Predict a partition as ``brainmtl predict`` does, each of its inputs by itself.

    Its file is the same whoever writes it, and however often: who finishes second changes nothing.

    Args:
        package: the model.
        partition: what to predict.
        folder: where its Parquet file goes.
        batch_size: slices that the network sees at once.

    Raises:
        InputError: the folder, or the one for temporary files, cannot be written.
    """
    attempts = Attempts(folder / f".{partition.name}.attempts")
    counts: Counter[str] = Counter()
    with whole_file(folder / partition.name) as temporary:
        with pq.ParquetWriter(temporary, SCHEMA) as writer:
            for rows in _chunks(package, partition.entries(), attempts, batch_size):
                writer.write_table(to_table(partition.number, rows))
                counts.update(row.result.status for row in rows)
            writer.add_key_value_metadata({COUNTS: json.dumps(counts, sort_keys=True)})
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # the name must never come before the content, also where a machine dies
    attempts.ended()


def count_rows(path: Path) -> Counter[str]:
    """Count the rows of a written partition by their status, from its footer alone.

    Args:
        path: of its file.
    """
    return Counter(json.loads(pq.read_metadata(path).metadata[COUNTS]))


def _chunks(
    package: ModelPackage, entries: Iterator[Entry], attempts: Attempts, batch_size: int
) -> Iterator[list[Row]]:
    first = 0
    while True:
        with TemporaryDirectory(prefix="brainmtl-") as name:
            folder = Path(name)
            if attempts.careful:
                laid = _next_one(entries, folder, attempts, first)
            else:
                laid = _lay_out(entries, folder)
            if not laid:
                return
            yield _predict(package, laid, folder / "out", first, batch_size)
        first += len(laid)


def _lay_out(entries: Iterator[Entry], folder: Path) -> list[Laid]:
    """Take the next inputs, and give each that is no file of this machine one of its own."""
    laid: list[Laid] = []
    size = 0
    for entry in entries:
        laid.append(_file(entry, folder / f"{len(laid):04}"))
        size += len(entry.content) if isinstance(entry.content, bytes) else 0
        if len(laid) == CHUNK or size > CHUNK_BYTES:
            break
    return laid


def _next_one(entries: Iterator[Entry], folder: Path, attempts: Attempts, number: int) -> list[Laid]:
    deadly, entry = attempts.deadly(number), next(entries, None)
    if entry is None:
        return []
    if deadly:
        return [(entry.name, InputError("each worker that read it died", mend="predict it by itself"))]
    return [_file(entry, folder / "only")]


def _file(entry: Entry, path: Path) -> Laid:
    if not isinstance(entry.content, bytes):
        return entry.name, entry.content
    name = PurePosixPath(entry.name.rpartition("#")[2]).name
    place = path.with_name(path.name + name[len(stem(Path(name))) :])
    place.write_bytes(entry.content)
    return entry.name, place


def _predict(package: ModelPackage, laid: list[Laid], out: Path, first: int, batch_size: int) -> list[Row]:
    said: list[list[Result]] = [
        [refused(package, Path(name), place)] if isinstance(place, InputError) else [] for name, place in laid
    ]
    scans = [
        (number, scan)
        for number, (_, place) in enumerate(laid)
        if isinstance(place, Path)
        for scan in find_scans([place])
    ]
    for number, results in predict_scans(
        package,
        [scan for _, scan in scans],
        out,
        overlay=False,
        view=False,
        batch_size=batch_size,
        started=None,
    ):
        said[scans[number][0]] += results
    return [
        _row(first + number, name, result, out)
        for number, ((name, _), results) in enumerate(zip(laid, said, strict=True))
        for result in results
    ]


def _row(input: int, name: str, result: Result, out: Path) -> Row:
    mask = None if result.mask is None else (out / result.mask).read_bytes()
    return Row(input, replace(result, file=name, mask=None, nifti=None), mask)
