"""Which files a prediction is asked for, which scans they make, and what their results are called."""

import glob
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brainmtl.errors import InputError, UsageError
from brainmtl.imaging.kind import Kind, kind_of, stem
from brainmtl.imaging.threads import threads

if TYPE_CHECKING:
    from brainmtl.imaging.dicom import Frame

MASKS = "masks"
OVERLAYS = "overlays"
VOLUMES = "volumes"
OBJECTS = "dicom"
PICTURES = "slices"
PROBABILITIES = "probabilities"
MAX_FILES = 100_000
LONGEST = 200
"""Bytes of a result's name, before what it is called by and numbered: file systems take 255 in all."""


@dataclass(frozen=True)
class Scan:
    """What is read as one: a picture, a NIfTI volume, or a stack of DICOM frames.

    Attributes:
        kind: of its files; what is of no known kind is tried as a picture.
        files: the files, in the order of their slices.
        frames: the frames of a DICOM stack.
        error: why it cannot be read, where that is known already.
    """

    kind: Kind
    files: tuple[Path, ...]
    frames: "tuple[Frame, ...]" = ()
    error: InputError | None = None

    @property
    def name(self) -> str:
        """Of the file, or of the folder that holds a series."""
        several = len(set(self.files)) > 1
        return (several and self.files[0].resolve().parent.name) or stem(self.files[0])


def find_files(files: Iterable[str | Path], out: Path | None = None) -> list[Path]:
    """List the files that are asked for, in order.

    Args:
        files: pictures, DICOM and NIfTI files; folders, whose files of these kinds are taken with those of
            their subfolders, sorted, hidden ones left out, and so are links that lead out of the folder; and
            patterns such as ``scans/*.png`` where no such file exists. What leads to nothing is kept, so
            that reading it says so.
        out: the output folder, if files are written; what an earlier prediction left in it is no input.

    Raises:
        UsageError: nothing is asked for, too much is, or a mask would be written over an input.
    """
    named = [path for file in files for path in _matches(Path(file))]
    if not named:
        raise UsageError("no files", mend="name files, folders or patterns")
    folders = (MASKS, OVERLAYS, VOLUMES, OBJECTS, PICTURES, PROBABILITIES)
    written = [] if out is None else [(out / folder).resolve() for folder in folders]
    for path in named:
        if any(folder in path.resolve().parents for folder in written):
            raise UsageError(f"{path} lies where results are written", mend="choose another output folder")
    found = [file for path in named for file in _inside(path, written)]
    if len(found) > MAX_FILES:
        raise UsageError(f"{len(found):,} files, more than {MAX_FILES:,}", mend="predict them in parts")
    return found


def find_scans(paths: Sequence[Path]) -> list[Scan]:
    """Put files together to scans: DICOM frames of one series to stacks, everything else by itself.

    Args:
        paths: files.

    Returns:
        Scans in the order of their first files; a DICOM file that cannot be read is a scan with an error.
    """
    kinds = [kind_of(path) for path in paths]
    dicom = list(dict.fromkeys(path for path, kind in zip(paths, kinds, strict=True) if kind == "dicom"))
    scans = [
        Scan(kind or "picture", (path,)) for path, kind in zip(paths, kinds, strict=True) if kind != "dicom"
    ]
    if dicom:
        scans += _dicom_scans(dicom)
    first = {path: row for row, path in reversed(list(enumerate(paths)))}
    return sorted(scans, key=lambda scan: min(first[file] for file in scan.files))


def result_names(scans: Sequence[Scan]) -> list[str]:
    """Name the results of every scan by its file or folder, numbered where another has that name already.

    Args:
        scans: in order.

    Returns:
        One name a scan, no two alike, not even to a file system that ignores case; a long one ends in its
        hash instead.
    """
    wanted = [_short(scan.name) for scan in scans]
    folded = {name.casefold() for name in wanted}
    taken: set[str] = set()
    names = []
    for first in wanted:
        name, number = first, 1
        while name.casefold() in taken or (number > 1 and name.casefold() in folded):
            number += 1
            name = f"{first}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _short(name: str) -> str:
    whole = os.fsencode(name)
    if len(whole) <= LONGEST:
        return name
    digest = hashlib.sha256(whole).hexdigest()[:8]
    return f"{whole[: LONGEST - len(digest) - 1].decode(errors='ignore')}-{digest}"


def _matches(path: Path) -> list[Path]:
    if path.exists():
        return [path]
    found = glob.glob(str(path), recursive=True)  # noqa: PTH207 (the pattern may be absolute)
    return sorted(map(Path, found)) or [path]


def _inside(path: Path, written: Sequence[Path]) -> list[Path]:
    if not path.is_dir():
        return [path]
    whole = path.resolve()
    found = [file for file in sorted(path.rglob("*")) if _wanted(file, path, whole, written)]
    return found or [path]


def _wanted(file: Path, folder: Path, whole: Path, written: Sequence[Path]) -> bool:
    if file.is_dir() or any(part.startswith(".") for part in file.relative_to(folder).parts):
        return False
    above = file.resolve().parents
    if any(place in above for place in written) or whole not in above:
        return False
    return kind_of(file) is not None


def _dicom_scans(paths: Sequence[Path]) -> list[Scan]:
    from brainmtl.imaging.dicom import list_frames
    from brainmtl.imaging.series import stack_frames

    def read(path: Path) -> "list[Frame] | InputError":
        try:
            return list_frames(path)
        except InputError as error:
            return error

    with threads() as pool:
        answers = list(pool.map(read, paths))
    frames = [frame for answer in answers if not isinstance(answer, InputError) for frame in answer]
    scans = [
        Scan("dicom", tuple(frame.file for frame in stack), frames=stack) for stack in stack_frames(frames)
    ]
    bad = zip(paths, answers, strict=True)
    return scans + [
        Scan("dicom", (path,), error=error) for path, error in bad if isinstance(error, InputError)
    ]
