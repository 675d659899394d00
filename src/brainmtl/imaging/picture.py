"""Picture files (PNG, JPEG, TIFF, WebP, BMP) to grey slices."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from brainmtl.errors import InputError

MAX_PIXELS = 64_000_000
MIN_SIDE = 16
MAX_ASPECT = 8.0


@dataclass(frozen=True)
class Picture:
    """A decoded slice.

    Attributes:
        pixels: grey values, uint8 ``(H, W)``.
        mode: the file's own colour mode as Pillow names it, e.g. ``"RGB"``.
    """

    pixels: NDArray[np.uint8]
    mode: str

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])


def read_picture(path: Path) -> Picture:
    """Decode a picture file to 8-bit grey.

    Deeper images are scaled from their darkest to their brightest pixel; alpha is dropped; colour becomes luma.

    Args:
        path: a file in a format that Pillow reads.

    Raises:
        InputError: the file is missing, empty, not a picture, truncated, too large or too thin to be a slice.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check_size(image.width, image.height, path)
                image.load()
                return Picture(_to_grey(image), image.mode)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("no such file", where=path, mend="check the path") from error
    except Image.DecompressionBombError as error:
        raise InputError("more pixels than a slice can have", where=path, mend="pass single slices") from error
    except UnidentifiedImageError as error:
        raise InputError("not a picture", where=path, mend="pass PNG, JPEG, TIFF or WebP") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"cannot be decoded: {error}", where=path, mend="export or download it again") from error


def _check_size(width: int, height: int, path: Path) -> None:
    size = f"{width}×{height} pixels"
    if width * height > MAX_PIXELS:
        raise InputError(f"{size}, more than {MAX_PIXELS:,}", where=path, mend="pass single slices")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{size}, too small for a slice", where=path, mend=f"at least {MIN_SIDE} on each side")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{size}, too long and thin for a slice", where=path, mend="pass single slices")


def _to_grey(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in ("L", "1", "RGB", "RGBA", "RGBX", "LA", "La", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
        return np.asarray(image.convert("RGB" if image.mode in ("P", "PA") else image.mode).convert("L"))
    deep = np.asarray(image).astype(np.float64)
    if deep.ndim == 3:
        deep = deep[..., :3].mean(axis=2)
    finite = deep[np.isfinite(deep)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scaled = (np.nan_to_num(deep, nan=low, posinf=high, neginf=low) - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
