"""What a manifest says of a slice's files: where they lie, their size and their hashes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.threads import threads

Item = TypeVar("Item")
Row = dict[str, object]


def file_cells(image: Path, mask: Path | None = None) -> Row:
    """Decode a slice and its mask, and say what a manifest holds of them.

    Args:
        image: a picture file.
        mask: its mask, of the same size.

    Returns:
        ``image, mask, width, height, sha256, mask_sha256``; the paths absolute.

    Raises:
        InputError: a file is missing or cannot be read, or the mask is of another size than its slice.
    """
    picture = read_picture(image)
    if mask is not None:
        marked = read_picture(mask)
        if marked.pixels.shape != picture.pixels.shape:
            raise InputError(
                f"the mask is {marked.width}×{marked.height}, its slice {picture.width}×{picture.height}",
                where=mask,
                field="mask",
                mend="save the mask at the size of its slice",
            )
    return {
        "image": str(image.resolve()),
        "mask": None if mask is None else str(mask.resolve()),
        "width": picture.width,
        "height": picture.height,
        "sha256": file_sha256(image),
        "mask_sha256": None if mask is None else file_sha256(mask),
    }


def every_row(
    make: Callable[[Item], Row],
    items: Sequence[Item],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """Make the rows of a manifest on all cores.

    Args:
        make: what makes one row.
        items: what it makes them from.
        progress: called with rows done and rows in all.

    Returns:
        The rows, in the order of the items.
    """
    rows = []
    with threads() as pool:
        for done, row in enumerate(pool.map(make, items), start=1):
            rows.append(row)
            progress(done, len(items))
    return rows
