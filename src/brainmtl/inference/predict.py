"""Predictions for many files: masks, overlays and one table."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.overlay import draw_overlay
from brainmtl.imaging.picture import read_picture, write_picture
from brainmtl.inference.inputs import MASKS, OVERLAYS, find_pictures, result_names
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.result import RESULTS, TABLE, Result, write_results

Map = NDArray[np.float32]


@dataclass(frozen=True)
class _Slice:
    """A decoded file: grey values, and the network's square of them."""

    pixels: NDArray[np.uint8]
    square: NDArray[np.uint8]


def predict_files(
    package: ModelPackage,
    files: Iterable[str | Path],
    out: Path,
    *,
    overlay: bool = True,
    batch_size: int = 8,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """Predict pictures; write ``masks/``, ``overlays/``, ``results.json`` and ``results.csv``.

    A file that cannot be read becomes a result with status ``"error"``, and the rest go on. An earlier
    prediction's tables are removed at the start, so that they never speak of masks they do not belong to.

    Args:
        package: the model.
        files: pictures, folders of pictures, patterns.
        out: the output folder; made where it does not exist.
        overlay: draw the overlays.
        batch_size: slices that the network sees at once.
        progress: called with pictures done and pictures in all.

    Returns:
        One result a picture, in the order of the inputs.

    Raises:
        UsageError: nothing is asked for, or a mask would be written over an input.
        InputError: the output folder cannot be written.
    """
    paths = find_pictures(files, out)
    names = result_names(paths)
    _clear(out)

    def finish(row: int, slice_: _Slice | InputError, maps: tuple[Map | None, Map | None]) -> Result:
        if isinstance(slice_, InputError):
            return _refused(paths[row], slice_, package)
        result = package.result(str(paths[row]), slice_.pixels.shape, *maps)
        return _write(result, slice_.pixels, out, names[row], overlay)

    batches = [
        range(start, min(start + batch_size, len(paths))) for start in range(0, len(paths), batch_size)
    ]
    results: list[Result] = []
    writing: Iterable[Result] = ()
    with ThreadPoolExecutor() as pool:
        reading = [pool.submit(_read, paths[row], package) for row in batches[0]]
        for batch, following in zip(batches, [*batches[1:], range(0)], strict=True):
            slices = [job.result() for job in reading]
            reading = [pool.submit(_read, paths[row], package) for row in following]
            said = _run(package, slices)
            results.extend(writing)
            progress(len(results), len(paths))
            writing = pool.map(finish, batch, slices, said)
        results.extend(writing)
    write_results(results, out)
    progress(len(results), len(paths))
    return results


def _clear(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (RESULTS, TABLE):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=out, mend="choose a folder you may write to"
        ) from error


def _read(path: Path, package: ModelPackage) -> _Slice | InputError:
    try:
        if path.is_dir():
            raise InputError(
                "no pictures in this folder", where=path, mend="pass PNG, JPEG, TIFF, WebP or BMP"
            )
        pixels = read_picture(path).pixels
    except InputError as error:
        return error
    return _Slice(pixels, package.square(pixels))


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


def _refused(path: Path, error: InputError, package: ModelPackage) -> Result:
    reason = f"{error.what} ({error.mend})" if error.mend else error.what
    return replace(package.blank(str(path)), status="error", reason=reason)


def _write(result: Result, pixels: NDArray[np.uint8], out: Path, name: str, overlay: bool) -> Result:
    if result.mask_pixels is None:
        return result
    mask, drawn = f"{MASKS}/{name}.png", f"{OVERLAYS}/{name}.png"
    write_mask(out / mask, result.mask_pixels)
    if overlay:
        write_picture(out / drawn, draw_overlay(pixels, result.mask_pixels))
    return replace(result, mask=mask, overlay=drawn if overlay else None, mask_pixels=None)
