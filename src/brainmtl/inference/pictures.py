"""Single pictures through the network: decoding, predicting and writing go on side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import Picture, read_picture
from brainmtl.imaging.threads import threads
from brainmtl.inference.package import Answer, ModelPackage
from brainmtl.inference.result import Result
from brainmtl.inference.slice_files import write_slice


@dataclass(frozen=True)
class _Slice:
    """A decoded file, the network's square of it, and the file's hash."""

    picture: Picture
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

    def finish(row: int, slice_: _Slice | InputError, answer: Answer | None) -> Result:
        if isinstance(slice_, InputError) or answer is None:
            assert isinstance(slice_, InputError)
            return refused(package, paths[row], slice_)
        pixels = slice_.picture.pixels
        result = package.result(str(paths[row]), pixels, answer, colour=slice_.picture.colour)
        result = replace(result, input_sha256=slice_.sha256)
        result = write_slice(result, pixels, out, names[row], overlay=overlay, view=view)
        return replace(result, mask_pixels=None, mask_probabilities=None)

    batches = [
        range(start, min(start + batch_size, len(paths))) for start in range(0, len(paths), batch_size)
    ]
    writing: Iterable[Result] = ()
    with threads() as pool:
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
        picture = read_picture(path)
    except InputError as error:
        return error
    return _Slice(picture, package.square(picture.pixels), file_sha256(path))


def _run(package: ModelPackage, slices: Sequence[_Slice | InputError]) -> list[Answer | None]:
    """What the network says of each; nothing of those that could not be read."""
    squares = [one.square for one in slices if isinstance(one, _Slice)]
    answers = iter(package.answers(np.stack(squares)) if squares else [])
    return [next(answers) if isinstance(one, _Slice) else None for one in slices]
