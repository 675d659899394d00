"""SARTAJ (Bhuvaji et al. 2020; MIT): folders of slices by split and class, without masks or patients."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from brainmtl.data.rows import Row, every_row, file_cells
from brainmtl.data.sides import draw_sides
from brainmtl.errors import InputError
from brainmtl.imaging.picture import SUFFIXES
from brainmtl.labels import ClassName

SPLITS = {"Training": "train", "Testing": "test"}
LABELS: dict[str, ClassName] = {
    "glioma_tumor": "glioma",
    "meningioma_tumor": "meningioma",
    "pituitary_tumor": "pituitary",
    "no_tumor": "no_tumor",
}
MISLABELLED = "Testing/glioma_tumor holds mostly other classes; --without glioma leaves gliomas out"


def index_sartaj(
    root: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[pd.DataFrame, list[str]]:
    """Turn a SARTAJ folder into a manifest.

    An id is ``sartaj_<split>_<class>_<file stem>``. Nobody knows the patients, so groups are look-alikes.

    Args:
        root: the folder that holds ``Training/`` and ``Testing/``; a folder of either may be missing.
        progress: called with slices read and slices in all.

    Returns:
        The manifest, and warnings.

    Raises:
        InputError: there is no picture, a folder is of no known class, or a file cannot be read.
    """
    paths = sorted(path for split in SPLITS for path in root.glob(f"{split}/*/*") if path.is_file())
    images = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if not images:
        raise InputError(
            "no Training/<class>/* and no Testing/<class>/* in it",
            where=root,
            mend="pass the folder that holds both",
        )
    table = pd.DataFrame(every_row(_row, images, progress))
    nobody = pd.Series(pd.NA, index=table.index, dtype="string")
    return draw_sides(table, nobody, root, progress=progress), _warnings(table, len(paths) - len(images))


def _row(path: Path) -> Row:
    split, folder = path.parent.parent.name, path.parent.name
    if folder not in LABELS:
        raise InputError(
            f"{folder!r} is not one of {', '.join(LABELS)}",
            where=path.parent,
            field="label",
            mend="rename the folder",
        )
    return {
        "id": f"sartaj_{SPLITS[split]}_{LABELS[folder]}_{path.stem}",
        "label": LABELS[folder],
        "source": "sartaj",
        "split": SPLITS[split],
        **file_cells(path),
    }


def _warnings(table: pd.DataFrame, others: int) -> list[str]:
    found = []
    if ((table["label"] == "glioma") & (table["split"] == "test")).any():
        found.append(MISLABELLED)
    if others:
        found.append(f"{others} files are no pictures and were left out")
    return found
