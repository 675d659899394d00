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


def test_a_head_is_the_same_grey_whichever_way_its_values_rise(write_series, tmp_path: Path):
    plain, _ = read_stack(stacks(write_series(tmp_path / "a", HEAD))[0])
    turned = (2000 - HEAD).astype(np.uint16)
    inverted, _ = read_stack(
        stacks(write_series(tmp_path / "b", turned, PhotometricInterpretation="MONOCHROME1"))[0]
    )
    assert np.abs(plain.grey.astype(int) - inverted.grey).max() <= 1


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


def echoes(write_series, folder: Path, **told) -> tuple[list[Path], list[Path]]:
    """Two images at each of seven places; ``told`` is what the second ones say otherwise."""
    first = write_series(folder / "a", HEAD)
    second = write_series(
        folder / "b", HEAD, InstanceNumber=lambda number: number + 101,
        SOPInstanceUID=lambda number: f"1.2.3.{number}", **told,
    )  # fmt: skip
    return first, second


@pytest.mark.parametrize(
    "told",
    [
        {"EchoTime": 90},
        {"TemporalPositionIdentifier": 2},
        {"ImageType": ["DERIVED", "PRIMARY", "PHASE"]},
        {"AcquisitionNumber": 2, "TriggerTime": lambda number: 10.0 * number},
    ],
    ids=["echo", "time", "kind", "acquisition"],
)
def test_an_echo_that_lacks_a_slice_takes_none_of_another(write_series, tmp_path: Path, told):
    first, second = echoes(write_series, tmp_path, **told)
    found = stacks([*second, *first[:4], *first[5:]])
    assert [[frame.file for frame in stack] for stack in found] == [first[:4] + first[5:], second]
    assert [stack_affine(stack) is not None for stack in found] == [False, True]


def test_echoes_of_several_times_are_told_apart_by_both(write_series, tmp_path: Path):
    written = [
        write_series(
            tmp_path / f"{echo}-{time}", HEAD, EchoTime=echo, TemporalPositionIdentifier=time,
            SOPInstanceUID=lambda number, echo=echo, time=time: f"1.2.{echo}.{time}.{number}",
            InstanceNumber=lambda number, echo=echo, time=time: 100 * echo + 10 * time + number,
        )
        for echo in (1, 2) for time in (1, 2)
    ]  # fmt: skip
    found = stacks([*written[3], *written[0], *written[2][1:], *written[1]])
    assert [[frame.file for frame in stack] for stack in found] == [*written[:2], written[2][1:], written[3]]


def test_where_nothing_tells_them_apart_a_lone_slice_joins_no_stack(write_series, tmp_path: Path):
    first, second = echoes(write_series, tmp_path)
    found = stacks([*first[:6], *second])
    assert [[frame.file for frame in stack] for stack in found] == [first[:6], second[:6], second[6:]]
    copied = stacks([*first, second[3]])
    assert [[frame.file for frame in stack] for stack in copied] == [first, second[3:4]]


def test_what_differs_from_slice_to_slice_of_one_stack_does_not_divide_it(write_series, tmp_path: Path):
    files = write_series(tmp_path, HEAD, AcquisitionNumber=lambda number: number, EchoTime=lambda n: n % 2)
    (stack,) = stacks(files)
    assert [frame.file for frame in stack] == files


def test_slices_of_another_pixel_size_are_a_stack_of_their_own(write_series, tmp_path: Path):
    spacing = [[0.5, 0.75], [0.50001, 0.75], [0.5, 0.74999], *[[2.0, 2.0]] * 4]
    files = write_series(tmp_path, HEAD, PixelSpacing=lambda number: spacing[number])
    found = stacks(files)
    assert [[frame.file for frame in stack] for stack in found] == [files[:3], files[3:]]
    volumes = [read_stack(stack)[0] for stack in found]
    assert [volume.pixel_mm for volume in volumes] == [(0.5, 0.75), (2.0, 2.0)]
    assert [volume.voxel_ml for volume in volumes] == pytest.approx([0.5 * 0.75 * 5e-3, 0.02])


def test_planes_sizes_and_series_never_mix(write_series, tmp_path: Path):
    axial = write_series(tmp_path / "a", HEAD)
    sagittal = write_series(tmp_path / "s", HEAD, right=(0, 1, 0), down=(0, 0, -1))
    small = write_series(tmp_path / "c", HEAD[:, :20])
    other = write_series(tmp_path / "o", HEAD, series=2)
    assert [[frame.file for frame in stack] for stack in stacks(axial + sagittal + small + other)] == [
        axial, sagittal, small, other
    ]  # fmt: skip


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


@pytest.mark.parametrize("slices", [7, 3])
@pytest.mark.parametrize("which", [1, -1])
def test_a_bad_slice_is_named_and_the_others_are_read_and_enclose_no_volume(
    write_series, tmp_path: Path, slices, which
):
    """Also where what is left lies evenly: without an end, or without the middle one of three."""
    files = write_series(tmp_path, HEAD[:slices])
    broken = files.pop(which)
    broken.write_bytes(broken.read_bytes()[:-100])
    (stack,) = stacks([*files, broken])
    volume, bad = read_stack(stack)
    assert [place.file for place in volume.places] == files
    assert [(frame.file, "cannot be decoded" in error.what) for frame, error in bad.items()] == [
        (broken, True)
    ]
    assert volume.voxel_ml is volume.step_mm is None
    assert volume.warnings == (f"1 of its {slices} slices could not be read: no volume, no 3-D consistency",)


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
