"""Images at one place told apart: every stack holds one echo at one time, whatever is missing."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from brainmtl.imaging.dicom import TRAITS, Frame, list_frames
from brainmtl.imaging.repeats import part_repeats
from brainmtl.imaging.series import read_stack, stack_frames

HEAD = np.random.default_rng(5).integers(0, 2000, (8, 24, 32)).astype(np.uint16)


def frame(place: int, number: int, **said: object) -> Frame:
    known = {plain: str(said.pop(plain, "")) for _, _, plain in TRAITS}
    assert not said
    where = {"position": (0.0, 0.0, float(place)), "right": (1.0, 0.0, 0.0), "down": (0.0, 1.0, 0.0)}
    return Frame(
        file=Path(f"{number}.dcm"), index=0, count=1, series="1", number=number, shape=(24, 32),
        modality="MR", burnt_in="NO", pixel_mm=(1.0, 1.0), traits=tuple(known.values()), **where,
    )  # fmt: skip


def parted(frames: list[Frame]) -> list[tuple[Frame, ...]]:
    heights = sorted({one.position for one in frames})
    ordered = sorted(frames, key=lambda one: one.number)
    return part_repeats([[one for one in ordered if one.position == height] for height in heights])


@given(
    echoes=st.integers(1, 3),
    times=st.integers(1, 4),
    missing=st.sets(st.integers(0, 200), max_size=4),
    numbers=st.randoms(use_true_random=False),
)
def test_a_stack_holds_one_echo_at_one_time(echoes, times, missing, numbers):
    """The image at the last place is never missing; acquisitions differ from slice to slice."""
    images = [(place, echo, time) for place in range(10) for echo in range(echoes) for time in range(times)]
    order = numbers.sample(range(1000), len(images))
    kept = [
        (frame(place, number, EchoTime=10 + 80 * echo, TemporalPositionIdentifier=time + 1,
               AcquisitionNumber=place % 2), (echo, time))
        for row, ((place, echo, time), number) in enumerate(zip(images, order, strict=True))
        if row not in missing or place == 9
    ]  # fmt: skip
    expected = {kind: {one for one, other in kept if other == kind} for _, kind in kept}
    found = parted([one for one, _ in kept])
    assert len(found) == len(expected)
    assert {frozenset(stack) for stack in found} == {frozenset(stack) for stack in expected.values()}
    for stack in found:
        assert [one.position for one in stack] == sorted(one.position for one in stack)


@pytest.mark.parametrize("tag", [plain for _, _, plain in TRAITS])
def test_what_differs_from_slice_to_slice_parts_no_stack(tag):
    assert len(parted([frame(place, place, **{tag: place % 2}) for place in range(8)])) == 1
    twice = [frame(place, 2 * place + copy, **{tag: place}) for place in range(8) for copy in range(2)]
    assert [[one.number % 2 for one in stack] for stack in parted(twice)] == [[0] * 8, [1] * 8]
    each = [
        frame(place, 2 * place + copy, **{tag: 2 * place + copy}) for place in range(8) for copy in range(2)
    ]
    assert [[one.number % 2 for one in stack] for stack in parted(each)] == [[0] * 8, [1] * 8]
    halves = [frame(place, place, **{tag: place // 4}) for place in range(8)] + [frame(3, 50, **{tag: 1})]
    assert sorted(map(len, parted(halves))) == [1, 8]
    once = [frame(place, place, **{tag: place % 2}) for place in range(8)] + [frame(3, 50, **{tag: 0})]
    assert sorted(map(len, parted(once))) == [1, 8]


def test_a_time_that_was_broken_off_is_a_stack_of_its_own():
    frames = [
        frame(place, 8 * time + place, TemporalPositionIdentifier=time)
        for time in range(3)
        for place in range(8 if time < 2 else 2)
    ]
    found = parted(frames)
    assert [len(stack) for stack in found] == [8, 8, 2]
    assert not any(one.unsure for stack in found for one in stack)


@pytest.mark.parametrize("missing", [0, 1])
def test_images_that_nothing_tells_apart_are_not_mixed_where_one_is_missing(missing):
    equal = [frame(place, 2 * place + copy) for place in range(8) for copy in range(2)]
    assert [{one.unsure for one in stack} for stack in parted(equal)] == [{False}, {False}]
    found = parted([one for one in equal if one.number != 8 + missing])
    assert sorted(len(stack) for stack in found) == [1, 7, 7]
    assert all(len({one.number % 2 for one in stack}) == 1 for stack in found)
    assert all(one.unsure for stack in found for one in stack)


def test_only_what_is_in_doubt_is_unsure():
    """One image without gradients a place, and three with, but for one that is missing."""
    values = [(0, 0), (1000, 1), (1000, 2), (1000, 3)]
    frames = [
        frame(place, 4 * place + number, DiffusionBValue=value)
        for place in range(8)
        for value, number in values
        if (place, number) != (5, 2)
    ]
    found = parted(frames)
    assert [len(stack) for stack in found] == [8, 7, 7, 7, 1, 1]
    assert [{one.unsure for one in stack} for stack in found] == [{False}, *[{True}] * 5]


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("EchoTime", ("10", "100")), ("EchoNumbers", ("1", "2")), ("TemporalPositionIdentifier", ("1", "2")),
        ("DiffusionBValue", (0.0, 1000.0)), ("AcquisitionNumber", ("1", "2")),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"])),
    ],
)  # fmt: skip
def test_echoes_of_files_do_not_mix_where_a_slice_is_missing(write_series, tmp_path: Path, tag, values):
    first, second = (
        write_series(
            tmp_path / str(copy), HEAD, SOPInstanceUID=lambda number, copy=copy: f"1.2.3.{copy}.{number}",
            InstanceNumber=lambda number, copy=copy: 2 * number + copy, **{tag: values[copy]},
        )
        for copy in range(2)
    )  # fmt: skip
    files = first[:4] + first[5:] + second
    found = stack_frames(one for file in reversed(files) for one in list_frames(file))
    assert [[one.file for one in stack] for stack in found] == [first[:4] + first[5:], second]
    (short, _), (whole, _) = map(read_stack, found)
    assert short.voxel_ml is None
    assert whole.voxel_ml is not None
    assert not any("nothing tells" in said for place in whole.places for said in place.warnings)


@pytest.mark.parametrize(
    ("group", "tag", "values"),
    [
        ("MREchoSequence", "EffectiveEchoTime", (10.0, 100.0)),
        ("FrameContentSequence", "TemporalPositionIndex", (1, 2)),
        ("MRDiffusionSequence", "DiffusionBValue", (0.0, 1000.0)),
        ("FrameContentSequence", "FrameAcquisitionNumber", (1, 2)),
    ],
)
def test_echoes_of_one_enhanced_file_do_not_mix(write_series, tmp_path: Path, group, tag, values):
    """The second image at the fifth place is missing from it."""
    (file,) = write_series(tmp_path, HEAD[:1])
    dataset = pydicom.dcmread(file)
    dataset.PerFrameFunctionalGroupsSequence = []
    images = [(place, copy) for place in range(8) for copy in range(2) if (place, copy) != (4, 0)]
    for place, copy in images:
        own, position, telling = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, 5.0 * place]
        own.PlanePositionSequence = [position]
        setattr(telling, tag, values[copy])
        setattr(own, group, [telling])
        dataset.PerFrameFunctionalGroupsSequence.append(own)
    dataset.NumberOfFrames = len(images)
    dataset.PixelData = HEAD[0].tobytes() * len(images)
    dataset.save_as(file)
    found = stack_frames(list_frames(file))
    assert [[images[one.index] for one in stack] for stack in found] == [
        [image for image in images if image[1] == copy] for copy in range(2)
    ]


def test_a_scan_of_which_nobody_knows_what_belongs_to_it_warns(write_series, tmp_path: Path):
    first, second = (
        write_series(
            tmp_path / str(copy), HEAD, SOPInstanceUID=lambda number, copy=copy: f"1.2.3.{copy}.{number}",
            InstanceNumber=lambda number, copy=copy: 2 * number + copy,
        )
        for copy in range(2)
    )  # fmt: skip
    found = stack_frames(one for file in first[1:] + second for one in list_frames(file))
    for stack in found:
        volume, _ = read_stack(stack)
        assert all(any("nothing tells" in said for said in place.warnings) for place in volume.places)
