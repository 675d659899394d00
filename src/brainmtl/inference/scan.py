"""A scan of parallel slices through the network: slice by slice, then seen as a whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.nifti import read_nifti, write_nifti
from brainmtl.imaging.series import read_stack
from brainmtl.imaging.threads import threads
from brainmtl.imaging.volume import Volume
from brainmtl.inference.consistency import drop_stray
from brainmtl.inference.inputs import VOLUMES, Scan, find_files, find_scans
from brainmtl.inference.measure import longest_diameter, measured
from brainmtl.inference.objects import write_objects
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.pictures import refused
from brainmtl.inference.result import Result
from brainmtl.inference.slice_files import write_slice


def predict_scan(
    package: ModelPackage,
    scan: Scan,
    name: str,
    out: Path,
    *,
    overlay: bool,
    view: bool,
    started: datetime | None,
    batch_size: int,
) -> list[Result]:
    """Predict a NIfTI volume or a stack of DICOM frames, and write what is asked for.

    Args:
        package: the model.
        scan: of kind ``"nifti"`` or ``"dicom"``.
        name: what its results are called.
        out: the output folder.
        overlay: draw the overlays.
        view: write slices and mask probabilities.
        started: when the batch began, for DICOM objects; ``None`` writes none.
        batch_size: slices that the network sees at once.

    Returns:
        One result a slice in their order in space, and then one for each that could not be read.

    Raises:
        InputError: the output folder cannot be written.
    """
    volume, bad = read_scan(scan)
    errors = [refused(package, file, error) for file, error in bad]
    if volume is None:
        return errors
    results = answer_volume(package, volume, batch_size)
    results = _write_slices(results, volume, name, out, overlay, view)
    results = _write_volume(results, volume, scan, name, out)
    if started is not None and scan.kind == "dicom":
        results = write_objects(results, volume, name, out, started)
    return [replace(result, mask_pixels=None, mask_probabilities=None) for result in results] + errors


def answer_scan(package: ModelPackage, path: Path, most: int | None = None) -> list[Result]:
    """Read and predict the one scan that lies at a path, and write nothing.

    Args:
        package: the model.
        path: a DICOM or NIfTI file, or the folder of a series.
        most: slices that it may have; any number by default.

    Returns:
        One result a slice in their order in space, with arrays, and then one for each that could not be read.

    Raises:
        InputError: there is no scan or several, it has more slices, or nothing of it can be read.
    """
    scans = find_scans(find_files([path]))
    if len(scans) != 1 or scans[0].kind == "picture":
        found = f"{len(scans)} scans or pictures" if len(scans) > 1 else "no DICOM or NIfTI"
        raise InputError(found, where=path, mend="name a DICOM or NIfTI file, or the folder of one series")
    volume, bad = read_scan(scans[0])
    if volume is None:
        raise bad[0][1]
    slices = len(volume.grey) + len(bad)
    if most is not None and slices > most:
        raise InputError(f"{slices} slices", where=path, mend="predict_scan takes scans")
    return [*answer_volume(package, volume), *(refused(package, file, error) for file, error in bad)]


def read_scan(scan: Scan) -> tuple[Volume | None, list[tuple[Path, InputError]]]:
    """Read a scan.

    Args:
        scan: of kind ``"nifti"`` or ``"dicom"``.

    Returns:
        Its slices, ``None`` where there is none, and the files that could not be read.
    """
    if scan.error is not None:
        return None, [(scan.files[0], scan.error)]
    if scan.kind == "dicom":
        volume, bad = read_stack(scan.frames)
        return volume, [(frame.file, error) for frame, error in bad.items()]
    try:
        return read_nifti(scan.files[0]), []
    except InputError as error:
        return None, [(scan.files[0], error)]


def answer_volume(package: ModelPackage, volume: Volume, batch_size: int = 8) -> list[Result]:
    """What the network says of each slice, seen as a whole, with the masks; nothing is written."""
    return _measure(list(_slices(package, volume, batch_size)), volume)


def _slices(package: ModelPackage, volume: Volume, batch_size: int) -> Iterator[Result]:
    """What the network says of each slice."""
    for start in range(0, len(volume.grey), batch_size):
        grey = volume.grey[start : start + batch_size]
        answers = package.answers(_squares(package, volume, start, start + len(grey)))
        for row, place in enumerate(volume.places[start : start + batch_size]):
            result = package.result(
                str(place.file), grey[row], answers[row], colour=place.colour, modality=place.modality
            )
            yield replace(
                result,
                slice=start + row,
                input_sha256=place.sha256,
                frame=place.frame,
                warnings=(*result.warnings, *place.warnings, *volume.warnings),
            )


def _squares(package: ModelPackage, volume: Volume, start: int, stop: int) -> NDArray[np.uint8]:
    """Some slices as the network takes them, uint8 ``(B, C, S, S)``.

    With their neighbours where the slices lie evenly one on another; past an end the slice itself stands.
    """
    reach = 0 if volume.affine is None else package.info.neighbours
    first, last = max(0, start - reach), min(len(volume.grey), stop + reach)
    squares = np.stack([package.square(pixels) for pixels in volume.grey[first:last]])
    if not reach:
        return squares
    own = np.arange(start, stop)[:, None]
    around = own + np.arange(-reach, reach + 1)
    inside = (around >= 0) & (around < len(volume.grey))
    return np.asarray(squares[np.where(inside, around, own) - first])


def _measure(results: list[Result], volume: Volume) -> list[Result]:
    """Drop what no neighbour shows, and measure the rest."""
    marked = [result.mask_pixels for result in results if result.mask_pixels is not None]
    if not marked:
        return results
    masks = np.stack(marked)
    kept = masks if volume.step_mm is None else drop_stray(masks, volume.step_mm)
    voxel = None if volume.unread else volume.voxel_ml
    millilitres = None if voxel is None else float(kept.sum()) * voxel
    return [
        _measure_slice(
            replace(result, volume_ml=measured(millilitres)), after, int((before & ~after).sum()), volume
        )
        for result, before, after in zip(results, masks, kept, strict=True)
    ]


def _measure_slice(result: Result, mask: NDArray[np.bool_], dropped: int, volume: Volume) -> Result:
    area, pixel = int(mask.sum()), volume.pixel_mm
    margin = result.mask_margin_px if area else None
    told = (f"3-D consistency dropped {dropped} px that too few slices show",) if dropped else ()
    return replace(
        result,
        mask_pixels=mask,
        mask_area_px=area,
        mask_area_mm2=measured(area * pixel[0] * pixel[1]) if pixel else None,
        longest_diameter_px=measured(longest_diameter(mask)),
        longest_diameter_mm=measured(longest_diameter(mask, pixel)) if pixel else None,
        mask_margin_px=margin,
        mask_margin_mm=measured(margin * max(pixel)) if pixel and margin is not None else None,
        warnings=(*result.warnings, *told),
    )


def _write_slices(
    results: list[Result], volume: Volume, name: str, out: Path, overlay: bool, view: bool
) -> list[Result]:
    def write(result: Result, pixels: NDArray[np.uint8]) -> Result:
        return write_slice(result, pixels, out, f"{name}/{result.slice:04}", overlay=overlay, view=view)

    with threads() as pool:
        return list(pool.map(write, results, volume.grey))


def _write_volume(results: list[Result], volume: Volume, scan: Scan, name: str, out: Path) -> list[Result]:
    masks = [result.mask_pixels for result in results if result.mask_pixels is not None]
    if volume.affine is None or not masks:
        return results
    file = f"{VOLUMES}/{name}.nii.gz"
    like = scan.files[0] if scan.kind == "nifti" else None
    write_nifti(out / file, volume.view.stored(np.stack(masks)), volume, like)
    return [replace(result, nifti=file) for result in results]
