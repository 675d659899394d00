"""Single pictures through the network: decoding, predicting and writing go on side by side."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import read_picture
from brainmtl.inference.measure import longest_diameter
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.result import Result
from brainmtl.inference.slice_files import write_slice

Map = NDArray[np.float32]


@dataclass(frozen=True)
class _Slice:
    """A decoded file: grey values, the network's square of them, and the file's hash."""

    pixels: NDArray[np.uint8]
    square: NDArray[np.uint8]
    sha256: str


def predict_pictures(
    package: ModelPackage,
    paths: Sequence[Path],
    names: Sequence[str],
    out: Path,
    *,
    overlay: bool,
    view: bool,
    batch_size: int,
) -> Iterator[Result]:
    """Predict pictures, and write their masks and overlays.

    Args:
        package: the model.
        paths: picture files.
        names: what their results are called.
        out: the output folder.
        overlay: draw the overlays.
        view: write slices and mask probabilities.
        batch_size: slices that the network sees at once.

    Yields:
        One result a picture, in order, once its files are written.

    Raises:
        InputError: the output folder cannot be written.
    """

    def finish(row: int, slice_: _Slice | InputError, maps: tuple[Map | None, Map | None]) -> Result:
        if isinstance(slice_, InputError):
            return refused(package, paths[row], slice_)
        result = package.result(str(paths[row]), slice_.pixels.shape, *maps)
        result = replace(_measure(result), input_sha256=slice_.sha256)
        result = write_slice(result, slice_.pixels, out, names[row], overlay=overlay, view=view)
        return replace(result, mask_pixels=None, mask_probabilities=None)

    batches = [
        range(start, min(start + batch_size, len(paths))) for start in range(0, len(paths), batch_size)
    ]
    writing: Iterable[Result] = ()
    with ThreadPoolExecutor() as pool:
        reading = [pool.submit(_read, paths[row], package) for row in batches[0]]
        for batch, following in zip(batches, [*batches[1:], range(0)], strict=True):
            slices = [job.result() for job in reading]
            reading = [pool.submit(_read, paths[row], package) for row in following]
            said = _run(package, slices)
            yield from writing
            writing = pool.map(finish, batch, slices, said)
        yield from writing


def refused(package: ModelPackage, file: Path, error: InputError) -> Result:
    """The result of a file that cannot be read."""
    reason = f"{error.what} ({error.mend})" if error.mend else error.what
    return replace(package.blank(str(file)), status="error", reason=reason)


def _read(path: Path, package: ModelPackage) -> _Slice | InputError:
    try:
        if path.is_dir():
            raise InputError(
                "no pictures in this folder",
                where=path,
                mend="pass PNG, JPEG, TIFF, WebP, BMP, DICOM or NIfTI",
            )
        pixels = read_picture(path).pixels
    except InputError as error:
        return error
    return _Slice(pixels, package.square(pixels), file_sha256(path))


def _run(package: ModelPackage, slices: Sequence[_Slice | InputError]) -> list[tuple[Map | None, Map | None]]:
    """What the network says of each; nothing of those that could not be read."""
    said: list[tuple[Map | None, Map | None]] = [(None, None)] * len(slices)
    squares = {row: one.square for row, one in enumerate(slices) if isinstance(one, _Slice)}
    if squares:
        masks, classes = package.run(np.stack(list(squares.values())))
        for number, row in enumerate(squares):
            said[row] = (
                None if masks is None else masks[number],
                None if classes is None else classes[number],
            )
    return said


def _measure(result: Result) -> Result:
    if result.mask_pixels is None:
        return result
    return replace(result, longest_diameter_px=measured(longest_diameter(result.mask_pixels)))


def measured(value: float | None) -> float | None:
    """A measurement as it stands in a row: to the thousandth."""
    return None if value is None else round(value, 3)
