"""What all DICOM objects that we make have in common: their maker, and nothing needless of the patient."""

import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from brainmtl.imaging.dicom import open_dicom
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.volume import Place

# highdicom doubts every name of one word; a source may call its patient as it likes.
warnings.filterwarnings("ignore", module=r"highdicom\b")

MANUFACTURER: Final = "brainmtl"
OURS: Final = "99BRAINMTL"
"""Designator of codes of our own: private schemes start with 99 (PS3.16, 8.2). Code values stay within 16
characters, for not every reader knows longer ones."""
FILED_UNDER: Final = frozenset(
    {
        "SOPClassUID",
        "SOPInstanceUID",
        "Modality",
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
    }
)
"""What an object must repeat so that an archive lays it beside its source: the patient's and the study's
attributes of type 1 and 2 (PS3.3, C.7.1.1 and C.7.2.1). The physicians, the institution, age, weight,
history, comments and every private element stay behind."""
UNICODE: Final = "ISO_IR 192"
NEVER_ABSENT: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
)
"""Those of type 2: empty where the source has none."""
GEOMETRY: Final = frozenset({0x0018, 0x0020, 0x0028, 0x5200})
"""Groups of elements that tell how the image lies."""


@dataclass(frozen=True)
class Maker:
    """The model that speaks.

    Attributes:
        model: its name.
        sha256: of its package.
        version: of brainmtl.
        started: when the batch began; an object made again in the same batch is the same to the last byte.
        found: what tells its findings of one scan from those of another, e.g. a hash of the masks.
    """

    model: str
    sha256: str
    version: str
    started: datetime
    found: str = ""

    def uid(self, kind: str, sources: Sequence[Dataset]) -> UID:
        """Name an object after what it was made of, by what, and when (a UUID, PS3.5 annex B.2)."""
        images = (source.SOPInstanceUID for source in sources)
        parts = (kind, self.sha256, self.version, self.started.isoformat(), self.found, *images)
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '|'.join(map(str, parts))).int}")

    def stamp(self, made: Dataset) -> None:
        """Date an object by the batch's start instead of by the clock."""
        made.InstanceCreationDate = made.ContentDate = self.started.strftime("%Y%m%d")
        made.InstanceCreationTime = made.ContentTime = self.started.strftime("%H%M%S")
        for equipment in made.get("ContributingEquipmentSequence", ()):
            equipment.ContributionDateTime = self.started.strftime("%Y%m%d%H%M%S")


def read_sources(places: Sequence[Place]) -> dict[Path, Dataset]:
    """Read the headers that an object refers to, without what it has no need of.

    Args:
        places: of the slices; a multi-frame file is read once.

    Returns:
        One data set a file, in order.
    """
    files = dict.fromkeys(place.file for place in places)
    return {file: _needed(open_dicom(file, pixels=False)[0]) for file in files}


def save_object(path: Path, made: Dataset) -> None:
    """Write a DICOM object, whole or not at all.

    Args:
        path: where to.
        made: the object.

    Raises:
        InputError: the file cannot be written.
    """
    with whole_file(path) as temporary:
        made.save_as(temporary, enforce_file_format=True)


def _needed(source: Dataset) -> Dataset:
    """What an object repeats of its source, in Unicode: highdicom does not know every set of characters."""
    source.decode()
    kept = Dataset()
    for keyword in NEVER_ABSENT:
        setattr(kept, keyword, None)
    for element in source:
        if element.tag.group in GEOMETRY or element.keyword in FILED_UNDER:
            kept.add(DataElement(element.tag, "PN", str(element.value)) if element.VR == "PN" else element)
    kept.SpecificCharacterSet = UNICODE
    kept.file_meta = source.file_meta
    return kept
