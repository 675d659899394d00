"""A mask as a DICOM Segmentation that refers to its source images."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from brainmtl.imaging.dicom_object import MANUFACTURER, Maker, save_object
from brainmtl.imaging.volume import Place

SERIES_NUMBER = 9001
SHARED = ("PlaneOrientationSequence", "PixelMeasuresSequence")
"""What the frames of a stack have in common, and some sources say of each by itself."""


def write_segmentation(
    path: Path,
    masks: NDArray[np.bool_],
    places: Sequence[Place],
    sources: Sequence[Dataset],
    maker: Maker,
    unanswered: int = 0,
) -> Segmentation:
    """Write a DICOM-SEG with one binary segment; slices without tumour are left out.

    A multi-frame source may hold other stacks too: the object knows the frames of this one alone.

    Args:
        path: where to.
        masks: bool ``(D, H, W)`` as stored, with tumour somewhere.
        places: of the slices, in the same order.
        sources: of ``read_sources(places)``.
        maker: the model that found the tumour.
        unanswered: how many of the slices have an answer that should not be relied on; the object says so
            where viewers show it.

    Returns:
        The object written.

    Raises:
        InputError: the file cannot be written.
        Exception: of highdicom's and pydicom's many kinds, where the source lacks what the format demands,
            e.g. a frame of reference; or the slices are frames of several files.
    """
    frames = sorted(place.frame for place in places if place.frame is not None)
    made = Segmentation(
        source_images=[_only(source, frames) for source in sources] if frames else list(sources),
        pixel_array=_by_frame(masks, places, sources).astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[_tumour(maker)],
        series_instance_uid=maker.uid("segmentation series", sources),
        series_number=SERIES_NUMBER,
        sop_instance_uid=maker.uid("segmentation", sources),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=maker.model[:64],
        software_versions=maker.version,
        device_serial_number=maker.sha256,
        content_label="TUMOUR",
        content_description="Tumour found by a network. Research use only.",
        series_description=f"brainmtl tumour mask{_told(unanswered)} (research use only)",
    )
    made.DimensionOrganizationSequence[0].DimensionOrganizationUID = maker.uid("dimensions", sources)
    for index in made.DimensionIndexSequence:
        index.DimensionOrganizationUID = maker.uid("dimensions", sources)
    if frames:
        for image in _images(made):
            image.ReferencedFrameNumber = frames[int(image.ReferencedFrameNumber) - 1]
    maker.stamp(made)
    save_object(path, made)
    return made


def find_frame(made: Segmentation, source: Dataset, frame: int | None) -> int:
    """Find the frame of a segmentation, from 1, that was found on an image.

    Args:
        made: of :func:`write_segmentation`.
        source: the image's header.
        frame: which frame of it, from 1; ``None`` if it is the only one.

    Raises:
        StopIteration: there is none: no tumour was found on it.
    """
    return next(
        number
        for number, image in enumerate(_images(made), 1)
        if (image.ReferencedSOPInstanceUID, image.get("ReferencedFrameNumber"))
        == (source.SOPInstanceUID, frame)
    )


def _images(made: Segmentation) -> list[Dataset]:
    """The image that each frame was found on."""
    return [
        group.DerivationImageSequence[0].SourceImageSequence[0]
        for group in made.PerFrameFunctionalGroupsSequence
    ]


def _only(source: Dataset, frames: Sequence[int]) -> Dataset:
    """The header of a multi-frame file as if it had the frames of one stack only."""
    groups = source.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        return source
    kept, shared = copy(source), copy(source.SharedFunctionalGroupsSequence[0])
    kept.PerFrameFunctionalGroupsSequence = own = [groups[frame - 1] for frame in frames]
    kept.NumberOfFrames = len(frames)
    for keyword in SHARED:
        if keyword in own[0]:
            setattr(shared, keyword, own[0][keyword].value)
    kept.SharedFunctionalGroupsSequence = [shared]
    return kept


def _told(unanswered: int) -> str:
    return f", {unanswered} slice{'s' if unanswered > 1 else ''} abstained" if unanswered else ""


def _by_frame(
    masks: NDArray[np.bool_], places: Sequence[Place], sources: Sequence[Dataset]
) -> NDArray[np.bool_]:
    """The masks of a multi-frame source in the order of its frames."""
    numbers = [place.frame for place in places]
    if None in numbers:
        return masks
    if len(sources) > 1:
        raise ValueError("its slices are frames of several files")
    return masks[np.argsort(np.array(numbers))]


def _tumour(maker: Maker) -> Any:
    return SegmentDescription(
        segment_number=1,
        segment_label="tumour",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm,
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=maker.model[:64], family=codes.DCM.ArtificialIntelligence, version=maker.version
        ),
        tracking_uid=None,
    )
