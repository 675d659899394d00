"""Series put together in space, against SimpleITK's reading of the same files."""

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest

from brainmtl.imaging.dicom import list_frames
from brainmtl.imaging.series import UNEVEN, read_stack, stack_affine, stack_frames
from brainmtl.imaging.view import View

HEAD = np.random.default_rng(5).integers(0, 2000, (7, 24, 32)).astype(np.uint16)
OBLIQUE = ((0.96, 0.28, 0), (-0.168, 0.576, 0.8))


def stacks(files: list[Path]):
    return stack_frames(frame for file in files for frame in list_frames(file))


@pytest.mark.parametrize(
    ("right", "down"),
    [((1, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1)), ((-1, 0, 0), (0, 1, 0)),
    OBLIQUE], ids=["axial", "sagittal", "coronal", "mirrored", "oblique"],
)  # fmt: skip
@pytest.mark.parametrize("step", [5.0, -3.0])
def test_geometry_is_simple_itks(write_series, tmp_path: Path, right, down, step):
    sitk = pytest.importorskip("SimpleITK")
    files = write_series(tmp_path, HEAD, right=right, down=down, step=step)
    shuffled = random.Random(0).sample(files, len(files))
    (stack,) = stacks(shuffled)
    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path)))
    pixels = sitk.GetArrayFromImage(image)
    affine = stack_affine(stack)
    for slice_, row, column in ((0, 0, 0), (6, 23, 31), (2, 5, 7)):
        point = (affine @ [slice_, row, column, 1])[:3]
        assert image.TransformIndexToPhysicalPoint((column, row, slice_)) == pytest.approx(point, abs=1e-3)
    volume, bad = read_stack(stack)
    assert not bad
    assert volume.voxel_ml == pytest.approx(np.prod(image.GetSpacing()) / 1000)
    assert volume.step_mm == pytest.approx(abs(step))
    low, high = np.percentile(pixels, [0.1, 99.9])
    grey = np.clip((pixels - low) / (high - low) * 213, 0, 255)
    assert np.abs(volume.view.stored(volume.grey) - grey).max() <= 1
    assert volume.warnings == ()


def test_a_series_lying_otherwise_looks_the_same(write_series, tmp_path: Path):
    """The same head, stored with its columns to the patient's back, and mirrored."""
    (plain,) = stacks(write_series(tmp_path / "a", HEAD))
    (lying,) = stacks(
        write_series(
            tmp_path / "b",
            HEAD.transpose(0, 2, 1)[:, ::-1],
            right=(0, 1, 0),
            down=(-1, 0, 0),
            pixel=(0.75, 0.5),
        )
    )
    one, other = read_stack(plain)[0], read_stack(lying)[0]
    assert (one.grey == other.grey).all()
    assert one.view == View("axial")
    assert other.view == View("axial", transpose=True, flip_columns=True)
    assert one.pixel_mm == other.pixel_mm == (0.5, 0.75)


def test_monochrome1_is_inverted(write_series, tmp_path: Path):
    window = {"WindowCenter": "1000", "WindowWidth": "2000"}
    plain, _ = read_stack(stacks(write_series(tmp_path / "a", HEAD, **window))[0])
    inverted, _ = read_stack(
        stacks(write_series(tmp_path / "b", HEAD, PhotometricInterpretation="MONOCHROME1", **window))[0]
    )
    assert np.abs(plain.grey.astype(int) + inverted.grey - 255).max() <= 1


@pytest.mark.parametrize("pixels", [HEAD, np.full_like(HEAD, 7)], ids=["head", "flat"])
def test_without_a_window_monochrome1_looks_the_same(write_series, tmp_path: Path, pixels):
    plain, _ = read_stack(stacks(write_series(tmp_path / "a", pixels))[0])
    inverted, _ = read_stack(
        stacks(write_series(tmp_path / "b", 2000 - pixels, PhotometricInterpretation="MONOCHROME1"))[0]
    )
    assert np.abs(plain.grey.astype(int) - inverted.grey).max() <= 1


def test_slices_of_both_photometric_kinds_look_the_same(write_series, tmp_path: Path):
    def photometric(number: int):
        return "MONOCHROME1" if number % 2 else "MONOCHROME2"

    same = np.stack([HEAD[0]] * 6)
    same[1::2] = 2000 - same[1::2]
    volume, _ = read_stack(stacks(write_series(tmp_path, same, PhotometricInterpretation=photometric))[0])
    assert np.abs(volume.grey.astype(int) - volume.grey[0]).max() <= 1


def test_a_window_on_every_slice_is_used_and_otherwise_none(write_series, tmp_path: Path):
    files = write_series(tmp_path, HEAD, WindowCenter="500", WindowWidth="100")
    windowed, _ = read_stack(stacks(files)[0])
    assert set(np.unique(windowed.grey[HEAD < 440])) == {0}
    assert set(np.unique(windowed.grey[HEAD > 560])) == {255}
    dataset = pydicom.dcmread(files[3])
    del dataset.WindowCenter
    dataset.save_as(files[3])
    shared, _ = read_stack(stacks(files)[0])
    assert 0 < shared.grey[HEAD > 560].min() < 255


