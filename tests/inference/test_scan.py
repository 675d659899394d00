"""Scans become masks in their own geometry, and DICOM objects that other tools accept and read back."""

import copy
import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from validator import validated

from brainmtl.errors import InputError
from brainmtl.inference.inputs import find_scans
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.inference.predict import predict_files, predict_scans
from brainmtl.labels import CLASSES

DEPTH, HEIGHT, WIDTH = 8, 64, 64
STEP, ROW, COLUMN = 5.0, 0.5, 0.75
WINDOW = {"WindowCenter": "500", "WindowWidth": "1000", "VOILUTFunction": "LINEAR_EXACT"}
IDENTIFYING = (b"A1", b"Doctor^Some", b"Some Hospital", b"055Y")
"""What the source says beyond what an object must repeat; ``A1``, the accession number, it must."""


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A bright ball of 10 mm radius on slices 2–5, and one stray bright pixel."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in (DEPTH, HEIGHT, WIDTH)), indexing="ij")
    ball = ((z - 3.5) * STEP) ** 2 + ((y - 25) * ROW) ** 2 + ((x - 40) * COLUMN) ** 2 <= 10**2
    values = np.where(ball, 900, 100).astype(np.uint16)
    values[6, 50:52, 10:12] = 900
    return values


@pytest.fixture
def predict(package: ModelPackage, tmp_path: Path):
    def run(*files: Path, **options):
        return predict_files(package, files, tmp_path / "out", **options)

    return run


def test_a_series_in_numbers(predict, write_series, head, tmp_path: Path):
    files = write_series(tmp_path / "scan", head, **WINDOW)
    results = predict(tmp_path / "scan")
    assert [result.file for result in results] == [str(file) for file in files]
    assert [result.slice for result in results] == list(range(DEPTH))
    ball = head > 500
    ball[6] = False
    areas = ball.sum(axis=(1, 2))
    assert [result.mask_area_px for result in results] == areas.tolist()
    assert [result.mask_area_mm2 for result in results] == pytest.approx(
        (areas * ROW * COLUMN).tolist(), abs=1e-3
    )
    volume = ball.sum() * ROW * COLUMN * STEP / 1000
    assert [result.volume_ml for result in results] == pytest.approx([volume] * DEPTH, abs=1e-3)
    assert results[3].longest_diameter_mm == pytest.approx(20, abs=1)
    assert "3-D consistency dropped 4 px" in results[6].warnings[0]
    for row, result in enumerate(results):
        with Image.open(tmp_path / "out" / result.mask) as mask:
            assert (np.asarray(mask) == np.where(ball[row], 255, 0)).all()
        assert len(result.input_sha256) == 64


def test_the_mask_lies_where_simple_itk_sees_the_series(predict, write_series, head, tmp_path: Path):
    sitk = pytest.importorskip("SimpleITK")
    oblique = {"right": (0.96, 0.28, 0), "down": (-0.168, 0.576, 0.8)}
    write_series(tmp_path / "scan", head, **oblique, **WINDOW)
    result = predict(tmp_path / "scan")[0]
    mask = sitk.ReadImage(str(tmp_path / "out" / result.nifti))
    source = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "scan")))
    assert mask.GetSize() == source.GetSize()
    for one, other in (
        (mask.GetOrigin(), source.GetOrigin()),
        (mask.GetSpacing(), source.GetSpacing()),
        (mask.GetDirection(), source.GetDirection()),
    ):
        assert one == pytest.approx(other, abs=1e-4)
    ball = sitk.GetArrayFromImage(source) > 500
    ball[6] = False
    assert (sitk.GetArrayFromImage(mask) == ball).all()


