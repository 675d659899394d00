"""A mask as a DICOM Segmentation that refers to its source images."""

from collections.abc import Sequence
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


def write_segmentation(
    path: Path,
    masks: NDArray[np.bool_],
    places: Sequence[Place],
    sources: Sequence[Dataset],
    maker: Maker,
    unanswered: int = 0,
) -> Segmentation:
    """Write a DICOM-SEG with one binary segment; slices without tumour are left out.

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
            e.g. a frame of reference.
    """
    made = Segmentation(
        source_images=list(sources),
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
    maker.stamp(made)
    save_object(path, made)
    return made


def _told(unanswered: int) -> str:
    return f", {unanswered} slice{'s' if unanswered > 1 else ''} abstained" if unanswered else ""


def _by_frame(
    masks: NDArray[np.bool_], places: Sequence[Place], sources: Sequence[Dataset]
) -> NDArray[np.bool_]:
    """A multi-frame source wants a mask for each of its frames, in their order."""
    if places[0].frame is None:
        return masks
    whole = np.zeros((int(sources[0].NumberOfFrames), *masks.shape[1:]), bool)
    whole[[(place.frame or 1) - 1 for place in places]] = masks
    return whole


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
