"""Uploads become rows, by the same way as on the command line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from brainmtl.inference.inputs import find_scans
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_scans
from brainmtl.inference.result import Result
from brainmtl.server.memory import memory_folder
from brainmtl.server.settings import Settings
from brainmtl.server.sizes import check_sizes, check_unpacked
from brainmtl.server.upload import Upload, store_uploads


@dataclass(frozen=True)
class Reading:
    """What was found on the files of a request.

    Attributes:
        results: a row a slice; ``file`` is what the client calls the file.
        folder: in memory; the rows' paths start there.
    """

    results: list[Result]
    folder: Path

    def content(self, path: str) -> bytes:
        """A file that a row speaks of."""
        return (self.folder / path).read_bytes()


@contextmanager
def read_files(
    uploads: list[Upload],
    package: ModelPackage,
    settings: Settings,
    memory: Path,
    wanted: Callable[[str], bool],
) -> Iterator[Reading]:
    """Predict uploaded files in a folder in memory, gone at the end.

    Args:
        uploads: the files.
        package: the model; its runtime keeps the request's deadline.
        settings: limits.
        memory: of :func:`~brainmtl.server.memory.find_memory`.
        wanted: whether the files of a field of a row are asked for.

    Raises:
        Refusal: the files are too large, or memory is full.
        Expired: the request's time is over.
    """
    with memory_folder(memory) as folder:
        names = store_uploads(uploads, folder / "scan")
        check_unpacked(names, settings.max_bytes)
        scans = find_scans(list(names))
        check_sizes(scans, names, max_pixels=settings.max_pixels, max_slices=settings.max_slices)
        objects = wanted("dicom_seg") or wanted("dicom_sr")
        found = predict_scans(
            package,
            scans,
            folder / "out",
            overlay=wanted("overlay"),
            view=wanted("picture") or wanted("mask_probability"),
            batch_size=settings.batch,
            started=datetime.now().replace(microsecond=0) if objects else None,
        )
        results = [result for _, rows in found for result in rows]
        named = [replace(result, file=names[Path(result.file or "")]) for result in results]
        yield Reading(named, folder / "out")
