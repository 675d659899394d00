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
    name = path.name.lower()
    if name.endswith(NIFTI):
        return "nifti"
    if path.suffix.lower() in PICTURES:
        return "picture"
    if path.suffix.lower() in DICOM:
        return "dicom"
    return "dicom" if name != "dicomdir" and _marked(path) else None


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
