"""DICOM frames put together to scans."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.dicom import Frame, open_dicom
from brainmtl.imaging.dicom_pixels import Shown, show_frames
from brainmtl.imaging.limits import check_scan
from brainmtl.imaging.repeats import part_repeats
from brainmtl.imaging.threads import threads
from brainmtl.imaging.view import View, radiological
from brainmtl.imaging.volume import Place, Volume
from brainmtl.imaging.window import Window, robust_window, to_grey

PARALLEL = 1e-3
"""Directions that differ less than this are the same."""
SAME_PIXEL_MM = 1e-3
"""Sides of pixels that differ less than this are the same: headers round."""
SAME_PLACE_MM = 0.01
EVEN = 0.05
"""Slices are evenly spaced when none lies further from its place than this share of a step."""
UNTOLD = "OT"
"""The modality of images of which nobody says what they are."""
UNEVEN = "its slices are not evenly spaced, or their places are unknown: no volume, no 3-D consistency"
UNSURE = (
    "its series has more images at some places than at others, and nothing tells which belong together: "
    "some are left to a scan of their own"
)


def stack_frames(frames: Iterable[Frame]) -> list[tuple[Frame, ...]]:
    """Sort frames into stacks of parallel slices of one series and one size, in pixels and in mm.

    Within a stack they rise along their normal. Where a series has several images at one place (echoes,
    times) :func:`~brainmtl.imaging.repeats.part_repeats` tells which belong together. Frames of unknown place
    keep the order of their instance numbers.

    Args:
        frames: of any number of series.

    Returns:
        Stacks, in the order in which their series appear.
    """
    series: dict[tuple[str, tuple[int, int]], list[list[Frame]]] = defaultdict(list)
    for frame in frames:
        groups = series[frame.series, frame.shape]
        fitting = next((group for group in groups if _fits(group[0], frame)), None)
        if fitting is None:
            groups.append([frame])
        else:
            fitting.append(frame)
    return [stack for groups in series.values() for group in groups for stack in _split(group)]


def read_stack(frames: Sequence[Frame]) -> tuple[Volume | None, dict[Frame, InputError]]:
    """Read a stack; files are decoded side by side.

    Values become grey through the window that every slice brings. Where one brings none, all whose low values
    are bright are scaled alike by :func:`~brainmtl.imaging.window.robust_window`, and so are all others.

    Args:
        frames: a stack of :func:`stack_frames`.

    Returns:
        The scan of what could be read (``None`` if nothing could), and the frames that could not, each with
        the reason.
    """
    rows, columns = frames[0].shape
    try:
        check_scan(len(frames), columns, rows, frames[0].file)
    except InputError as error:
        return None, dict.fromkeys(frames, error)
    by_file: dict[Path, list[Frame]] = defaultdict(list)
    for frame in sorted(frames, key=lambda frame: frame.index):
        by_file[frame.file].append(frame)
    with threads() as pool:
        read = dict(zip(by_file, pool.map(_read_file, by_file.values()), strict=True))
    shown: dict[Frame, tuple[Shown, str]] = {}
    bad: dict[Frame, InputError] = {}
    for file, answer in read.items():
        for frame, one in zip(by_file[file], answer, strict=True):
            if isinstance(one, InputError):
                bad[frame] = one
            else:
                shown[frame] = one
    good = [frame for frame in frames if frame in shown]
    return (_volume(frames, good, shown) if good else None), bad


def stack_affine(frames: Sequence[Frame]) -> NDArray[np.float64] | None:
    """Find what takes (slice, row, column, 1) to mm in DICOM's axes.

    Args:
        frames: of a stack of :func:`stack_frames`, in order.

    Returns:
        float64 ``(4, 4)``; ``None`` for a single slice, unknown places or uneven steps.
    """
    first = frames[0]
    if len(frames) < 2 or first.pixel_mm is None or first.right is None or first.down is None:
        return None
    if any(frame.position is None for frame in frames):
        return None
    places = np.array([frame.position for frame in frames], dtype=np.float64)
    step = (places[-1] - places[0]) / (len(frames) - 1)
    strayed = np.linalg.norm(places - places[0] - np.arange(len(frames))[:, None] * step, axis=1)
    length = float(np.linalg.norm(step))
    if length < SAME_PLACE_MM or strayed.max() > EVEN * length:
        return None
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = np.array(first.down) * first.pixel_mm[0]
    affine[:3, 2] = np.array(first.right) * first.pixel_mm[1]
    affine[:3, 3] = places[0]
    return affine


def _fits(one: Frame, other: Frame) -> bool:
    return _parallel(one, other) and _same_pixels(one, other)


def _same_pixels(one: Frame, other: Frame) -> bool:
    if one.pixel_mm is None or other.pixel_mm is None:
        return one.pixel_mm is other.pixel_mm
    return bool(np.allclose(one.pixel_mm, other.pixel_mm, rtol=0, atol=SAME_PIXEL_MM))


def _parallel(one: Frame, other: Frame) -> bool:
    known = [None not in (frame.right, frame.position) for frame in (one, other)]
    if not all(known):
        return not any(known)
    ours, theirs = (np.array([frame.right, frame.down], np.float64) for frame in (one, other))
    return bool(np.allclose(ours, theirs, atol=PARALLEL))


def _split(group: list[Frame]) -> list[tuple[Frame, ...]]:
    ordered = sorted(group, key=lambda frame: frame.order)
    normal = ordered[0].normal
    if normal is None or ordered[0].position is None:
        return [tuple(ordered)]
    heights = {frame: float(np.array(frame.position) @ normal) for frame in ordered}
    places: list[list[Frame]] = []
    for frame in sorted(ordered, key=heights.__getitem__):
        if places and heights[frame] - heights[places[-1][0]] < SAME_PLACE_MM:
            places[-1].append(frame)
        else:
            places.append([frame])
    return part_repeats(places)


def _read_file(frames: Sequence[Frame]) -> Sequence[tuple[Shown, str] | InputError]:
    found: list[tuple[Shown, str] | InputError] = []
    try:
        dataset, sha256 = open_dicom(frames[0].file)
        for shown in show_frames(dataset, [frame.index for frame in frames], frames[0].file):
            if shown.values.shape != frames[0].shape:
                raise InputError("changed while it was read", where=frames[0].file, mend="try again")
            found.append((shown, sha256))
    except InputError as error:
        found.extend([error] * (len(frames) - len(found)))
    return found


def _volume(stack: Sequence[Frame], frames: Sequence[Frame], shown: dict[Frame, tuple[Shown, str]]) -> Volume:
    """The scan of those frames of a stack that were read."""
    first, unread = frames[0], len(stack) - len(frames)
    view = View()
    if first.right is not None and first.down is not None:
        view = radiological(np.array(first.down), np.array(first.right))
    shared = _shared_windows([shown[frame][0] for frame in frames])
    grey = np.empty((len(frames), *first.shape), np.uint8)
    for row, frame in enumerate(frames):
        one = shown[frame][0]
        window = shared.get(one.inverted, one.window)
        assert window is not None
        grey[row] = to_grey(one.values, window, one.inverted)
    affine, spacing = _affine(stack, frames), first.pixel_mm
    warnings = [UNEVEN] if affine is None and len(frames) > 1 else []
    if unread:
        warnings.append(f"{unread} of its {len(stack)} slices could not be read: no volume")
    return Volume(
        grey=np.ascontiguousarray(view.upright(grey)),
        view=view,
        places=tuple(_place(frame, *shown[frame]) for frame in frames),
        pixel_mm=(spacing[1], spacing[0]) if spacing and view.transpose else spacing,
        affine=affine,
        unread=unread,
        warnings=tuple(warnings),
    )


def _shared_windows(slices: Sequence[Shown]) -> dict[bool, Window]:
    """By whether low values are bright; none where every slice brings its own."""
    if all(one.window is not None for one in slices):
        return {}
    return {
        inverted: robust_window([one.values for one in slices if one.inverted == inverted], inverted)
        for inverted in {one.inverted for one in slices}
    }


def _affine(stack: Sequence[Frame], frames: Sequence[Frame]) -> NDArray[np.float64] | None:
    """Of those frames of a stack that were read; ``None`` where one between them was not."""
    start = stack.index(frames[0])
    if stack_affine(stack) is None or tuple(stack[start : start + len(frames)]) != tuple(frames):
        return None
    return stack_affine(frames)


def _place(frame: Frame, shown: Shown, sha256: str) -> Place:
    warnings = [UNSURE] if frame.unsure else []
    if frame.burnt_in == "YES":
        warnings.append("text is burnt into the pixels: it may name the patient, and it is in the overlay")
    elif frame.burnt_in != "NO":
        warnings.append("whether text is burnt into the pixels is unknown")
    told = frame.modality if frame.modality not in ("", UNTOLD) else None
    if told is None:
        warnings.append("modality unknown: the model knows MR only")
    number = frame.index + 1 if frame.count > 1 else None
    return Place(frame.file, sha256, number, told, shown.colour, tuple(warnings))