def test_echoes_at_one_place_are_stacks_of_their_own(write_series, tmp_path: Path):
    first = write_series(tmp_path / "a", HEAD, InstanceNumber=lambda number: 2 * number + 1)
    second = write_series(
        tmp_path / "b", HEAD, InstanceNumber=lambda number: 2 * number + 2,
        SOPInstanceUID=lambda number: f"1.2.3.{number}",
    )  # fmt: skip
    found = stacks([*second, *first])
    assert [[frame.file for frame in stack] for stack in found] == [first, second]
    assert all(stack_affine(stack) is not None for stack in found)


def test_planes_sizes_and_series_never_mix(write_series, tmp_path: Path):
    axial = write_series(tmp_path / "a", HEAD)
    sagittal = write_series(tmp_path / "s", HEAD, right=(0, 1, 0), down=(0, 0, -1))
    small = write_series(tmp_path / "c", HEAD[:, :20])
    other = write_series(tmp_path / "o", HEAD, series=2)
    assert [[frame.file for frame in stack] for stack in stacks(axial + sagittal + small + other)] == [
        axial, sagittal, small, other
    ]  # fmt: skip


def test_pixels_of_two_sizes_are_stacks_of_their_own(write_series, tmp_path: Path):
    def spacing(number: int):
        return [0.5, 0.75] if number < 4 else [1, 1.5]

    fine, coarse = stacks(write_series(tmp_path, HEAD, PixelSpacing=spacing))
    assert [len(fine), len(coarse)] == [4, 3]
    for stack in (fine, coarse):
        volume, _ = read_stack(stack)
        said = {tuple(pydicom.dcmread(place.file).PixelSpacing) for place in volume.places}
        assert said == {volume.pixel_mm}
        assert volume.voxel_ml == pytest.approx(np.prod(volume.pixel_mm) * 5 / 1000)


def test_pixels_that_differ_by_the_noise_of_a_header_are_of_one_size(write_series, tmp_path: Path):
    """Also on either side of a step of rounding."""

    def spacing(number: int):
        return [0.4995 + 1e-4 * (number % 3 - 1)] * 2

    (stack,) = stacks(write_series(tmp_path, HEAD, PixelSpacing=spacing))
    volume, _ = read_stack(stack)
    assert volume.warnings == ()
    assert volume.voxel_ml == pytest.approx(0.4995**2 * 5 / 1000, rel=1e-3)


@pytest.mark.parametrize("fault", ["gap", "unplaced", "no spacing"])
def test_slices_that_enclose_no_volume(write_series, tmp_path: Path, fault):
    changes = {"unplaced": {"ImagePositionPatient": None}, "no spacing": {"PixelSpacing": None}}
    files = write_series(tmp_path, HEAD, **changes.get(fault, {}))
    (stack,) = stacks(files[:2] + files[3:] if fault == "gap" else files)
    volume, _ = read_stack(stack)
    assert volume.affine is None
    assert volume.voxel_ml is None
    assert UNEVEN in volume.warnings
    assert (volume.pixel_mm is None) == (fault == "no spacing")
    assert [place.file for place in volume.places] == [frame.file for frame in stack]


def test_a_bad_slice_is_named_and_the_others_are_read(write_series, tmp_path: Path):
    files = write_series(tmp_path, HEAD)
    files[2].write_bytes(files[2].read_bytes()[:-100])
    (stack,) = stacks(files)
    volume, bad = read_stack(stack)
    assert [place.file for place in volume.places] == files[:2] + files[3:]
    assert volume.unread == 1
    assert "1 of its 7 slices could not be read: no volume" in volume.warnings
    assert [(frame.file, "cannot be decoded" in error.what) for frame, error in bad.items()] == [
        (files[2], True)
    ]


@pytest.mark.parametrize("broken", [{0, 1}, {4, 5, 6}, {0, 6}, {1, 3, 5}, {0, 1, 2, 3, 5, 6}])
def test_what_was_read_lies_where_it_lay_or_nowhere(write_series, tmp_path: Path, broken):
    """Also where every second slice is left, which by themselves lie evenly."""
    files = write_series(tmp_path, HEAD)
    for number in broken:
        files[number].write_bytes(files[number].read_bytes()[:-100])
    volume, bad = read_stack(stacks(files)[0])
    left = [number for number in range(len(HEAD)) if number not in broken]
    assert (volume.unread, len(bad)) == (len(broken), len(broken))
    if left[-1] - left[0] >= len(left) or len(left) == 1:
        assert volume.affine is None
        return
    for row, number in enumerate(left):
        place = pydicom.dcmread(files[number]).ImagePositionPatient
        assert (volume.affine @ [row, 0, 0, 1])[:3] == pytest.approx(list(place))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "text is burnt into"),
        ({"BurnedInAnnotation": None}, "whether text is burnt into the pixels is unknown"),
        ({"Modality": "OT"}, "modality unknown"),
        ({"Modality": None}, "modality unknown"),
        ({"Modality": "CT"}, None),
        ({}, None),
    ],
)
def test_warnings(write_series, tmp_path: Path, changes, said):
    volume, _ = read_stack(stacks(write_series(tmp_path, HEAD, **changes))[0])
    warnings = volume.places[0].warnings
    assert (len(warnings) == 1 and said in warnings[0]) if said else warnings == ()


def test_a_place_knows_the_modality_that_the_file_states(write_series, tmp_path: Path):
    for number, (modality, known) in enumerate((("MR", "MR"), ("CT", "CT"), ("OT", None), (None, None))):
        files = write_series(tmp_path / str(number), HEAD, Modality=modality)
        volume, _ = read_stack(stacks(files)[0])
        assert {place.modality for place in volume.places} == {known}
