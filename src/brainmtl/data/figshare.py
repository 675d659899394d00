"""Figshare (Cheng 2017, doi 10.6084/m9.figshare.1512427; CC BY 4.0): MATLAB files that name the patient.

A file is MATLAB v7.3, which is HDF5, and holds arrays transposed. A slice becomes an 8-bit PNG, because that
is what every other room reads: its int16 values are scaled from its own darkest to its own brightest pixel
(the darkest is 0 in this set), as any picture deeper than 8 bits is (:mod:`brainmtl.imaging.picture`).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from brainmtl.data.rows import Row, every_row, file_cells
from brainmtl.data.sides import draw_sides
from brainmtl.errors import InputError
from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.picture import write_picture
from brainmtl.labels import ClassName

LABELS: dict[int, ClassName] = {1: "meningioma", 2: "glioma", 3: "pituitary"}
SLICES = 3064
FOLDS_FILE = "cvind.mat"
NUMBER = re.compile(r"\d+")
MEND = "download it again"


def index_figshare(
    root: Path, pictures: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[pd.DataFrame, list[str]]:
    """Turn a folder of ``N.mat`` files into pictures and a manifest.

    The set has no test split: every slice is for training, and ``patient-5fold`` measures it. Where
    ``cvind.mat`` lies in the folder and parts no person, its five folds are the manifest's.

    Args:
        root: the folder that holds the ``.mat`` files, or the four folders that their archives become.
        pictures: the folder for ``images/N.png`` and ``masks/N.png``; files of the same name are replaced.
        progress: called with slices converted and slices in all.

    Returns:
        The manifest, and warnings.

    Raises:
        InputError: there is no slice, a number occurs twice, a file is not as the set's are (no picture is
            written then), or a picture cannot be written.
    """
    files = figshare_files(root)
    if not files:
        raise InputError("no <number>.mat in it", where=root, mend="pass the folder that holds them")
    for path in files:
        _check(path)
    table = pd.DataFrame(every_row(lambda path: _row(path, pictures), files, progress))
    persons = table["patient"].map(person_of)
    manifest = draw_sides(table, persons, root, progress=progress)
    folds, warnings = _own_folds(root, manifest)
    if folds is not None:
        manifest["fold"] = folds
    if len(files) != SLICES:
        warnings.append(f"{len(files)} of the set's {SLICES} slices")
    return manifest, warnings


def figshare_files(root: Path) -> list[Path]:
    """The slices in a folder, by number; an empty list where it is no Figshare folder.

    Args:
        root: any folder.
    """
    found = [*root.glob("*.mat"), *root.glob("brainTumorDataPublic*/*.mat")]
    return sorted((path for path in found if NUMBER.fullmatch(path.stem)), key=_number)


def person_of(patient: str) -> str:
    """Who a patient id stands for.

    Ids that differ only in a last letter are taken for repeat examinations of one person.

    Args:
        patient: an id as the files have it, e.g. ``MR029209E``.
    """
    return re.sub(r"(?<=\d)[A-Z]$", "", patient)


def _number(path: Path) -> int:
    return int(path.stem)


def _check(path: Path) -> None:
    with _opened(path) as data:
        image, mask = data["image"], data["tumorMask"]
        if image.ndim != 2 or image.shape != mask.shape:
            raise InputError(
                f"the mask is {mask.shape}, its slice {image.shape}", where=path, field="tumorMask", mend=MEND
            )
        if _label(data) not in LABELS:
            raise InputError(f"{_label(data)} is not 1, 2 or 3", where=path, field="label", mend=MEND)
        if not _patient(data):
            raise InputError("is empty", where=path, field="PID", mend=MEND)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with h5py.File(path, "r") as file:
            yield file["cjdata"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = "not as this set's files are: a field of cjdata is missing or of another kind"
        raise InputError(what, where=path, mend=MEND) from error
    except OSError as error:
        raise InputError("not a MATLAB v7.3 file, or cut short", where=path, mend=MEND) from error


def _label(data: Any) -> int:
    return int(data["label"][()].item())


def _patient(data: Any) -> str:
    return "".join(chr(code) for code in data["PID"][()].ravel())


def _row(path: Path, pictures: Path) -> Row:
    image, mask = (pictures / kind / f"{path.stem}.png" for kind in ("images", "masks"))
    with _opened(path) as data:
        pixels, marked = data["image"][()].T, data["tumorMask"][()].T > 0
        label, patient = LABELS[_label(data)], _patient(data)
    write_picture(image, to_eight_bits(pixels))
    write_mask(mask, marked)
    return {
        "id": f"figshare_{path.stem}",
        "label": label,
        "source": "figshare2017",
        "patient": patient,
        "series": patient,
        "position": int(path.stem),
        "split": "train",
        **file_cells(image, mask),
    }


def to_eight_bits(pixels: "NDArray[np.integer[Any]]") -> NDArray[np.uint8]:
    """Scale a slice from its darkest to its brightest pixel.

    Args:
        pixels: int16 ``(H, W)``.

    Returns:
        uint8 ``(H, W)``; zeros where every pixel is the same.
    """
    deep = pixels.astype(np.float64)
    low, high = float(deep.min()), float(deep.max())
    return np.rint((deep - low) * (255.0 / max(high - low, 1e-12))).astype(np.uint8)


def _own_folds(root: Path, table: pd.DataFrame) -> tuple["pd.Series[int] | None", list[str]]:
    """The set's five folds, from 0; none where there are none or where they part a group."""
    path = root / FOLDS_FILE
    if not path.exists():
        return None, []
    folds = _read_folds(path)
    numbers = table["id"].str.removeprefix("figshare_").astype(int).to_numpy()
    if numbers.max() > len(folds):
        raise InputError(f"{len(folds)} folds, and a slice {numbers.max()}", where=path, mend=MEND)
    own = pd.Series(pd.array(folds[numbers - 1] - 1, dtype="Int8"), index=table.index)
    parted = int((own.groupby(table["group"]).nunique() > 1).sum())
    if parted:
        return None, [f"{FOLDS_FILE} parts {parted} persons or look-alikes; folds were drawn anew"]
    return own, []


def _read_folds(path: Path) -> NDArray[np.int64]:
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                found = file["cvind"][()]
        else:
            found = loadmat(path, variable_names=["cvind"])["cvind"]
        folds = np.asarray(found).ravel().astype(np.int64)
    except (KeyError, OSError, ValueError, TypeError) as error:
        raise InputError("no folds in it", where=path, field="cvind", mend=MEND) from error
    if set(folds) - set(range(1, 6)):
        raise InputError("a fold is not 1 to 5", where=path, field="cvind", mend=MEND)
    return folds
