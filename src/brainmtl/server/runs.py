"""Run folders as the server reads them: whatever they hold at the moment, through their files alone."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture

Part = Literal["out-of-fold", "test", "validation", "train"]
PARTS: Final[tuple[Part, ...]] = ("out-of-fold", "test", "validation", "train")
Layer = Literal["picture", "truth", "prediction"]
SECTIONS: Final = ("segmentation", "classification", "joint")
DEPTHS: Final = ("data.json", "*/data.json", "*/*/data.json")
"""A run folder itself, those of a cross-validation, those of the arms of a study."""
PATHS: Final = ("image", "mask")
"""Columns that hold places on this machine, which nobody else needs to know."""


@dataclass(frozen=True)
class ServedRun:
    """One run folder.

    Attributes:
        name: what the API calls it.
        path: the folder.
    """

    name: str
    path: Path

    @property
    def parts(self) -> list[Part]:
        """The parts whose slices are listed."""
        return [part for part in PARTS if (self._part(part) / "per_image.json").is_file()]

    def card(self) -> dict[str, Any]:
        """What it is, and its numbers over each measured part."""
        network, result, data = (
            _mapping(self.path / f"{name}.json") for name in ("network", "result", "data")
        )
        measured = {part: _mapping(self._part(part) / "metrics.json") for part in PARTS}
        return {
            "name": self.name,
            "task": network.get("task"),
            "parameters": network.get("parameters"),
            "status": result.get("status", "unfinished"),
            "best_epoch": result.get("best_epoch"),
            "protocol": data.get("protocol"),
            "sources": data.get("sources", []),
            "parts": self.parts,
            "metrics": {
                part: {section: metrics.get(section) for section in SECTIONS}
                for part, metrics in measured.items()
                if metrics
            },
        }

    def evaluation(self, part: Part) -> dict[str, Any]:
        """The metrics of a part, and its rows without their paths."""
        rows = [{name: value for name, value in row.items() if name not in PATHS} for row in self._rows(part)]
        return {"metrics": _mapping(self._part(part) / "metrics.json"), "rows": rows}

    def log(self) -> list[dict[str, float | None]]:
        """``log.csv``: a row an epoch, null where an epoch has no such number."""
        try:
            with (self.path / "log.csv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, csv.Error) as error:
            raise InputError("log.csv cannot be read", where=self.path, mend="train again") from error
        return [{name: _number(value) for name, value in row.items() if name} for row in rows]

    def layer(self, part: Part, number: int, layer: Layer) -> NDArray[np.uint8] | None:
        """A slice or one of its masks, from where the part's rows say that it lies.

        Args:
            part: of the run.
            number: of the row, from 0.
            layer: which.

        Returns:
            uint8 ``(H, W)``, masks 0 and 255; ``None`` where there is no such row, or it has no such layer.

        Raises:
            InputError: the file is gone or damaged.
        """
        rows = self._rows(part)
        if not 0 <= number < len(rows):
            return None
        row = rows[number]
        if layer == "picture":
            return read_picture(Path(str(row["image"]))).pixels
        path = self._mask(part, row, layer)
        return None if path is None else read_mask(path).astype(np.uint8) * 255

    def _mask(self, part: Part, row: dict[str, Any], layer: Layer) -> Path | None:
        if layer == "truth":
            return Path(row["mask"]) if row.get("mask") else None
        name = f"{row['id']}.png"
        if Path(name).name != name or row.get("predicted_px") is None:
            return None
        return self._part(part) / "masks" / name

    def _rows(self, part: Part) -> list[dict[str, Any]]:
        path = self._part(part) / "per_image.json"
        try:
            return _read_rows(path, path.stat().st_mtime_ns)
        except (OSError, ValueError) as error:
            raise InputError(
                f"per_image.json of {part} cannot be read",
                where=path,
                mend="write it with `brainmtl report RUN`",
            ) from error

    def _part(self, part: Part) -> Path:
        return self.path / "evaluation" / part


def find_runs(folders: Sequence[Path]) -> dict[str, ServedRun]:
    """Find run folders.

    Args:
        folders: run folders, and folders of run folders down to their grandchildren.

    Returns:
        Name → run, in the order of the folders; a name is the path below the folder with dots for slashes,
        or the run folder's own, and ends in a number where it is taken.

    Raises:
        InputError: there is none in one of them.
    """
    found: dict[str, ServedRun] = {}
    for folder in folders:
        runs = sorted(path.parent for depth in DEPTHS for path in folder.glob(depth))
        if not runs:
            raise InputError("no run folder in it", where=folder, mend="name one that `brainmtl train` made")
        for run in runs:
            below = run.relative_to(folder).parts
            name = ".".join(below) or run.resolve().name
            taken = sum(1 for other in found if other.partition("~")[0] == name)
            name = f"{name}~{taken + 1}" if taken else name
            found[name] = ServedRun(name, run)
    return found


@lru_cache(maxsize=16)
def _read_rows(path: Path, _changed: int) -> list[dict[str, Any]]:
    rows = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and {"id", "image"} <= set(row) for row in rows
    ):
        raise ValueError("not a list of rows")
    return rows


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read", where=path, mend="evaluate again") from error
    return content if isinstance(content, dict) else {}


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
