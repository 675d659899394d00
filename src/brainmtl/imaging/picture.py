"""Picture files (PNG, JPEG, TIFF, WebP, BMP) to grey slices, and back to PNG."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from brainmtl.errors import InputError
from brainmtl.imaging.colour import colour_share
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.limits import check_slice

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"})
"""What counts as a picture in a folder."""
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "DIB")
SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height (EXIF 2.32, tag 0x0112)."""
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
BITS_PER_SAMPLE = 258
LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"}
"""How a PNG of several channels of 16 bits is stored, of which Pillow keeps the high bytes → how it is to be
read for the low ones: the other way round, or, for grey with alpha, with a pixel's four bytes as channels."""

# The limit below is tighter than Pillow's, and its message better; ``catch_warnings`` is not for threads.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """A decoded slice.

    Attributes:
        pixels: grey values, uint8 ``(H, W)``.
        mode: the file's own colour mode as Pillow names it, e.g. ``"RGB"``.
        colour: share of its surface that is coloured, 0 to 1.
    """

    pixels: NDArray[np.uint8]
    mode: str
    colour: float = 0.0

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])


def read_picture(path: Path, *, as_stored: bool = False) -> Picture:
    """Decode a picture file to 8-bit grey.

    Deeper images are scaled from their darkest to their brightest value; alpha is dropped; colour becomes
    luma.

    Args:
        path: a PNG, JPEG, TIFF, WebP or BMP file with one picture in it.
        as_stored: leave the pixels as they lie in the file, whatever its EXIF orientation asks (a TIFF's are
            always turned). By default a slice is what a viewer shows.

    Raises:
        InputError: the file is missing, empty, not a picture, truncated, holds several pictures, is a TIFF in
            colours of more than 8 bits, or is too large, too small or too thin to be a slice.
    """
    try:
        # Given a path, Pillow 13 garbles plain TIFFs that lie on their side.
        with path.open("rb") as handle, Image.open(handle, formats=FORMATS) as image:
            check_slice(image.width, image.height, path)
            _check_single(image, path)
            raw = image.tile[0].args if image.format == "PNG" and image.tile else None
            image.load()
            whole = _all_bits(image, path, raw) if raw in LOW_BYTES else image
            if not as_stored and image.format != "TIFF":  # Pillow has turned a TIFF as it loaded
                ImageOps.exif_transpose(whole, in_place=True)
            return Picture(_to_grey(whole), image.mode, colour_share(whole))
    except InputError:
        raise
    except Exception as error:  # decoders raise anything on broken bytes
        raise _explain(error, path) from error


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height of what :func:`read_picture` gives, from the file's header alone.

    Args:
        path: a picture file.

    Raises:
        OSError: the header cannot be read.
    """
    with Image.open(path) as image:
        sideways = image.getexif().get(ExifTags.Base.Orientation, 1) in SIDEWAYS
        return (image.height, image.width) if sideways else image.size


def claimed_size(path: Path) -> tuple[int, int] | None:
    """Rows and columns that a picture file claims to store, before anything of it is decoded.

    Args:
        path: an existing file.

    Returns:
        ``None`` where its header cannot be read.

    Raises:
        InputError: more than any slice has.
    """
    try:
        with path.open("rb") as handle, Image.open(handle, formats=FORMATS) as image:
            return image.height, image.width
    except Image.DecompressionBombError as error:
        raise _explain(error, path) from error
    except Exception:  # decoders raise anything on broken bytes
        return None


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write pixels as a PNG, whole or not at all.

    Args:
        path: where to.
        pixels: uint8 ``(H, W)``, or ``(H, W, 3)`` for RGB.

    Raises:
        InputError: the file cannot be written.
    """
    with whole_file(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG", compress_level=1)


def _explain(error: Exception, path: Path) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", where=path, mend="check the path")
    if isinstance(error, IsADirectoryError):
        return InputError(
            "a folder, not a picture", where=path, mend="predict_files and predict_scan take folders"
        )
    if isinstance(error, OSError) and error.errno is not None:
        return InputError(f"cannot be opened: {error.strerror}", where=path, mend="pass a file you may read")
    if isinstance(error, Image.DecompressionBombError):
        return InputError("more pixels than a slice can have", where=path, mend="pass single slices")
    if not isinstance(error, UnidentifiedImageError):
        return InputError(f"cannot be decoded: {error}", where=path, mend="export or download it again")
    if path.stat().st_size == 0:
        return InputError("the file is empty", where=path, mend="export or download it again")
    return InputError(
        "not a picture that can be read", where=path, mend="pass PNG, JPEG, TIFF, WebP, BMP, DICOM or NIfTI"
    )


def _check_single(image: Image.Image, path: Path) -> None:
    pages = int(getattr(image, "n_frames", 1))
    if pages > 1 and image.format != "MPO":  # a camera's MPO holds its picture first, then views of it
        raise InputError(
            f"{pages} pictures in one file", where=path, mend="save each slice as a file of its own"
        )
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    if image.mode in ("RGB", "RGBA", "LA") and max(tags.get(BITS_PER_SAMPLE, (8,))) > 8:
        raise InputError(
            "a TIFF in colours of more than 8 bits", where=path, mend="save it as grey, or as PNG"
        )


def _all_bits(image: Image.Image, path: Path, raw: str) -> Image.Image:
    """A PNG of several channels of 16 bits in colours of 8, from its darkest to its brightest value."""
    with path.open("rb") as handle, Image.open(handle, formats=("PNG",)) as other:
        other.tile = [tile._replace(args=LOW_BYTES[raw]) for tile in other.tile]
        low = np.asarray(other)
    high = np.asarray(image)[..., :3]
    if raw == "LA;16B":
        high, low = low[..., [0, 0, 0]], low[..., [1, 1, 1]]
    deep = high * 256.0 + low[..., :3]
    scaled = (deep - deep.min()) * (255.0 / max(np.ptp(deep), 1))
    whole = Image.fromarray(np.rint(scaled).astype(np.uint8))
    whole.info.update(image.info)
    return whole


def _to_grey(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return np.asarray((image.convert("RGB") if image.mode in ("P", "PA") else image).convert("L"))
    deep = np.asarray(image).astype(np.float64)
    finite = deep[np.isfinite(deep)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if _white_is_zero(image):
        deep, low, high = -deep, -high, -low
    scaled = (np.nan_to_num(deep, nan=low, posinf=high, neginf=low) - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _white_is_zero(image: Image.Image) -> bool:
    """Pillow inverts such a TIFF up to 8 bits, and leaves a deeper one as it is."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO
