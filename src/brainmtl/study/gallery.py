"""What each corruption looks like, on a phantom."""

from pathlib import Path
from typing import Final

import numpy as np

from brainmtl.data.phantom import Person, draw_slice
from brainmtl.data.phantom_head import draw_anatomy
from brainmtl.data.phantom_tumour import draw_tumour
from brainmtl.report.gallery import gallery_sheet
from brainmtl.report.html import write_whole
from brainmtl.report.style import to_png
from brainmtl.study.corruptions import CORRUPTIONS, SEVERITIES, corrupt

SEED: Final = 3
SIDE: Final = 256


def draw_gallery(path: Path) -> None:
    """Draw every corruption in every severity on one phantom, with the outline of its tumour.

    Args:
        path: the PNG to write.

    Raises:
        InputError: it cannot be written.
    """
    chance = np.random.default_rng(SEED)
    person = Person("phantom", "meningioma", draw_anatomy(chance), draw_tumour("meningioma", chance))
    pixels, mask = draw_slice(person, "axial", 0.0, SEED, SIDE)
    rows = [
        (
            corruption.title,
            [f"{level:g}" for level in corruption.levels],
            [
                corrupt(corruption, severity, pixels, mask, person.name)
                for severity in range(1, SEVERITIES + 1)
            ],
        )
        for corruption in CORRUPTIONS
    ]
    write_whole(path, to_png(gallery_sheet(rows), dpi=100))
