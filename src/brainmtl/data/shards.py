"""The files of a packed set: encoded slices in a few shards, and those slices laid out as files again."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from brainmtl.data.folder import whole_folder
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256

RECORD = "pack.json"
"""What makes a folder a packed set: how it was packed, what that lost, and its shards with their hashes."""
MANIFEST = "manifest.parquet"
SLICES = "slices"
"""The folder that the shards are laid out in."""
SHARD_BYTES = 8_000_000
"""Of encoded slices in one shard, about."""


class Encoded(NamedTuple):
    """A slice as it lies in a shard.

    Attributes:
        id: of the manifest.
        image: the content of a WebP file.
        mask: the content of a PNG file; ``None`` where there is no mask.
    """

    id: str
    image: bytes
    mask: bytes | None


def image_name(id: str) -> str:
    """Where a slice is laid out, below :data:`SLICES`.

    Args:
        id: of the manifest.
    """
    return f"images/{id}.webp"


def mask_name(id: str) -> str:
    """Where a mask is laid out, below :data:`SLICES`.

    Args:
        id: of the manifest.
    """
    return f"masks/{id}.png"


def write_shards(folder: Path, slices: Iterable[Encoded], largest: int = SHARD_BYTES) -> dict[str, str]:
    """Write slices as Parquet files of ``id, image, mask``.

    Args:
        folder: an existing one.
        slices: in the order of the manifest.
        largest: the most bytes of slices in a shard; one slice at least.

    Returns:
        The SHA-256 of each shard by its name.
    """
    shards: dict[str, str] = {}
    rows: list[Encoded] = []

    def write() -> None:
        path = folder / f"shard-{len(shards):03}.parquet"
        pd.DataFrame(rows, columns=list(Encoded._fields)).to_parquet(path, index=False)
        shards[path.name] = file_sha256(path)
        rows.clear()

    size = 0
    for one in slices:
        weight = len(one.image) + len(one.mask or b"")
        if rows and size + weight > largest:
            write()
            size = 0
        rows.append(one)
        size += weight
    write()
    return shards


def laid_out(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Give every slice of a packed set a file of its own; a manifest that lies elsewhere is left as it is.

    Args:
        table: a manifest; in a packed set its paths are relative.
        folder: the one it lies in.

    Returns:
        The manifest with absolute paths.

    Raises:
        InputError: a shard is missing or damaged, or the folder cannot be written.
    """
    if not (folder / RECORD).is_file() or Path(table["image"].iloc[0]).is_absolute():
        return table
    slices = folder.resolve() / SLICES
    if not slices.is_dir():
        with whole_folder(
            slices, "copy the packed set to a folder you may write to, on a disk with room"
        ) as temporary:
            for path in _shards(folder):
                _lay_out(path, temporary, set(table["id"]))
    before = f"{slices}/"
    return table.assign(image=before + table["image"], mask=before + table["mask"])


def read_record(folder: Path) -> dict[str, Any]:
    """What a packed set says of itself.

    Args:
        folder: of the packed set.

    Raises:
        InputError: it is damaged.
    """
    path = folder / RECORD
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["shards"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            "says nothing of its shards", where=path, mend="copy the packed set again"
        ) from error
    return found


def _shards(folder: Path) -> list[Path]:
    paths = []
    for name, digest in read_record(folder)["shards"].items():
        path = folder / Path(name).name
        if not path.is_file():
            raise InputError("no such shard", where=path, mend="copy the whole folder of the packed set")
        if file_sha256(path) != digest:
            raise InputError("the shard is damaged", where=path, mend="copy it again")
        paths.append(path)
    return paths


def _lay_out(shard: Path, folder: Path, ids: set[str]) -> None:
    """Write the slices of a shard whose ids a manifest, where no id holds a slash, has."""
    for name in ("images", "masks"):
        (folder / name).mkdir(exist_ok=True)
    rows = pd.read_parquet(shard)
    for id, image, mask in zip(rows["id"], rows["image"], rows["mask"], strict=True):
        if id in ids:
            (folder / image_name(id)).write_bytes(image)
            if isinstance(mask, bytes):
                (folder / mask_name(id)).write_bytes(mask)
