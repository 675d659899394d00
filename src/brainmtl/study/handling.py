"""What happens to a slice once it is a picture: saved, resized, cut, turned, written on, inverted.

Each takes grey values, uint8 ``(H, W)``, how strong it is to be, and its chance. Those that move pixels do
the same to a mask of 0 and 255, given the same chance.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]

TEXTS = ("R", "Se: 4", "Im: 12/24", "T1 FSE", "TR 520 TE 11", "W 412 L 198", "5.0 mm", "FOV 240")
"""What viewers write beside a head; nobody's name."""
TEXT_HEIGHT = 0.05


def jpeg(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """Lossy compression.

    Args:
        pixels: the slice.
        level: quality, as in libjpeg; 1 to 95.
        chance: of no use.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=int(level))
    return np.asarray(Image.open(buffer))


def resize(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """A smaller picture.

    Args:
        pixels: the slice, or its mask.
        level: its side as a share of what it was.
        chance: of no use.
    """
    height, width = pixels.shape
    smaller = max(1, round(width * level)), max(1, round(height * level))
    return np.asarray(Image.fromarray(pixels).resize(smaller, Image.Resampling.BILINEAR))


def crop(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """Margins cut off.

    Args:
        pixels: the slice, or its mask.
        level: share of the height and of the width that goes.
        chance: how much of it on which side.
    """
    height, width = (max(1, round(side * (1 - level))) for side in pixels.shape)
    top, left = (
        round(share * (whole - kept))
        for share, whole, kept in zip(chance.random(2), pixels.shape, (height, width), strict=True)
    )
    return pixels[top : top + height, left : left + width]


def rotate(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """A head held askew; black where nothing was.

    Args:
        pixels: the slice, or its mask.
        level: degrees.
        chance: which way.
    """
    degrees = level * float(chance.choice([-1.0, 1.0]))
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR))


def burn_text(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """White writing in the corners, as on screenshots.

    Args:
        pixels: the slice.
        level: how many lines.
        chance: which lines, and in which corner the first one is.
    """
    image = Image.fromarray(pixels)
    height, width = pixels.shape
    line = max(6, round(TEXT_HEIGHT * max(height, width)))
    font, draw = ImageFont.load_default(line), ImageDraw.Draw(image)
    texts, first = chance.permutation(TEXTS)[: int(level)], int(chance.integers(4))
    for number, text in enumerate(texts):
        corner, row = (first + number) % 4, number // 4
        down = row * line * 1.2 if corner < 2 else height - (row + 1) * line * 1.2
        draw.text((width - 2 if corner % 2 else 2, down), str(text), 255, font, "ra" if corner % 2 else "la")
    return np.asarray(image)


def invert(pixels: Pixels, level: float, chance: np.random.Generator) -> Pixels:
    """Contrast turned over from a grey value up; from 0, the whole, as where MONOCHROME1 is overlooked.

    Args:
        pixels: the slice.
        level: the darkest share of white that is inverted.
        chance: of no use.
    """
    inverted: Pixels = np.where(pixels >= level * 255, 255 - pixels, pixels)
    return inverted
