"""A run folder as reports read it: whatever of it is there."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml

from brainmtl.errors import InputError

Part = Literal["out-of-fold", "test", "validation"]
PARTS: tuple[Part, ...] = ("out-of-fold", "test", "validation")
MEASURED_ON: tuple[Part, ...] = ("validation", "test")
"""The parts that every run can be measured on."""


@dataclass(frozen=True)
class Evaluation:
    """One part of a manifest, measured.

    Attributes:
        part: which.
        folder: ``evaluation/<part>``.
        metrics: the content of ``metrics.json``.
        slices: one row a slice; ``None`` where ``per_image.parquet`` is not there.
    """

    part: Part
    folder: Path
    metrics: dict[str, Any]
    slices: pd.DataFrame | None

    def value(self, section: str, metric: str) -> float | None:
        """One metric, or ``None`` where it was not measured.

        Args:
            section: e.g. ``"segmentation"``.
            metric: e.g. ``"dice"``.
        """
        found = ((self.metrics.get(section) or {}).get(metric) or {}).get("value")
        return None if found is None else float(found)


@dataclass(frozen=True)
class Run:
    """What a run folder holds; an absent file is an empty dictionary or ``None``.

    Attributes:
        path: the folder.
        recipe: ``recipe.yaml``.
        recipe_text: the same as written.
        environment: ``environment.json``.
        data: ``data.json``.
        network: ``network.json``.
        result: ``result.json``; empty until the run has finished.
        log: ``log.csv``, one row an epoch; ``None`` before the first epoch has ended.
        evaluations: the measured parts, in the order of :data:`PARTS`.
    """

    path: Path
    recipe: dict[str, Any]
    recipe_text: str
    environment: dict[str, Any]
    data: dict[str, Any]
    network: dict[str, Any]
    result: dict[str, Any]
    log: pd.DataFrame | None
    evaluations: tuple[Evaluation, ...]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def task(self) -> str:
        """``segmentation``, ``classification`` or ``joint``; empty where unknown."""
        return str(self.network.get("task", ""))

    @property
    def status(self) -> str:
        """``finished``, ``stopped``, or ``unfinished`` where the run has left no result."""
        return str(self.result.get("status", "unfinished"))

    def setting(self, field: str) -> Any:
        """A field of the recipe, or ``None`` where it has none.

        Args:
            field: e.g. ``"data.size"``.
        """
        found: Any = self.recipe
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @property
    def date(self) -> str:
        """The day on which it started, ISO; empty where unknown."""
        try:
            return datetime.fromisoformat(str(self.environment.get("started", ""))).date().isoformat()
        except ValueError:
            return ""


def read_run(path: Path) -> Run:
    """Read a run folder.

    Args:
        path: a folder that ``brainmtl train`` made, finished or not.

    Raises:
        InputError: it is not a run folder, or a file in it is damaged.
    """
    recipe = path / "recipe.yaml"
    if not recipe.is_file():
        raise InputError(
            "not a run folder: no recipe.yaml", where=path, mend="pass a folder that `brainmtl train` made"
        )
    written = recipe.read_text(encoding="utf-8", errors="replace")
    return Run(
        path,
        _mapping(recipe, written),
        written,
        environment=_read_json(path / "environment.json"),
        data=_read_json(path / "data.json"),
        network=_read_json(path / "network.json"),
        result=_read_json(path / "result.json"),
        log=_read_log(path / "log.csv"),
        evaluations=tuple(_read_evaluation(path, part) for part in PARTS if _measured(path, part)),
    )


def _measured(run: Path, part: Part) -> bool:
    return (run / "evaluation" / part / "metrics.json").is_file()


def _read_evaluation(run: Path, part: Part) -> Evaluation:
    folder = run / "evaluation" / part
    rows = folder / "per_image.parquet"
    if not rows.is_file():
        return Evaluation(part, folder, _read_json(folder / "metrics.json"), None)
    try:
        slices = pd.read_parquet(rows)
    except Exception as error:
        raise InputError("not a Parquet table", where=rows, mend="evaluate again") from error
    return Evaluation(part, folder, _read_json(folder / "metrics.json"), slices)


def _read_json(path: Path) -> dict[str, Any]:
    return _mapping(path, path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else {}


def _mapping(path: Path, written: str) -> dict[str, Any]:
    try:
        content = json.loads(written) if path.suffix == ".json" else yaml.safe_load(written)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"is damaged: {error}", where=path, mend="train or evaluate again") from error
    if not isinstance(content, dict):
        raise InputError("is damaged: not a mapping of fields", where=path, mend="train or evaluate again")
    return content


def _read_log(path: Path) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    try:
        log = pd.read_csv(path)
    except ValueError as error:
        raise InputError(f"not a CSV table: {error}", where=path, mend="train again") from error
    if "epoch" not in log:
        raise InputError("column is missing", where=path, field="epoch", mend="train again")
    return None if log.empty else log
