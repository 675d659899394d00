"""DICOM files opened within limits, and the frames they hold."""

import hashlib
import io
import logging
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from brainmtl.errors import InputError
from brainmtl.imaging.deflated import Watched
from brainmtl.imaging.limits import MAX_BYTES, check_bytes, check_scan

# pydicom tells of every oddity on stderr; what matters to a reader of masks is told as warnings of a slice.
warnings.filterwarnings("ignore", module=r"pydicom\b")
logging.getLogger("pydicom").setLevel(logging.ERROR)

NO_SLICE = {"SEG": "a segmentation", "RTDOSE": "a dose map", "PR": "a presentation state"}
"""Modalities whose objects may hold pixels that are no slice."""
TRAITS = (
    ("MREchoSequence", "EffectiveEchoTime", "EchoNumbers"),
    ("MREchoSequence", "EffectiveEchoTime", "EchoTime"),
    ("FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIdentifier"),
    ("MRDiffusionSequence", "DiffusionBValue", "DiffusionBValue"),
    ("MRImageFrameTypeSequence", "FrameType", "ImageType"),
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "TriggerTime"),
    ("FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber"),
)
"""What may tell images at one place apart, the surest first: a functional group, its attribute (PS3.3,
C.7.6.16 and C.8.13.5), and the attribute of files without such groups."""
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Frame:
    """One image of a DICOM file, known from its header alone.

    Attributes:
        file: where it lies.
        index: which frame of the file, from 0.
        count: how many the file has.
        series: Series Instance UID.
        number: Instance Number.
        shape: rows and columns.
        modality: e.g. ``"MR"``.
        burnt_in: Burned In Annotation: ``"YES"``, ``"NO"``, or ``""`` where the file does not say.
        right: where a step to the next column leads, in DICOM's axes; ``None`` where unknown.
        down: where a step to the next row leads.
        position: centre of the first pixel in mm.
        pixel_mm: height and width of a pixel.
        traits: what the file says of each of :data:`TRAITS`, as text; ``""`` where nothing.
        unsure: whether nothing tells which images of its series belong with it; set where stacks are made.
    """

    file: Path
    index: int
    count: int
    series: str
    number: int
    shape: tuple[int, int]
    modality: str
    burnt_in: str
    right: Triple | None
    down: Triple | None
    position: Triple | None
    pixel_mm: tuple[float, float] | None
    traits: tuple[str, ...]
    unsure: bool = False

    @property
    def order(self) -> tuple[int, str, int]:
        """What its series is sorted by where space does not say."""
        return self.number, str(self.file), self.index

    @property
    def normal(self) -> NDArray[np.float64] | None:
        """Unit vector from slice to slice; ``None`` where unknown."""
        return None if self.right is None or self.down is None else np.cross(self.right, self.down)


def open_dicom(path: Path, *, pixels: bool = True) -> tuple[Dataset, str]:
    """Open a DICOM file.

    Args:
        path: the file, with or without DICOM's preamble.
        pixels: read pixels too.

    Returns:
        The data set, and the file's SHA-256 (empty without pixels).

    Raises:
        InputError: missing, empty, too large, or not DICOM.
    """
    check_bytes(path)
    try:
        if pixels:
            content = path.read_bytes()
            dataset, sha256 = _parse(io.BytesIO(content), path), hashlib.sha256(content).hexdigest()
        else:
            with path.open("rb") as file:
                dataset, sha256 = _parse(file, path, stop_before_pixels=True), ""
    except InputError:
        raise
    except Exception as error:  # pydicom raises anything on broken bytes
        raise _broken(error, path) from error
    if "SOPClassUID" not in dataset and "Rows" not in dataset:
        raise InputError("not a DICOM file", where=path, mend="pass PNG, JPEG, TIFF, DICOM or NIfTI")
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit = dataset.original_encoding[0]
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return dataset, sha256


def list_frames(path: Path) -> list[Frame]:
    """List the frames of a DICOM file.

    Args:
        path: the file.

    Returns:
        At least one, in the file's order.

    Raises:
        InputError: not DICOM, no image, or larger than a scan can be.
    """
    dataset, _ = open_dicom(path, pixels=False)
    try:
        return _frames(dataset, path)
    except InputError:
        raise
    except Exception as error:
        raise _broken(error, path) from error


