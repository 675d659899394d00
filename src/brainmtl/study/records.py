"""What was measured, read alike from a run, a cross-validation or a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from brainmtl.errors import InputError
from brainmtl.evaluation.strata import TUMOUR
from brainmtl.report.folder import Run, read_run
from brainmtl.report.folds import folds_in_words
from brainmtl.study.summary import SECTIONS
from brainmtl.training.recipe import load_yaml
from brainmtl.training.run import read_json

Kind = Literal["run", "crossval", "sweep"]


@dataclass(frozen=True)
class Measured:
    """A measured number.

    Attributes:
        value: in the units of ``metrics.json``; the mean where there are folds.
        low: end of its 95 % interval, where there is one.
        high: the other end.
        sd: over folds.
        n: slices, or folds where there are folds.
        values: one a fold.
    """

    value: float
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    n: int | None = None
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Record:
    """What one run, cross-validation or sweep has left.

    Attributes:
        path: its folder.
        kind: which of the three.
        recipe: its name; a sweep's own.
        protocol: how slices were parted, in words.
        sources: the data sets.
        settings: the resolved recipe.
        status: ``finished``, ``stopped`` or ``unfinished``.
        parts: part → ``section.metric`` → number.
        cost: ``parameters``, ``trainable_parameters``, ``parameters_keras``, ``size_mb``,
            ``epoch_seconds``, ``hours``, ``epochs``, as far as known.
        machine: what it was computed on.
        encoder_weights: name and first digits of the SHA-256 of the file that its encoder began with, where
            it was handed one.
        drawn: SHA-256 of the manifest with the folds of a cross-validation; alike where the folds are.
        drawn_by: ``person``, ``stratified`` or ``random``, of a cross-validation.
        tumours: as ``parts``, of the slices with a tumour alone; of a run.
    """

    path: Path
    kind: Kind
    recipe: str
    protocol: str
    sources: tuple[str, ...]
    settings: Mapping[str, Any]
    status: str
    parts: Mapping[str, Mapping[str, Measured]] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    machine: str = ""
    encoder_weights: str | None = None
    drawn: str | None = None
    drawn_by: str | None = None
    tumours: Mapping[str, Mapping[str, Measured]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    def find(self, ours: str, part: str, over: str = "all") -> Measured | None:
        """A number by the name that ``published.yaml`` has for it.

        Args:
            ours: ``section.metric``, or ``cost.name``.
            part: train, validation or test; of no matter for a cost.
            over: ``"tumour"`` for the slices with a tumour alone.
        """
        section, _, name = ours.partition(".")
        if section == "cost":
            return Measured(self.cost[name]) if name in self.cost else None
        return (self.tumours if over == "tumour" else self.parts).get(part, {}).get(ours)


def read_record(path: Path) -> Record:
    """Read a folder that ``brainmtl train``, ``crossval`` or ``sweep`` made, or a shared copy of one.

    Args:
        path: the folder.

    Raises:
        InputError: it is none of them, or a file in it is damaged.
    """
    if (path / "crossval.json").is_file():
        return _crossval(path)
    if (path / "sweep.json").is_file():
        return _sweep(path)
    if (path / "plan.json").is_file():
        raise InputError("has not finished", where=path, mend="call it again to go on")
    return _run(read_run(path))


def _run(run: Run) -> Record:
    protocol = str(run.data.get("protocol", ""))
    fold = f", fold {run.data['fold']}" if protocol.endswith(("fold", "folds")) and "fold" in run.data else ""
    cost = {name: run.network[name] for name in run.network if name != "task"}
    cost |= {name: run.result[name] for name in ("hours", "epochs") if name in run.result}
    if run.log is not None and "seconds" in run.log:
        cost["epoch_seconds"] = float(run.log["seconds"].mean())
    return Record(
        run.path,
        "run",
        str(run.recipe.get("name", "")),
        protocol + fold,
        tuple(run.data.get("sources") or ()),
        run.recipe,
        run.status,
        {evaluation.part: _metrics(evaluation.metrics) for evaluation in run.evaluations},
        _numbers(cost),
        str(run.environment.get("cuda") or run.environment.get("processor") or ""),
        _named(run.data.get("encoder_weights")),
        tumours={evaluation.part: _metrics(_tumours(evaluation.metrics)) for evaluation in run.evaluations},
    )


def _crossval(path: Path) -> Record:
    found = read_json(path / "crossval.json")
    parts = {
        part: {
            f"{section}.{name}": _over_folds(metric)
            for section, metrics in sections.items()
            for name, metric in metrics.items()
            if metric["mean"] is not None
        }
        for part, sections in found["parts"].items()
    }
    cost = {
        name: value["mean"] if isinstance(value, dict) else value for name, value in found["cost"].items()
    }
    protocol = folds_in_words(found)
    if found["test_share"]:
        protocol += f" of {1 - found['test_share']:.0%}, tested on the rest"
    return Record(
        path,
        "crossval",
        found["recipe"],
        protocol,
        tuple(found["sources"]),
        _settings(path),
        "finished",
        parts,
        _numbers(cost),
        str(found["cost"].get("processor") or ""),
        _named(found.get("encoder_weights")),
        drawn=found["manifest_sha256"],
        drawn_by=found["by"],
    )


def _over_folds(metric: Mapping[str, Any]) -> Measured:
    values = tuple(value for value in metric["values"] if value is not None)
    return Measured(metric["mean"], metric.get("low"), metric.get("high"), metric["sd"], metric["n"], values)


def _sweep(path: Path) -> Record:
    found = read_json(path / "sweep.json")
    best = next(trial for trial in found["trials"] if trial["trial"] == found["best"])
    number = Measured(best["value"])
    return Record(
        path,
        "sweep",
        found["name"],
        f"best of {len(found['trials'])} trials on validation",
        tuple(found["sources"]),
        _settings(path),
        "finished",
        {"validation": {found["objective"]["metric"]: number}},
        _numbers({"hours": found["hours"]}),
        encoder_weights=_named(found.get("encoder_weights")),
    )


def _named(weights: Mapping[str, str] | None) -> str | None:
    return f"{weights['file']} ({weights['sha256'][:12]})" if weights else None


def _settings(path: Path) -> dict[str, Any]:
    recipe = path / "recipe.yaml"
    return dict(load_yaml(recipe.read_text(encoding="utf-8"))) if recipe.is_file() else {}


def _tumours(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    values = (metrics.get("strata") or {}).get(TUMOUR) or {}
    return values.get(TUMOUR) or {}


def _metrics(metrics: Mapping[str, Any]) -> dict[str, Measured]:
    return {
        f"{section}.{name}": Measured(
            metric["value"], metric.get("low"), metric.get("high"), n=metric.get("n")
        )
        for section in SECTIONS
        for name, metric in (metrics.get(section) or {}).items()
        if isinstance(metric.get("value"), int | float)
    }


def _numbers(content: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in content.items() if isinstance(value, int | float)}