@pytest.mark.parametrize(
    "right", [(1, 0, 0), (-1, 0, 0), (0.96, 0.28, 0)], ids=["axial", "mirrored", "oblique"]
)
def test_the_segmentation_refers_to_its_source(predict, write_series, head, tmp_path: Path, right):
    files = write_series(tmp_path / "scan", head, right=right, down=(-right[1], right[0], 0), **WINDOW)
    result = predict(tmp_path / "scan")[0]
    path = tmp_path / "out" / result.dicom_seg
    validated(path)
    made = highdicom.seg.segread(path)
    sources = [pydicom.dcmread(file) for file in files]
    ball = head > 500
    ball[6] = False
    pixels = made.get_pixels_by_source_instance(
        [source.SOPInstanceUID for source in sources],
        ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )
    assert (pixels[..., 0] == ball).all()
    volume = made.get_volume(combine_segments=True)
    expected = highdicom.get_volume_from_series(sources)
    filled = np.zeros(expected.array.shape, bool)
    for place in np.argwhere(volume.array > 0):
        point = volume.map_indices_to_reference(place[None])
        filled[tuple(np.rint(expected.map_reference_to_indices(point)[0]).astype(int))] = True
    assert (filled == (expected.array > 500) & (expected.array != 900 * (~filled))).all()
    assert made.StudyInstanceUID == sources[0].StudyInstanceUID
    assert made.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
    assert made.ReferencedSeriesSequence[0].SeriesInstanceUID == sources[0].SeriesInstanceUID
    assert {
        item.ReferencedSOPInstanceUID for item in made.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    } <= {source.SOPInstanceUID for source in sources}


def test_the_report_says_what_was_measured(predict, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, **WINDOW)
    results = predict(tmp_path / "scan")
    path = tmp_path / "out" / results[0].dicom_sr
    validated(path)
    report = highdicom.sr.srread(path)
    (group,) = report.content.get_volumetric_roi_measurement_groups()
    said = {item.name.meaning: (item.value, item.unit.value) for item in group.get_measurements()}
    assert said["Volume"] == (pytest.approx(results[0].volume_ml), "mL")
    assert said["Area"] == (pytest.approx(max(result.mask_area_mm2 for result in results)), "mm2")
    assert said["Long axis"] == (
        pytest.approx(max(result.longest_diameter_mm or 0 for result in results)),
        "mm",
    )
    areas = np.array([result.mask_area_px for result in results])
    mean = [areas @ [result.probabilities[name] for result in results] / areas.sum() for name in CLASSES]
    assert said["Probability of the class"] == (pytest.approx(max(mean), abs=1e-5), "1")
    assert [item.value.value for item in group.get_qualitative_evaluations()] == [
        CLASSES[int(np.argmax(mean))]
    ]
    segmentation = pydicom.dcmread(tmp_path / "out" / results[0].dicom_seg)
    assert group.referenced_segment.referenced_sop_instance_uid == segmentation.SOPInstanceUID
    assert group.finding_type == codes.SCT.Neoplasm
    assert report.content[0].ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_a_single_slice_gets_a_report_of_the_slice(predict, write_series, head, tmp_path: Path):
    (file,) = write_series(tmp_path / "scan", head[3:4], **WINDOW)
    (result,) = predict(file)
    assert result.volume_ml is None
    assert result.nifti is None
    validated(tmp_path / "out" / result.dicom_seg)
    validated(tmp_path / "out" / result.dicom_sr)
    report = highdicom.sr.srread(tmp_path / "out" / result.dicom_sr)
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert {item.name.meaning for item in group.get_measurements()} >= {"Area", "Long axis"}


def test_the_report_of_an_uneven_series_points_at_its_largest_slice(
    predict, write_series, head, tmp_path: Path
):
    """highdicom orders the frames as it likes; the largest is neither the first nor in the middle."""
    slices = head.copy()
    slices[4][:, 40:] = 100
    heights = (0, 5, 10, 15, 20, 25, 31, 40)
    files = write_series(
        tmp_path / "scan", slices, **WINDOW, ImagePositionPatient=lambda number: [0, 0, heights[number]]
    )
    results = predict(tmp_path / "scan")
    areas = [result.mask_area_px for result in results]
    segmentation = highdicom.seg.segread(tmp_path / "out" / results[0].dicom_seg)
    report = highdicom.sr.srread(tmp_path / "out" / results[0].dicom_sr)
    (group,) = report.content.get_planar_roi_measurement_groups()
    (frame,) = group.referenced_segmentation_frame.referenced_frame_numbers
    assert segmentation.pixel_array[frame - 1].sum() == max(areas)
    source = pydicom.dcmread(files[int(np.argmax(areas))]).SOPInstanceUID
    image = group.referenced_segmentation_frame.source_image_for_segmentation
    assert image.referenced_sop_instance_uid == source