def group_value(dataset: Dataset, index: int, sequence: str, keyword: str) -> Any:
    """Find what a file says of one frame: in its own functional group, in the shared one, or plainly.

    Args:
        dataset: of the file.
        index: of the frame, from 0.
        sequence: keyword of the functional group (PS3.3, C.7.6.16).
        keyword: of the attribute.
    """
    own, shared = (
        dataset.get("PerFrameFunctionalGroupsSequence"),
        dataset.get("SharedFunctionalGroupsSequence"),
    )
    for group in (own[index] if own and index < len(own) else None, shared[0] if shared else None):
        if group is not None and group.get(sequence):
            return group[sequence].value[0].get(keyword)
    return dataset.get(keyword)


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Read finite numbers; ``None`` unless there are ``count``."""
    try:
        found = tuple(float(one) for one in value)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def _frames(dataset: Dataset, path: Path) -> list[Frame]:
    modality = str(dataset.get("Modality") or "")
    if modality in NO_SLICE:
        raise InputError(
            f"holds {NO_SLICE[modality]}, not a slice", where=path, mend="pass its source images"
        )
    if not dataset.get("Rows") or not dataset.get("Columns"):
        raise InputError("holds no image", where=path, mend="pass DICOM images")
    count = int(dataset.get("NumberOfFrames") or 1)
    check_scan(count, int(dataset.Columns), int(dataset.Rows), path)
    return [_frame(dataset, path, index, count, modality) for index in range(count)]


def _frame(dataset: Dataset, path: Path, index: int, count: int, modality: str) -> Frame:
    directions = numbers(
        group_value(dataset, index, "PlaneOrientationSequence", "ImageOrientationPatient"), 6
    )
    if directions is not None and not _perpendicular(directions):
        directions = None
    spacing = numbers(group_value(dataset, index, "PixelMeasuresSequence", "PixelSpacing"), 2)
    right, down = (directions[:3], directions[3:]) if directions else (None, None)
    return Frame(
        file=path,
        index=index,
        count=count,
        series=str(dataset.get("SeriesInstanceUID") or path),
        number=int(dataset.get("InstanceNumber") or 0),
        shape=(int(dataset.Rows), int(dataset.Columns)),
        modality=modality,
        burnt_in=str(dataset.get("BurnedInAnnotation") or "").upper(),
        right=right,  # type: ignore[arg-type]
        down=down,  # type: ignore[arg-type]
        position=_position(dataset, index, count, directions),  # type: ignore[arg-type]
        pixel_mm=spacing if spacing and min(spacing) > 0 else None,  # type: ignore[arg-type]
        traits=tuple(_trait(dataset, index, *names) for names in TRAITS),
    )


def _trait(dataset: Dataset, index: int, sequence: str, keyword: str, plain: str) -> str:
    value = group_value(dataset, index, sequence, keyword)
    value = dataset.get(plain) if value is None else value
    return "" if value is None else str(value)


def _position(
    dataset: Dataset, index: int, count: int, directions: tuple[float, ...] | None
) -> tuple[float, ...] | None:
    position = numbers(group_value(dataset, index, "PlanePositionSequence", "ImagePositionPatient"), 3)
    if position is None or count == 1 or "PerFrameFunctionalGroupsSequence" in dataset:
        return position
    # A classic multi-frame file gives the first frame's place and the step.
    step = numbers([dataset.get("SpacingBetweenSlices")], 1)
    if directions is None or step is None:
        return None
    normal = np.cross(directions[:3], directions[3:])
    return tuple(float(value) for value in np.array(position) + index * step[0] * normal)


def _perpendicular(directions: tuple[float, ...]) -> bool:
    right, down = np.array(directions[:3]), np.array(directions[3:])
    return bool(np.allclose([right @ right, down @ down, right @ down], [1, 1, 0], atol=0.01))


def _parse(file: BinaryIO, path: Path, stop_before_pixels: bool = False) -> Dataset:
    watched = cast(BinaryIO, Watched(file, path, MAX_BYTES))
    dataset = dcmread(watched, force=True, stop_before_pixels=stop_before_pixels)
    dataset.buffer = None  # what it was read from is not kept alive with it
    return dataset


def _broken(error: Exception, path: Path) -> InputError:
    return InputError(f"cannot be read as DICOM: {error}", where=path, mend="export or download it again")
