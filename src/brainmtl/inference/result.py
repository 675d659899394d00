"""What a model says of one slice, and the files that say it of many."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from brainmtl.imaging.files import whole_file
from brainmtl.labels import CLASSES, ClassName

RESULTS = "results.json"
TABLE = "results.csv"
ARRAYS = ("mask_pixels", "mask_probabilities")
"""What a result holds beside its row."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a model says of one slice.

    Attributes:
        file: the picture as it was named; ``None`` for an array.
        slice: which slice of its scan, from 0: along a NIfTI file's slicing axis, or along the normal of a
            DICOM stack; ``None`` for a picture.
        status: ``"ok"``; ``"abstained"`` where the answer should not be relied on; or ``"error"`` where the
            file could not be read.
        reason: why not.
        class_name: the most probable class; ``None`` without a class head.
        probabilities: of every class, summing to 1.
        class_set: the classes that cannot be ruled out, the likeliest first; ``None`` where the package does
            not know.
        mask: path of the mask relative to the output folder: PNG, 0 or 255, at native size.
        mask_area_px: tumour pixels at native size.
        mask_area_mm2: the same in mm²; ``None`` where the file does not tell the size of a pixel.
        volume_ml: of the tumour in the whole scan, on each of its rows; ``None`` where its slices enclose
            none, or some of them could not be read.
        model: name of the model package.
        model_sha256: of its file.
        version: of brainmtl.
        overlay: path of the overlay relative to the output folder.
        width: columns of the slice.
        height: rows of the slice.
        longest_diameter_px: of any one lesion on this slice, in the slice's pixels.
        longest_diameter_mm: the same in mm.
        input_sha256: of the file.
        frame: which frame of a multi-frame DICOM file, from 1.
        nifti: path of the scan's mask as a NIfTI volume, relative to the output folder.
        dicom_seg: path of its DICOM-SEG.
        dicom_sr: path of its structured report.
        runtime: what computed it, and in which precision.
        warnings: what a reader of this row should know.
        picture: path of the slice as it was shown to the network, at native size: PNG, 8-bit grey.
        mask_probability: path of the mask's probabilities at native size: PNG, 255 is certain tumour.
        outlier_score: how unlike the slices that the model knows: above 1, so unlike that it abstains.
        mask_margin_px: how far outside the mask the tumour may reach, by the promise in the package.
        mask_margin_mm: the same in mm.
        mask_pixels: bool ``(height, width)``, where a single slice was predicted; never written to the row.
        mask_probabilities: uint8 ``(height, width)``, 255 is certain tumour; never written to the row.
    """

    file: str | None
    slice: int | None = None
    status: Literal["ok", "abstained", "error"] = "ok"
    reason: str | None = None
    class_name: ClassName | None = None
    probabilities: dict[ClassName, float] | None = None
    class_set: tuple[ClassName, ...] | None = None
    mask: str | None = None
    mask_area_px: int | None = None
    mask_area_mm2: float | None = None
    volume_ml: float | None = None
    model: str
    model_sha256: str
    version: str
    overlay: str | None = None
    width: int | None = None
    height: int | None = None
    longest_diameter_px: float | None = None
    longest_diameter_mm: float | None = None
    input_sha256: str | None = None
    frame: int | None = None
    nifti: str | None = None
    dicom_seg: str | None = None
    dicom_sr: str | None = None
    runtime: str | None = None
    warnings: tuple[str, ...] = ()
    picture: str | None = None
    mask_probability: str | None = None
    outlier_score: float | None = None
    mask_margin_px: float | None = None
    mask_margin_mm: float | None = None
    mask_pixels: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)
    mask_probabilities: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def row(self) -> dict[str, Any]:
        """The row of ``results.json``: plain values under the contract's names, in its order."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ARRAYS}
        return {
            "class" if name == "class_name" else name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    def files(self) -> list[str]:
        """The files that the row speaks of, relative to the output folder."""
        named = (
            self.mask,
            self.overlay,
            self.picture,
            self.mask_probability,
            self.nifti,
            self.dicom_seg,
            self.dicom_sr,
        )
        return [file for file in named if file is not None]

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Result":
        """Undo :meth:`row`, also after JSON."""
        values: dict[str, Any] = {
            "class_name" if name == "class" else name: tuple(value) if isinstance(value, list) else value
            for name, value in row.items()
        }
        return cls(**values)


def write_results(results: Sequence[Result], out: Path) -> None:
    """Write ``results.json`` and ``results.csv``, each whole or not at all.

    Args:
        results: in the order of the inputs.
        out: the folder.

    Raises:
        InputError: the folder cannot be written.
    """
    rows = [result.row() for result in results]
    with whole_file(out / RESULTS) as temporary:
        temporary.write_text(json.dumps(rows, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with (
        whole_file(out / TABLE) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="surrogateescape") as handle,
    ):
        flat = [_flatten(row) for row in rows]
        table = csv.DictWriter(handle, list(flat[0]) if flat else [])
        table.writeheader()
        table.writerows(flat)


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    """One ``p_<class>`` column a class, as ``brainmtl score --labels`` reads them."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name == "probabilities":
            flat |= {f"p_{label}": value and value[label] for label in CLASSES}
        else:
            separator = "; " if name == "warnings" else " "
            flat[name] = separator.join(value) if isinstance(value, list) else value
    return flat
