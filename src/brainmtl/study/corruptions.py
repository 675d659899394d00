"""The corruptions that a model is tried on, each in five severities."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainmtl.study import handling, scanner

Change = Callable[[Any, float, np.random.Generator], NDArray[Any]]
Kind = Literal["scanner", "picture"]
SEVERITIES: Final = 5


@dataclass(frozen=True)
class Corruption:
    """One way for a slice to be worse than those a model was trained on.

    Attributes:
        title: what people call it.
        kind: ``"scanner"`` for the physics of MRI, ``"picture"`` for what happens to files.
        unit: what a level is.
        levels: from severity 1, mild, to severity 5, severe.
        change: pixels, level and chance to pixels: grey values in [0, 1] for ``"scanner"``, uint8 for
            ``"picture"``.
        moves: pixels change places, so the mask goes along.
    """

    title: str
    kind: Kind
    unit: str
    levels: tuple[float, ...]
    change: Change
    moves: bool = False

    @property
    def name(self) -> str:
        """What files call it."""
        return self.title.lower().replace(" ", "-")


def _of_scanner(change: Change, title: str, unit: str, *levels: float) -> Corruption:
    return Corruption(title, "scanner", unit, levels, change)


def _of_picture(change: Change, title: str, unit: str, *levels: float, moves: bool = False) -> Corruption:
    return Corruption(title, "picture", unit, levels, change, moves)


CORRUPTIONS: Final = (
    _of_scanner(scanner.motion, "motion", "degrees, and % of the side", 0.5, 1, 2, 3.5, 5),
    _of_scanner(scanner.ghosting, "ghosting", "share of a line lost", 0.15, 0.3, 0.5, 0.7, 0.9),
    _of_scanner(scanner.spike, "k-space spike", "share of the largest value", 0.05, 0.1, 0.2, 0.35, 0.5),
    _of_scanner(scanner.bias_field, "bias field", "largest coefficient", 0.15, 0.3, 0.45, 0.6, 0.8),
    _of_scanner(scanner.rician_noise, "Rician noise", "SD, white is 1", 0.02, 0.04, 0.07, 0.11, 0.16),
    _of_scanner(scanner.blur, "blur", "SD in % of the side", 0.2, 0.4, 0.7, 1, 1.5),
    _of_scanner(scanner.low_resolution, "low resolution", "pixels acquired", 0.5, 0.35, 0.25, 0.18, 0.125),
    _of_scanner(scanner.gamma, "gamma", "± logarithm of the power", 0.2, 0.4, 0.6, 0.8, 1),
    _of_scanner(scanner.gibbs_ringing, "Gibbs ringing", "radius of k-space", 0.4, 0.3, 0.22, 0.16, 0.11),
    _of_picture(handling.jpeg, "JPEG", "quality", 40, 25, 15, 10, 5),
    _of_picture(
        handling.resize, "small picture", "share of the side", 0.75, 0.5, 0.35, 0.25, 0.18, moves=True
    ),
    _of_picture(handling.crop, "cropping", "share cut off", 0.05, 0.1, 0.15, 0.2, 0.25, moves=True),
    _of_picture(handling.rotate, "rotation", "± degrees", 5, 10, 15, 20, 30, moves=True),
    _of_picture(handling.burn_text, "burnt-in text", "lines", 1, 2, 4, 6, 8),
    _of_picture(handling.invert, "inverted contrast", "from this grey value up", 0.8, 0.6, 0.4, 0.2, 0),
)


def corrupt(
    corruption: Corruption,
    severity: int,
    pixels: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None,
    key: str,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """Corrupt a slice, and its mask with it where pixels move.

    Chance is the slice's own and alike in every severity: a slice moves the same way, only further.
    Grey values keep their window: what becomes brighter than white is white.

    Args:
        corruption: one of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        pixels: uint8 ``(H, W)``.
        mask: bool ``(H, W)``, or none.
        key: what chance is drawn from, e.g. the slice's id.

    Returns:
        Pixels and mask, both of one shape.
    """
    level = corruption.levels[severity - 1]

    def chance() -> np.random.Generator:
        digest = hashlib.sha256(f"{corruption.name}/{key}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8]))

    if corruption.kind == "picture":
        changed = corruption.change(pixels, level, chance())
    else:
        grey = corruption.change(pixels.astype(np.float32) / 255, level, chance())
        changed = np.rint(np.clip(np.nan_to_num(grey), 0, 1) * 255).astype(np.uint8)
    if mask is not None and corruption.moves:
        mask = corruption.change(mask.astype(np.uint8) * 255, level, chance()) > 127
    return changed, mask
