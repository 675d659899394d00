"""What a trained model was put through: the records that lie in its run folder."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from brainmtl.errors import InputError
from brainmtl.report.ensemble import ensemble_table
from brainmtl.report.explanation import explanation_table
from brainmtl.report.html import data_uri
from brainmtl.report.robustness import kept_table
from brainmtl.report.tables import Table

TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], Table]]] = {
    "robustness": kept_table,
    "ensemble": ensemble_table,
    "explanation": explanation_table,
}
"""Verb's folder → the table of its record."""
PICTURES: Final = {
    "robustness.svg": "Dice and accuracy by severity, a small plot for each corruption.",
    "corruptions.png": "What each corruption makes of a phantom, mild to severe.",
}
"""Charts and phantoms, with what they say in words; sheets that show slices stay where they are."""
TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class Trial:
    """One of them.

    Attributes:
        name: of its folder in the run folder.
        table: what was measured.
        pictures: data URIs, each with its alternative text.
    """

    name: str
    table: Table
    pictures: tuple[tuple[str, str], ...]


def read_trials(run: Path) -> list[Trial]:
    """Read what `brainmtl robustness`, `ensemble` and `explain` left in a run folder.

    Args:
        run: the folder.

    Raises:
        InputError: a record is damaged.
    """
    return [_read(run / name, name) for name in TABLES if (run / name / f"{name}.json").is_file()]


def _read(folder: Path, name: str) -> Trial:
    path = folder / f"{name}.json"
    try:
        table = TABLES[name](json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"is damaged: {error}", where=path, mend=f"run `brainmtl {name}` again") from error
    drawn = {folder / "figures" / picture: words for picture, words in PICTURES.items()}
    pictures = (
        (data_uri(one.read_bytes(), TYPES[one.suffix]), words)
        for one, words in drawn.items()
        if one.is_file()
    )
    return Trial(name, table, tuple(pictures))