def test_objects_of_other_slices_have_other_names(package, write_series, head, tmp_path: Path):
    """In one second, with the first slice in common."""
    names = []
    for count in (DEPTH, 5, DEPTH):
        scans = find_scans(write_series(tmp_path / str(len(names)), head[:count], **WINDOW))
        options = {"overlay": False, "view": False, "batch_size": 8, "started": datetime(2025, 1, 1)}
        ((_, (result, *_)),) = predict_scans(package, scans, tmp_path / "out", **options)
        made = [pydicom.dcmread(tmp_path / "out" / file) for file in (result.dicom_seg, result.dicom_sr)]
        names.append([(one.SOPInstanceUID, one.SeriesInstanceUID) for one in made])
    assert names[0] == names[2]
    assert not {name for pair in names[0] for name in pair} & {name for pair in names[1] for name in pair}


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
    ids=["Japanese", "Korean"],
)
def test_names_in_any_script_are_repeated(predict, write_series, head, tmp_path: Path, charset, name):
    write_series(tmp_path / "scan", head, **WINDOW, SpecificCharacterSet=charset, PatientName=name)
    result = predict(tmp_path / "scan")[0]
    for file in (result.dicom_seg, result.dicom_sr):
        validated(tmp_path / "out" / file)
        made = pydicom.dcmread(tmp_path / "out" / file)
        assert (made.SpecificCharacterSet, str(made.PatientName)) == ("ISO_IR 192", name)


