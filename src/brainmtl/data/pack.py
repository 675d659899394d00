"""A set at one size, packed small enough to move, and what the packing lost."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from brainmtl.data.folder import whole_folder
from brainmtl.data.manifest import content_hash, write_manifest
from brainmtl.data.shards import MANIFEST, RECORD, Encoded, image_name, mask_name, write_shards
from brainmtl.errors import InputError
from brainmtl.imaging.mask import THRESHOLD, read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import Fit, from_square, to_square
from brainmtl.imaging.threads import threads

Mask = NDArray[np.bool_]


class Kept(NamedTuple):
    """What a packed slice keeps of the one it was.

    Attributes:
        sha256: of the packed slice.
        mask_sha256: of its mask; ``None`` where there is none, and so below.
        grey_error: the mean distance between the square's pixels before and after, in grey levels.
        mask_dice: of the mask on the square, before and after.
        mask_dice_native: of the mask brought back to the slice's own pixels, with the one it had there.
        vanished: whether the tumour is too small for the square.
    """

    sha256: str
    grey_error: float
    mask_sha256: str | None = None
    mask_dice: float | None = None
    mask_dice_native: float | None = None
    vanished: bool = False


def pack(
    table: pd.DataFrame,
    folder: Path,
    size: int = 192,
    *,
    fit: Fit = "pad",
    quality: int = 90,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Write a set as squares: slices as WebP, masks as 1-bit PNG, in shards beside a manifest of them.

    Labels, splits, groups and folds stay as they are; sizes and hashes are those of the squares.

    Args:
        table: a manifest.
        folder: the packed set to make.
        size: side of the squares in pixels.
        fit: how a slice is made square; a recipe's ``data.fit`` does nothing more to a packed set.
        quality: of the WebP, 1 to 100.
        progress: called with the number of slices done.

    Returns:
        What ``pack.json`` holds.

    Raises:
        InputError: the folder is not empty or cannot be written, or a slice cannot be read; nothing is left.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is not empty", where=folder, mend="name a new folder")
    kept: list[Kept] = []

    def note(one: tuple[Encoded, Kept]) -> Encoded:
        kept.append(one[1])
        progress(len(kept))
        return one[0]

    masks = [None if pd.isna(path) else str(path) for path in table["mask"]]
    with (
        whole_folder(folder, "name a folder you may write to, on a disk with room") as temporary,
        threads() as pool,
    ):
        packed = pool.map(
            lambda id, image, mask: _pack_slice(id, image, mask, size, fit, quality),
            table["id"],
            table["image"],
            masks,
        )
        shards = write_shards(temporary, map(note, packed))
        write_manifest(_moved(table, size, kept), temporary / MANIFEST)
        record = {
            "size": size,
            "fit": fit,
            "quality": quality,
            "slices": len(table),
            "masks": int(table["mask"].notna().sum()),
            "bytes": sum(path.stat().st_size for path in temporary.iterdir()),
            "packed_from": content_hash(table),
            "loss": _loss(kept),
            "shards": shards,
        }
        (temporary / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _pack_slice(
    id: str, image: str, mask: str | None, size: int, fit: Fit, quality: int
) -> tuple[Encoded, Kept]:
    pixels = read_picture(Path(image)).pixels
    square = to_square(pixels, size, fit)
    content = _content(square, "WEBP", quality=quality)
    error = float(np.abs(_decoded(content).astype(np.int16) - square).mean())
    if mask is None:
        return Encoded(id, content, None), Kept(_sha256(content), error)
    height, width = pixels.shape
    native = read_mask(Path(mask), (height, width))
    marked = to_square(native.astype(np.uint8) * 255, size, fit) > THRESHOLD
    mask_content = _content(marked, "PNG", optimize=True)
    found = _decoded(mask_content) > THRESHOLD
    back = from_square(found.astype(np.float32), height, width, fit) > 0.5
    kept = Kept(
        _sha256(content),
        error,
        _sha256(mask_content),
        _dice(found, marked),
        _dice(back, native),
        vanished=bool(native.any() and not found.any()),
    )
    return Encoded(id, content, mask_content), kept


def _content(pixels: NDArray[Any], format: str, **options: Any) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format=format, **options)
    return content.getvalue()


def _decoded(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("L"))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _dice(one: Mask, other: Mask) -> float:
    both = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / both if both else 1.0


def _moved(table: pd.DataFrame, size: int, kept: list[Kept]) -> pd.DataFrame:
    """The manifest of the packed slices, its paths relative to where they will be laid out."""
    masks = table["id"].map(mask_name).where(table["mask"].notna())
    return table.assign(
        image=table["id"].map(image_name),
        mask=masks,
        width=size,
        height=size,
        sha256=[one.sha256 for one in kept],
        mask_sha256=pd.Series([one.mask_sha256 for one in kept], table.index, dtype="string"),
    )


def _loss(kept: list[Kept]) -> dict[str, float | int | None]:
    found = pd.DataFrame(kept)

    def mean(name: str) -> float | None:
        values = found[name].dropna()
        return round(float(values.mean()), 5) if len(values) else None

    return {
        "grey_error": mean("grey_error"),
        "grey_error_worst": round(float(found["grey_error"].max()), 5),
        "mask_dice": mean("mask_dice"),
        "mask_dice_native": mean("mask_dice_native"),
        "masks_vanished": int(found["vanished"].sum()),
    }
