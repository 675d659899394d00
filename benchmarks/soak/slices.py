"""Distinct slices, each with what a model says of it in this process."""

import hashlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brainmtl.data.brisc import index_brisc
from brainmtl.data.phantom import make_phantom
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files
from brainmtl.inference.result import Result

MEMORY = "/dev/shm"
TIMED, WARM = 500, 32
AREA_PX = 2
CHANCE = 1e-4
"""Batches of other sizes add floats up in another order: answers may differ by this much, not by more."""


@dataclass(frozen=True)
class Slice:
    """A file, and what must be answered.

    Attributes:
        name: that no other has.
        content: of the file.
        sha256: of the content.
        area: of the mask, in pixels.
        chances: of every class.
    """

    name: str
    content: bytes
    sha256: str
    area: int
    chances: tuple[float, ...]

    def is_answered_by(self, rows: Any) -> bool:
        """Whether these are the rows of this slice, and of no other."""
        if len(rows) != 1:
            return False
        (row,) = rows
        chances = tuple((row["probabilities"] or {}).values())
        return (
            (row["file"], row["input_sha256"]) == (self.name, self.sha256)
            and abs((row["mask_area_px"] or 0) - self.area) <= AREA_PX
            and len(chances) == len(self.chances)
            and all(abs(one - other) <= CHANCE for one, other in zip(chances, self.chances, strict=True))
        )


def draw_slices(package: ModelPackage, count: int, size: int) -> list[Slice]:
    """Draw phantoms, and ask the model of them as ``brainmtl predict`` does.

    Args:
        package: the model.
        count: how many to draw; those whose answers are like another's are left out.
        size: pixels a side.

    """
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        phantoms = Path(folder) / "phantoms"
        make_phantom(phantoms, slices=count, size=size)
        paths = [Path(path) for path in index_brisc(phantoms)[0]["image"]]
        results = predict_files(package, paths, Path(folder) / "out", overlay=False, dicom=False)
        drawn = [
            _expected(number, path, result)
            for number, (path, result) in enumerate(zip(paths, results, strict=True))
        ]
    return _told_apart(drawn)


def rate_here(package: ModelPackage, slices: Sequence[Slice]) -> float:
    """How many slices a second this process predicts, from files to files in memory as the server does.

    Args:
        package: the model.
        slices: to predict, at most :data:`TIMED` of them; some are predicted before, so that all is warm.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        paths = [Path(folder) / slice_.name for slice_ in slices[:TIMED]]
        for path, slice_ in zip(paths, slices, strict=False):
            path.write_bytes(slice_.content)
        predict_files(package, paths[:WARM], Path(folder) / "warm", overlay=False, dicom=False)
        start = time.perf_counter()
        predict_files(package, paths, Path(folder) / "out", overlay=False, dicom=False)
        return len(paths) / (time.perf_counter() - start)


def _expected(number: int, path: Path, result: Result) -> Slice:
    content = path.read_bytes()
    chances = tuple((result.probabilities or {}).values())
    name = f"{number:05}{path.suffix}"
    return Slice(name, content, hashlib.sha256(content).hexdigest(), result.mask_area_px or 0, chances)


def _told_apart(drawn: Sequence[Slice]) -> list[Slice]:
    """Those whose right answer would be wrong for every other."""
    points = np.array([[one.area / AREA_PX, *(chance / CHANCE for chance in one.chances)] for one in drawn])
    kept: list[int] = []
    for number, point in enumerate(points):
        if not kept or (np.abs(points[kept] - point).max(1) > 2).all():
            kept.append(number)
    return [drawn[number] for number in kept]