@pytest.mark.parametrize("tool", ["dcmdump", "SimpleITK"])
def test_independent_tools_open_the_objects(predict, write_series, head, tmp_path: Path, tool):
    write_series(tmp_path / "scan", head, **WINDOW)
    result = predict(tmp_path / "scan")[0]
    if tool == "SimpleITK":
        sitk = pytest.importorskip("SimpleITK")
        frames = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / result.dicom_seg)))
        assert (frames > 0).sum() == (head[2:6] > 500).sum()
        return
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmdump is not installed (Debian: dcmtk)")
    for file in (result.dicom_seg, result.dicom_sr):
        command = ["dcmdump", "--load-all", str(tmp_path / "out" / file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "E:" not in done.stderr


def test_nothing_identifying_beyond_what_dicom_demands(predict, write_series, head, tmp_path: Path):
    write_series(
        tmp_path / "scan", head, **WINDOW, PatientComments="Some Hospital", OperatorsName="Doctor^Some",
        PatientWeight="55", OtherPatientNames="Doctor^Some", ImageComments="Some Hospital",
    )  # fmt: skip
    predict(tmp_path / "scan")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == {".png", ".json", ".csv", ".gz", ".dcm"}
    for file in files:
        content = file.read_bytes()
        assert not [word for word in IDENTIFYING[1:] if word in content], file
        if file.suffix != ".dcm":
            assert b"Phantom^Some" not in content
            assert b"1.2.826.0.1.3680043" not in content
        else:
            made = pydicom.dcmread(file)
            assert (made.PatientName, made.PatientID, made.AccessionNumber) == ("Phantom^Some", "P1", "A1")
            assert not [element for element in made.iterall() if element.tag.is_private]


def test_what_dicom_does_not_allow_is_a_warning(predict, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, FrameOfReferenceUID=None, **WINDOW)
    results = predict(tmp_path / "scan")
    assert all(result.status != "error" and result.dicom_seg is None for result in results)
    assert any("no DICOM-SEG" in said for said in results[0].warnings)
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_no_tumour_and_no_wish_make_no_objects(predict, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, **WINDOW)
    assert predict(tmp_path / "scan", dicom=False)[0].dicom_seg is None
    write_series(tmp_path / "none", np.full_like(head, 50), series=2, **WINDOW)
    (result, *_) = predict(tmp_path / "none")
    assert (result.dicom_seg, result.volume_ml) == (None, 0)
    assert nibabel.load(tmp_path / "out" / result.nifti).get_fdata().sum() == 0


def enhanced(path: Path, slices: np.ndarray) -> Path:
    """One Enhanced MR file (PS3.3, A.36), its frames in reverse order of space."""
    made = Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4.1", "1.2.3.1"
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = "1.2.3.2", "1.2.3.3", "1.2.3.4"
    made.Modality, made.PatientName, made.PatientID, made.BurnedInAnnotation = (
        "MR",
        "Phantom^Some",
        "P1",
        "NO",
    )
    made.Rows, made.Columns, made.NumberOfFrames, made.InstanceNumber = *slices.shape[1:], len(slices), 1
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [ROW, COLUMN]
    shared.PixelMeasuresSequence[0].SliceThickness = STEP
    for number in range(len(slices)):
        frame = Dataset()
        frame.PlanePositionSequence, frame.FrameVOILUTSequence = [Dataset()], [Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, STEP * (len(slices) - number)]
        frame.FrameVOILUTSequence[0].WindowCenter, frame.FrameVOILUTSequence[0].WindowWidth = "500", "1000"
        frame.PixelValueTransformationSequence = [Dataset()]
        transformation = frame.PixelValueTransformationSequence[0]
        transformation.RescaleSlope, transformation.RescaleIntercept = str(number + 1), "0"
        frames.append(frame)
    made.SharedFunctionalGroupsSequence, made.PerFrameFunctionalGroupsSequence = [shared], frames
    made.PixelData = (slices[::-1] // np.arange(1, len(slices) + 1)[:, None, None]).astype("<u2").tobytes()
    made.save_as(path, enforce_file_format=True)
    return path


def test_enhanced_mr(predict, head, tmp_path: Path):
    results = predict(enhanced(tmp_path / "a.dcm", head))
    assert [result.frame for result in results] == list(range(DEPTH, 0, -1))
    ball = head > 500
    ball[6] = False
    assert [result.mask_area_px for result in results] == ball.sum(axis=(1, 2)).tolist()
    assert results[0].volume_ml == pytest.approx(ball.sum() * ROW * COLUMN * STEP / 1000, abs=1e-3)
    made = highdicom.seg.segread(tmp_path / "out" / results[0].dicom_seg)
    validated(tmp_path / "out" / results[0].dicom_sr)
    pixels = made.get_pixels_by_source_frame(
        "1.2.3.1",
        list(range(1, DEPTH + 1)),
        ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )
    assert (pixels[::-1, ..., 0] == ball).all()


def test_each_stack_of_a_file_has_objects_of_its_own(predict, head, tmp_path: Path):
    """Two echoes at each place, the second one without tumour on a slice; each frame says how it lies."""
    dataset = pydicom.dcmread(enhanced(tmp_path / "a.dcm", head))
    frames, orientation = [], dataset.SharedFunctionalGroupsSequence[0].pop("PlaneOrientationSequence")
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        frame.add(orientation)
        for echo in (10, 90):
            frames.append(copy.deepcopy(frame))
            frames[-1].MREchoSequence = [Dataset()]
            frames[-1].MREchoSequence[0].EffectiveEchoTime = echo
    pixels = dataset.pixel_array.repeat(2, axis=0)
    pixels[2 * (DEPTH - 1 - 5) + 1] = 0
    dataset.PerFrameFunctionalGroupsSequence, dataset.NumberOfFrames = frames, 2 * DEPTH
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset.save_as(tmp_path / "a.dcm")
    results = predict(tmp_path / "a.dcm")
    assert {result.frame % 2 for result in results[:DEPTH]} == {1}
    areas = {result.frame: result.mask_area_px for result in results if result.mask_area_px}
    assert len(areas) == 7
    found = {}
    for file in {result.dicom_seg for result in results}:
        validated(tmp_path / "out" / file)
        made = pydicom.dcmread(tmp_path / "out" / file)
        images = [
            group.DerivationImageSequence[0].SourceImageSequence[0]
            for group in made.PerFrameFunctionalGroupsSequence
        ]
        sums = made.pixel_array.sum(axis=(1, 2))
        found |= {image.ReferencedFrameNumber: area for image, area in zip(images, sums, strict=True)}
    assert found == areas


def test_frames_of_several_files_have_no_objects(predict, head, tmp_path: Path):
    for name, frames in (("a", slice(0, 4)), ("b", slice(4, 8))):
        dataset = pydicom.dcmread(enhanced(tmp_path / f"{name}.dcm", head[frames]))
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.1.{ord(name)}"
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            frame.PlanePositionSequence[0].ImagePositionPatient[2] += 4 * STEP * (name == "b")
        dataset.save_as(tmp_path / f"{name}.dcm")
    results = predict(tmp_path / "a.dcm", tmp_path / "b.dcm")
    assert results[0].volume_ml is not None
    assert {result.dicom_seg for result in results} == {None}
    assert "no DICOM-SEG: none could be made" in results[0].warnings[-1]


def test_nifti_and_dicom_of_one_head_agree(predict, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, **WINDOW)
    plain = predict(tmp_path / "scan")
    affine = np.diag([-COLUMN, -ROW, STEP, 1])
    nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), affine), tmp_path / "head.nii.gz")
    other = predict(tmp_path / "head.nii.gz")
    assert [result.slice for result in other] == list(range(DEPTH))
    assert [result.mask_area_mm2 for result in other] == [result.mask_area_mm2 for result in plain]
    assert other[0].volume_ml == plain[0].volume_ml
    mask = nibabel.load(tmp_path / "out" / other[0].nifti)
    assert (mask.affine == nibabel.load(tmp_path / "head.nii.gz").affine).all()
    assert mask.get_fdata().sum() == sum(result.mask_area_px for result in other)
    assert other[0].dicom_seg is None


