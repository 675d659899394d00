"""Slices whose answer should not be relied on, as a structured report names them."""

from collections.abc import Sequence
from dataclasses import dataclass

from highdicom.sr import (
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from brainmtl.imaging.dicom_object import OURS, Maker

ANSWER = Code("answer", OURS, "Answer of the model")
ABSTAINED = Code("abstained", OURS, "Abstained: not to be relied on")


@dataclass(frozen=True)
class Unanswered:
    """A slice on which the model abstained.

    Attributes:
        slice: which of its scan, from 0, as results number it.
        source: header of the image that it lies in.
        frame: of a multi-frame image, from 1.
        reason: why, in a sentence.
    """

    slice: int
    source: Dataset
    frame: int | None
    reason: str


def name_unanswered(
    one: Unanswered, sources: Sequence[Dataset], maker: Maker
) -> MeasurementsAndQualitativeEvaluations:
    """Name a slice and the reason as a measurement group without measurements (TID 1501).

    Args:
        one: the slice.
        sources: the source images' headers.
        maker: the model.
    """
    image = SourceImageForMeasurementGroup(
        one.source.SOPClassUID, one.source.SOPInstanceUID, None if one.frame is None else [one.frame]
    )
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            maker.uid(f"abstained on {one.slice}", sources), f"slice {one.slice}"
        ),
        qualitative_evaluations=[QualitativeEvaluation(ANSWER, ABSTAINED)],
        source_images=[image],
    )
    reason = TextContentItem(codes.DCM.Comment, one.reason, RelationshipTypeValues.CONTAINS)
    group[0].ContentSequence.append(reason)
    return group
