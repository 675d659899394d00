"""What was measured of a tumour, as a DICOM structured report (TID 1500) that refers to its segmentation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from highdicom.seg import Segmentation
from highdicom.sr import (
    AlgorithmIdentification,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    ReferencedSegmentationFrame,
    SourceImageForSegmentation,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from brainmtl.imaging.dicom_object import MANUFACTURER, OURS, Maker, save_object
from brainmtl.imaging.unanswered import Unanswered, name_unanswered

SERIES_NUMBER = 9002
MILLILITRE = Code("mL", "UCUM", "milliliter")
PROBABILITY = Code("probability", OURS, "Probability of the class")
CLASS = Code("class", OURS, "Class of the tumour")


@dataclass(frozen=True)
class Finding:
    """What was measured of the tumour of a scan; ``None`` where it is unknown.

    Attributes:
        volume_ml: of the whole tumour; with it, the report speaks of the volume, and without it, of the
            slice.
        area_mm2: on the slice where it is largest.
        diameter_mm: the longest, on any slice.
        class_name: the likeliest class, e.g. ``"glioma"``.
        probability: of that class.
    """

    volume_ml: float | None
    area_mm2: float | None
    diameter_mm: float | None
    class_name: str | None
    probability: float | None


def write_report(
    path: Path,
    finding: Finding,
    segmentation: Segmentation,
    largest: int,
    sources: Sequence[Dataset],
    maker: Maker,
    unanswered: Sequence[Unanswered] = (),
) -> None:
    """Write a measurement report as a Comprehensive 3D SR.

    Args:
        path: where to.
        finding: what was measured.
        segmentation: the object it was measured on, whose one segment is the tumour.
        largest: the segmentation's frame where the tumour is largest, from 1.
        sources: the source images' headers.
        maker: the model.
        unanswered: slices whose answer should not be relied on; each is named, with the reason.

    Raises:
        InputError: the file cannot be written.
        Exception: of highdicom's and pydicom's many kinds, where the source lacks what the format demands.
    """
    report = MeasurementReport(
        observation_context=ObservationContext(
            observer_device_context=ObserverContext(
                observer_type=codes.DCM.Device,
                observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                    uid=maker.uid("device", sources),
                    name=f"{MANUFACTURER} {maker.version}, research use only",
                    manufacturer_name=MANUFACTURER,
                    model_name=maker.model,
                    serial_number=maker.sha256,
                ),
            )
        ),
        procedure_reported=Code("24590-2", "LN", "Brain MRI"),
        imaging_measurements=[
            _group(finding, segmentation, largest, sources, maker),
            *(name_unanswered(one, sources, maker) for one in unanswered),
        ],
        title=codes.DCM.ImagingMeasurementReport,
    )
    made = Comprehensive3DSR(
        evidence=[segmentation, *sources],
        content=report[0],
        series_instance_uid=maker.uid("report series", sources),
        series_number=SERIES_NUMBER,
        sop_instance_uid=maker.uid("report", sources),
        instance_number=1,
        manufacturer=MANUFACTURER,
        series_description="brainmtl measurements (research use only)",
    )
    maker.stamp(made)
    save_object(path, made)


def _group(
    finding: Finding, segmentation: Segmentation, largest: int, sources: Sequence[Dataset], maker: Maker
) -> PlanarROIMeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations:
    said = {
        "tracking_identifier": TrackingIdentifier(maker.uid("tumour", sources), "tumour"),
        "finding_type": codes.SCT.Neoplasm,
        "algorithm_id": AlgorithmIdentification(maker.model, maker.version),
        "measurements": _measurements(finding),
        "qualitative_evaluations": [
            QualitativeEvaluation(CLASS, Code(finding.class_name, OURS, finding.class_name.replace("_", " ")))
        ]
        if finding.class_name
        else None,
    }
    if finding.volume_ml is None:
        frame = ReferencedSegmentationFrame(
            segmentation.SOPClassUID, segmentation.SOPInstanceUID, largest, 1, _source(segmentation, largest)
        )
        del frame[0].ReferencedSOPSequence[0].ReferencedSegmentNumber  # a frame says it already (PS3.3, 10.3)
        return PlanarROIMeasurementsAndQualitativeEvaluations(referenced_segment=frame, **said)
    whole = ReferencedSegment(
        segmentation.SOPClassUID,
        segmentation.SOPInstanceUID,
        1,
        source_series=SourceSeriesForSegmentation(sources[0].SeriesInstanceUID),
    )
    return VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=whole, **said)


def _source(segmentation: Segmentation, number: int) -> SourceImageForSegmentation:
    """The image that a frame of the segmentation was found on."""
    group = segmentation.PerFrameFunctionalGroupsSequence[number - 1]
    source = group.DerivationImageSequence[0].SourceImageSequence[0]
    frame = source.get("ReferencedFrameNumber")
    return SourceImageForSegmentation(
        source.ReferencedSOPClassUID,
        source.ReferencedSOPInstanceUID,
        None if frame is None else [int(frame)],
    )


def _measurements(finding: Finding) -> list[Measurement]:
    values = (
        (codes.SCT.Volume, finding.volume_ml, MILLILITRE),
        (codes.SCT.Area, finding.area_mm2, codes.UCUM.SquareMillimeter),
        (codes.SCT.LongAxis, finding.diameter_mm, codes.UCUM.Millimeter),
        (PROBABILITY, finding.probability, codes.UCUM.NoUnits),
    )
    return [Measurement(name, value, unit) for name, value, unit in values if value is not None]