def test_everything_in_one_batch(predict, write_series, head, tmp_path: Path):
    folder = tmp_path / "all"
    write_series(folder / "series", head, **WINDOW)
    nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), np.diag([1, 1, 4, 1])), folder / "b.nii.gz")
    Image.fromarray((head[3] / 4).astype(np.uint8)).save(folder / "a.png")
    (folder / "bad.dcm").write_bytes(b"no DICOM at all")
    (folder / "bad.nii").write_bytes(b"no NIfTI at all")
    seen: list[tuple[int, int]] = []
    results = predict(folder, progress=lambda *step: seen.append(step))
    assert [(Path(result.file).name, result.status == "error") for result in results] == [
        ("a.png", False), *[("b.nii.gz", False)] * DEPTH, ("bad.dcm", True), ("bad.nii", True),
        *[(f"1_{number:03}.dcm", False) for number in range(DEPTH)],
    ]  # fmt: skip
    assert seen[-1] == (len(results), len(results))
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == [result.row() for result in results]
    with (tmp_path / "out" / "results.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [line["volume_ml"] for line in table] == [
        "" if r.volume_ml is None else str(r.volume_ml) for r in results
    ]


def test_without_a_mask_head(make_package: Callable[..., Path], write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, **WINDOW)
    results = predict_files(
        load_package(make_package(task="classification")), [tmp_path / "scan"], tmp_path / "out"
    )
    assert all(
        result.class_name and result.mask_area_px is None and result.volume_ml is None for result in results
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["results.csv", "results.json"]


def test_a_blank_slice_abstains_and_the_scan_is_measured_all_the_same(
    predict, write_series, head, tmp_path: Path
):
    write_series(tmp_path / "scan", head, **WINDOW)
    results = predict(tmp_path / "scan")
    assert [result.slice for result in results if result.status == "abstained"][:2] == [0, 1]
    assert results[0].reason.startswith("blank")
    assert results[3].status == "ok"
    assert len({result.volume_ml for result in results}) == 1
    assert results[0].volume_ml > 0


@pytest.mark.parametrize(("sees", "shift"), [((1, 0, 0), -1), ((0, 1, 0), 0), ((0, 0, 1), 1)])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_a_volume_gives_neighbours_and_its_ends_give_themselves(
    make_package, tmp_path: Path, head, sees, shift, batch_size
):
    """The network paints what one of its channels shows, so its mask is that of another slice."""
    package = load_package(make_package(neighbours=1, sees=sees))
    values = head.astype(np.float32)
    values[6] = 100  # a stray lesion stays where it reaches an end
    path = tmp_path / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.transpose(values, (2, 1, 0)), np.diag([0.75, 0.5, 5.0, 1])), path)
    scan = load_package(make_package())
    alone = [result.mask_pixels for result in scan.predict_scan(path)]
    predict_files(package, [path], tmp_path / "out", batch_size=batch_size)
    found = [np.asarray(Image.open(file)) > 0 for file in sorted((tmp_path / "out/masks").rglob("*.png"))]
    assert max(int(mask.sum()) for mask in alone) > 100
    for row in range(DEPTH):
        assert np.array_equal(found[row], alone[min(max(row + shift, 0), DEPTH - 1)])


