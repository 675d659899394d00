"""Which kind of file holds a slice, told without opening it as one."""

from pathlib import Path
from typing import Literal

from brainmtl.imaging.picture import SUFFIXES as PICTURES

Kind = Literal["picture", "dicom", "nifti"]
DICOM = frozenset({".dcm", ".dicom", ".ima"})
NIFTI = (".nii", ".nii.gz")


def kind_of(path: Path) -> Kind | None:
    """Tell the kind of a file by its suffix, or, where that says nothing, by DICOM's mark (PS3.10, 7.1).

    Args:
        path: a file; it need not exist.

    Returns:
        ``None`` for what is not known to hold a slice. A DICOMDIR is an index, not a slice.
    """
    told = named_kind(path.name)
    return "dicom" if told is None and path.name.lower() != "dicomdir" and _marked(path) else told


def named_kind(name: str) -> Kind | None:
    """Tell the kind of a file by its suffix alone; ``None`` where it says nothing."""
    suffix = Path(name).suffix.lower()
    if name.lower().endswith(NIFTI):
        return "nifti"
    if suffix in PICTURES:
        return "picture"
    return "dicom" if suffix in DICOM else None


def stem(path: Path) -> str:
    """The name of a file without the suffix of its kind: many DICOM files are named by numbers with dots."""
    name, lower = path.name, path.name.lower()
    for suffix in sorted({*NIFTI, *PICTURES, *DICOM}, key=len, reverse=True):
        if lower.endswith(suffix) and len(lower) > len(suffix):
            return name[: -len(suffix)]
    return name


def _marked(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(132)[128:] == b"DICM"
    except OSError:
        return False
