"""Predictions for many files: masks, overlays, volumes and one table."""

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from brainmtl.errors import InterruptedRun
from brainmtl.inference.inputs import Scan, find_files, find_scans, result_names
from brainmtl.inference.journal import Journal
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.pictures import predict_pictures
from brainmtl.inference.result import Result, write_results


def predict_files(
    package: ModelPackage,
    files: Iterable[str | Path],
    out: Path,
    *,
    overlay: bool = True,
    view: bool = False,
    dicom: bool = True,
    batch_size: int = 8,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """Predict pictures, DICOM and NIfTI; write ``masks/``, ``overlays/``, ``results.json`` and
    ``results.csv``.

    Scans of several slices also get ``volumes/*.nii.gz``, and DICOM gets ``dicom/*_seg.dcm`` and
    ``*_sr.dcm``. A file that cannot be read becomes a result with status ``"error"``, and the rest go on. A
    batch that was stopped goes on where it was when it is asked for again with the same model, files and
    options.

    Args:
        package: the model.
        files: files, folders of them, patterns.
        out: the output folder; made where it does not exist.
        overlay: draw the overlays.
        view: write what a viewer draws: ``slices/`` and ``probabilities/``, 8-bit PNG at native size.
        dicom: write DICOM-SEG and structured reports for DICOM.
        batch_size: slices that the network sees at once.
        progress: called with slices done and slices in all, as far as they are known.

    Returns:
        One result a slice, in the order of the inputs; the slices of a scan in their order in space.

    Raises:
        UsageError: nothing is asked for, or a mask would be written over an input.
        InputError: the output folder cannot be written.
        InterruptedRun: stopped from the keyboard.
    """
    scans = find_scans(find_files(files, out))
    options = {"overlay": overlay, "view": view, "batch_size": batch_size}
    with Journal(out, _batch(package, scans, {**options, "dicom": dicom})) as journal:
        try:
            _predict(package, scans, out, journal, progress, dicom, options)
        except KeyboardInterrupt as stop:
            raise InterruptedRun(
                f"stopped after {len(journal.done)} of {len(scans)} scans",
                where=out,
                mend="the same command goes on from there",
            ) from stop
        results = [row for number in range(len(scans)) for row in journal.done[number]]
        write_results(results, out)
        journal.remove()
    return results


def predict_scans(
    package: ModelPackage,
    scans: Sequence[Scan],
    out: Path,
    *,
    overlay: bool,
    view: bool,
    batch_size: int,
    started: datetime | None,
    done: Container[int] = (),
) -> Iterator[tuple[int, list[Result]]]:
    """Predict scans and write their files, and no table of them: what :func:`predict_files` makes a batch of.

    Args:
        package: the model.
        scans: of :func:`~brainmtl.inference.inputs.find_scans`.
        out: the output folder.
        overlay: draw the overlays.
        view: write slices and mask probabilities.
        batch_size: slices that the network sees at once.
        started: when it began, for DICOM-SEG and structured reports; ``None`` writes none.
        done: numbers of scans to leave out.

    Yields:
        Number of a scan and its results, in order.

    Raises:
        InputError: the output folder cannot be written.
    """
    names = result_names(scans)
    options: dict[str, Any] = {"overlay": overlay, "view": view, "batch_size": batch_size}
    todo = [number for number in range(len(scans)) if number not in done]
    for pictures, group in groupby(todo, key=lambda number: scans[number].kind == "picture"):
        numbers = list(group)
        if pictures:
            paths, called = (
                [scans[number].files[0] for number in numbers],
                [names[number] for number in numbers],
            )
            results = predict_pictures(package, paths, called, out, **options)
            yield from ((number, [result]) for number, result in zip(numbers, results, strict=True))
            continue
        from brainmtl.inference.scan import predict_scan  # loads what reads DICOM and NIfTI

        for number in numbers:
            yield number, predict_scan(package, scans[number], names[number], out, started=started, **options)


def _predict(
    package: ModelPackage,
    scans: Sequence[Scan],
    out: Path,
    journal: Journal,
    progress: Callable[[int, int], None],
    dicom: bool,
    options: dict[str, Any],
) -> None:
    before = set(journal.done)
    done = sum(map(len, journal.done.values()))
    total = done + sum(_expected(scan) for number, scan in enumerate(scans) if number not in before)
    progress(done, total)
    started = journal.started if dicom else None
    for number, rows in predict_scans(package, scans, out, started=started, done=before, **options):
        journal.add(number, rows)
        done, total = done + len(rows), total + len(rows) - _expected(scans[number])
        progress(done, total)


def _expected(scan: Scan) -> int:
    """Slices, as far as they are known before it is read."""
    return max(1, len(scan.frames))


def _batch(package: ModelPackage, scans: Sequence[Scan], options: dict[str, Any]) -> dict[str, Any]:
    """What tells a batch from any other: the model, the options, and the files as they lie there now."""
    files = [(str(file), *_state(file)) for scan in scans for file in scan.files]
    listed = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    version = package.blank(None).version
    speaker = {"model_sha256": package.sha256, "version": version, "runtime": package.computed_by}
    return {**speaker, **options, "files": listed}


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (-1, -1)
    return found.st_size, found.st_mtime_ns
