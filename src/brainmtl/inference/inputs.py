"""Which pictures a prediction is asked for, and what their results are called."""

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from brainmtl.errors import UsageError
from brainmtl.imaging.picture import SUFFIXES

MASKS = "masks"
OVERLAYS = "overlays"


def find_pictures(files: Iterable[str | Path], out: Path) -> list[Path]:
    """List the pictures that are asked for, in order.

    Args:
        files: pictures; folders, whose pictures are taken with those of their subfolders, sorted, hidden ones
            left out; and patterns such as ``scans/*.png`` where no such file exists. What leads to no picture
            is kept, so that reading it says so.
        out: the output folder; what an earlier prediction left in it is no input.

    Raises:
        UsageError: nothing is asked for, or a mask would be written over an input.
    """
    named = [path for file in files for path in _matches(Path(file))]
    if not named:
        raise UsageError("no pictures", mend="name files, folders or patterns")
    written = [(out / folder).resolve() for folder in (MASKS, OVERLAYS)]
    for path in named:
        if any(folder in path.resolve().parents for folder in written):
            raise UsageError(f"{path} lies where results are written", mend="choose another output folder")
    return [picture for path in named for picture in _inside(path, written)]


def result_names(paths: Sequence[Path]) -> list[str]:
    """Name the result of every picture by its stem, numbered where another has it already.

    Args:
        paths: pictures.

    Returns:
        One name a picture, no two alike, not even to a file system that ignores case.
    """
    stems = {path.stem.casefold() for path in paths}
    taken: set[str] = set()
    names = []
    for path in paths:
        name, number = path.stem, 1
        while name.casefold() in taken or (number > 1 and name.casefold() in stems):
            number += 1
            name = f"{path.stem}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _matches(path: Path) -> list[Path]:
    if path.exists():
        return [path]
    found = glob.glob(str(path), recursive=True)  # noqa: PTH207 (the pattern may be absolute)
    return sorted(map(Path, found)) or [path]


def _inside(path: Path, written: Sequence[Path]) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [
        picture
        for picture in sorted(path.rglob("*"))
        if picture.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in picture.relative_to(path).parts)
        and not any(folder in picture.resolve().parents for folder in written)
    ]
    return found or [path]
