"""The DICOM objects of a scan: its segmentation, and a report of what was measured."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.dicom_object import Maker, read_sources
from brainmtl.imaging.volume import Volume
from brainmtl.inference.inputs import OBJECTS
from brainmtl.inference.result import Result
from brainmtl.labels import CLASSES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from brainmtl.imaging.structured_report import Finding
    from brainmtl.imaging.unanswered import Unanswered


def write_objects(
    results: Sequence[Result], volume: Volume, name: str, out: Path, started: datetime
) -> list[Result]:
    """Write a DICOM-SEG and a structured report where tumour was found.

    Args:
        results: of the scan's slices, with ``mask_pixels``.
        volume: the scan.
        name: what its results are called.
        out: the output folder.
        started: when the batch began.

    Returns:
        The results with the objects' paths; with a warning instead where the source lacks what DICOM demands
        of such objects, e.g. a frame of reference.

    Raises:
        InputError: the output folder cannot be written.
    """
    upright = [result.mask_pixels for result in results if result.mask_pixels is not None]
    if not upright or not any(mask.any() for mask in upright):
        return list(results)
    masks = volume.view.stored(np.stack(upright))
    segmentation, report = f"{OBJECTS}/{name}_seg.dcm", f"{OBJECTS}/{name}_sr.dcm"
    try:
        _write(masks, results, volume, out / segmentation, out / report, started)
    except InputError:
        raise
    except Exception as error:  # highdicom raises anything on sources that lack something
        said = str(error).strip().splitlines() or [type(error).__name__]
        (out / segmentation).unlink(missing_ok=True)
        told = f"no DICOM-SEG: none could be made of this source ({said[0]})"
        return [replace(result, warnings=(*result.warnings, told)) for result in results]
    return [replace(result, dicom_seg=segmentation, dicom_sr=report) for result in results]


def _write(
    masks: NDArray[np.bool_],
    results: Sequence[Result],
    volume: Volume,
    segmentation: Path,
    report: Path,
    started: datetime,
) -> None:
    from brainmtl.imaging.segmentation_object import find_frame, write_segmentation
    from brainmtl.imaging.structured_report import write_report

    said = results[0]
    digest = hashlib.sha256(repr([place.frame for place in volume.places]).encode() + masks.tobytes())
    maker = Maker(said.model, said.model_sha256, said.version, started, digest.hexdigest())
    headers = read_sources(volume.places)
    sources = list(headers.values())
    unanswered = _unanswered(results, volume, headers)
    made = write_segmentation(segmentation, masks, volume.places, sources, maker, len(unanswered))
    place = volume.places[int(masks.sum(axis=(1, 2)).argmax())]
    largest = find_frame(made, headers[place.file], place.frame)
    write_report(report, _finding(results), made, largest, sources, maker, unanswered)


def _unanswered(
    results: Sequence[Result], volume: Volume, headers: "Mapping[Path, Dataset]"
) -> "list[Unanswered]":
    from brainmtl.imaging.unanswered import Unanswered

    return [
        Unanswered(row, headers[place.file], place.frame, result.reason or "")
        for row, (result, place) in enumerate(zip(results, volume.places, strict=True))
        if result.status == "abstained"
    ]


def _finding(results: Sequence[Result]) -> "Finding":
    """The tumour of the whole scan; its class is the likeliest over its slices, weighted by area."""
    from brainmtl.imaging.structured_report import Finding

    areas = np.array([result.mask_area_px or 0 for result in results], float)
    sure: dict[str, float] = {}
    if all(result.probabilities for result in results):
        shares = np.array([[(result.probabilities or {})[name] for name in CLASSES] for result in results])
        sure = dict(zip(CLASSES, (areas @ shares / areas.sum()).tolist(), strict=True))
    likeliest = max(sure, key=lambda name: sure[name], default=None)
    return Finding(
        volume_ml=results[0].volume_ml,
        area_mm2=max((result.mask_area_mm2 for result in results if result.mask_area_mm2), default=None),
        diameter_mm=max(
            (result.longest_diameter_mm for result in results if result.longest_diameter_mm), default=None
        ),
        class_name=likeliest,
        probability=round(sure[likeliest], 6) if likeliest else None,
    )
