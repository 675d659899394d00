"""What is no answer is called so in the DICOM objects too, where a viewer shows it."""

from collections.abc import Callable
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from validator import validated

from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.inference.predict import predict_files

WINDOW = {"WindowCenter": "500", "WindowWidth": "1000", "VOILUTFunction": "LINEAR_EXACT"}


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A bright block on slices 1–4 of six; the others are blank."""
    values = np.full((6, 64, 64), 100, np.uint16)
    values[1:5, 20:40, 20:40] = 900
    return values


def text_of(group: pydicom.Dataset) -> str:
    items = [item for item in group.ContentSequence if item.ValueType == "TEXT"]
    (comment,) = [item for item in items if item.name == codes.DCM.Comment]
    return comment.TextValue


def test_the_report_names_each_abstained_slice_and_why(
    package: ModelPackage, write_series, head, tmp_path: Path
):
    files = write_series(tmp_path / "scan", head, **WINDOW)
    results = predict_files(package, [tmp_path / "scan"], tmp_path / "out")
    path = tmp_path / "out" / results[0].dicom_sr
    report = highdicom.sr.srread(path)
    abstained = [result for result in results if result.status == "abstained"]
    assert [result.slice for result in abstained] == [0, 5]
    groups = report.content.get_image_measurement_groups()
    assert len(groups) == 2
    for group, result in zip(groups, abstained, strict=True):
        assert group.tracking_identifier == f"slice {result.slice}"
        (image,) = group.source_images
        assert image.referenced_sop_instance_uid == pydicom.dcmread(files[result.slice]).SOPInstanceUID
        (said,) = group.get_qualitative_evaluations()
        assert said.value.value == "abstained"
        assert text_of(group[0]) == result.reason
        assert result.reason.startswith("blank")
    assert len({group.tracking_uid for group in groups}) == 2
    assert len(report.content.get_volumetric_roi_measurement_groups()) == 1
    validated(path)


def test_the_segmentation_says_how_many_were_abstained(
    package: ModelPackage, write_series, head, tmp_path: Path
):
    write_series(tmp_path / "scan", head, **WINDOW)
    results = predict_files(package, [tmp_path / "scan"], tmp_path / "out")
    path = tmp_path / "out" / results[0].dicom_seg
    said = pydicom.dcmread(path).SeriesDescription
    assert said == "brainmtl tumour mask, 2 slices abstained (research use only)"
    validated(path)


def test_all_answered_is_said_by_silence(package: ModelPackage, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head[1:5], **WINDOW)
    results = predict_files(package, [tmp_path / "scan"], tmp_path / "out")
    assert {result.status for result in results} == {"ok"}
    made = pydicom.dcmread(tmp_path / "out" / results[0].dicom_seg)
    assert made.SeriesDescription == "brainmtl tumour mask (research use only)"
    report = highdicom.sr.srread(tmp_path / "out" / results[0].dicom_sr)
    assert report.content.get_image_measurement_groups() == []


def test_a_single_abstained_slice_with_a_mask(
    make_package: Callable[..., Path], taught: Callable[..., dict], write_series, head, tmp_path: Path
):
    rule = {"least": 0.999, "risk": 0.05, "confidence": 0.95, "answered": 0.9, "wrong": 0.01}
    model = load_package(make_package(certainty=taught(abstention=rule, familiarity=None)))
    write_series(tmp_path / "scan", head[2:3], **WINDOW)
    (result,) = predict_files(model, [tmp_path / "scan"], tmp_path / "out")
    assert result.reason.startswith("unsure of the class")
    made = pydicom.dcmread(tmp_path / "out" / result.dicom_seg)
    assert ", 1 slice abstained" in made.SeriesDescription
    report = highdicom.sr.srread(tmp_path / "out" / result.dicom_sr)
    (group,) = report.content.get_image_measurement_groups()
    assert text_of(group[0]) == result.reason
    assert len(report.content.get_planar_roi_measurement_groups()) == 1
    validated(tmp_path / "out" / result.dicom_sr)