@pytest.mark.parametrize("broken", [(4, 5, 6, 7), (0,), (3,), (1, 3, 5, 7), (0, 1, 2, 4, 5, 6, 7)])
def test_a_scan_that_was_not_read_to_the_end_has_no_volume(
    predict, write_series, head, tmp_path: Path, broken
):
    files = write_series(tmp_path / "scan", head, **WINDOW)
    for number in broken:
        files[number].write_bytes(files[number].read_bytes()[:-100])
    results = predict(tmp_path / "scan")
    read = [result for result in results if result.status != "error"]
    assert len(read) == DEPTH - len(broken)
    assert [Path(result.file) for result in results if result.status == "error"] == [
        files[number] for number in broken
    ]
    said = f"{len(broken)} of its {DEPTH} slices could not be read: no volume"
    assert all(result.volume_ml is None and said in result.warnings for result in read)
    with (tmp_path / "out" / "results.csv").open(newline="") as handle:
        assert {line["volume_ml"] for line in csv.DictReader(handle)} == {""}
    for file in {result.nifti for result in read} - {None}:
        mask = nibabel.load(tmp_path / "out" / file)
        assert mask.get_fdata().sum() == sum(result.mask_area_px for result in read)
        assert mask.header.get_zooms()[2] == pytest.approx(STEP)
        first = pydicom.dcmread(read[0].file).ImagePositionPatient
        assert mask.affine[:3, 3] == pytest.approx([-first[0], -first[1], first[2]])
    for file in {result.dicom_sr for result in read} - {None}:
        report = highdicom.sr.srread(tmp_path / "out" / file)
        assert not report.content.get_volumetric_roi_measurement_groups()
        assert report.content.get_planar_roi_measurement_groups()
        validated(tmp_path / "out" / file)


def test_an_area_is_measured_with_the_pixels_of_its_own_slice(predict, write_series, head, tmp_path: Path):
    def spacing(number: int):
        return [ROW, COLUMN] if number < 4 else [2 * ROW, 3 * COLUMN]

    write_series(tmp_path / "scan", head, PixelSpacing=spacing, **WINDOW)
    results = predict(tmp_path / "scan")
    assert len(results) == DEPTH
    assert sum(result.mask_area_px > 0 for result in results) > 3
    for result in results:
        pixel = pydicom.dcmread(result.file).PixelSpacing
        assert result.mask_area_mm2 == pytest.approx(result.mask_area_px * pixel[0] * pixel[1], abs=1e-3)


@pytest.mark.parametrize("broken", [(0,), (1,), (0, 1), ()])
def test_one_slice_is_asked_for_and_a_file_of_two_is_refused_however_much_of_it_can_be_read(
    package: ModelPackage, head, tmp_path: Path, broken
):
    file = enhanced(tmp_path / "a.dcm", head[2:4])
    dataset = pydicom.dcmread(file)
    dataset.compress(pydicom.uid.RLELossless)
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=2))
    dataset.PixelData = pydicom.encaps.encapsulate(
        [frame[:80] if number in broken else frame for number, frame in enumerate(frames)]
    )
    dataset.save_as(file)
    with pytest.raises(InputError, match="cannot be decoded" if 0 in broken else "2 slices.*predict_scan"):
        package.predict(file)


def test_slices_without_an_even_place_stand_for_their_neighbours(make_package, write_series, head, tmp_path):
    package = load_package(make_package(neighbours=1, sees=(1, 0, 0)))
    files = write_series(tmp_path / "scan", head, **WINDOW)
    files[4].unlink()
    found = package.predict_scan(tmp_path / "scan")
    for result, pixels in zip(found, np.delete(head, 4, axis=0), strict=True):
        assert np.array_equal(result.mask_pixels, pixels > 500)
