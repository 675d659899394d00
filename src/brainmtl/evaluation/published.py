"""Every published number as data: what the documents print, in the units of ``metrics.json``."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Unit = Literal[
    "ratio",
    "percent",
    "points",
    "count",
    "thousand",
    "million",
    "MB",
    "GB",
    "seconds",
    "hours",
    "epochs",
    "px",
    "degrees",
    "lines",
    "times",
]
Kind = Literal["results", "costs", "claims", "data", "settings"]
Part = Literal["train", "validation", "test", "unstated"]
Over = Literal["all", "tumour", "either"]
"""Which slices a number is of: those that its metric is defined on; of these the ones with a tumour; or one
of the two, where the document does not say which."""
FACTORS: Final = {"percent": 0.01, "points": 0.01, "thousand": 1e3, "million": 1e6}
ELSEWHERE: Final = "elsewhere"
"""Stands for the document of results that none of the five prints."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(_Frozen):
    """What a metric's name means in one document.

    Attributes:
        unit: of the printed numbers.
        ours: ``section.metric`` of ``metrics.json`` to hold beside it, or ``cost.parameters`` and the like;
            ``None`` where there is none.
        definition: the document's; ``unstated`` where it names none.
        spread: what an SD is over.
        over: which slices the document takes, where it is not the slices that ours is defined on.
    """

    unit: Unit
    ours: str | None = Field(default=None, pattern=r"^(segmentation|classification|joint|cost)\.[a-z0-9_]+$")
    definition: str
    spread: Literal["images", "folds"] | None = None
    over: Over = "all"


class Entry(_Frozen):
    """One printed number, or one statement in words.

    Attributes:
        at: tables, figures or sections it is printed in.
        recipe: of ours that rebuilds the system; ``system``: another one that the document cites.
        metric: what is measured, counted or set.
        value: as printed; ``words`` where no number is.
        unit: where it is not the metric's.
        field: of a recipe, which holds a setting.
        derived: from what a value follows that is not printed.
        over: which slices, where it is not those of the metric.
    """

    at: str
    recipe: str | None = None
    system: str | None = None
    metric: str
    value: float | None = None
    words: str | None = None
    sd: float | None = Field(default=None, ge=0)
    n: int | None = Field(default=None, ge=1)
    part: Part | None = None
    unit: Unit | None = None
    field: str | None = None
    note: str = ""
    derived: str = ""
    over: Over | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Entry":
        if self.value is None and not self.words:
            raise ValueError(f"{self.metric} at {self.at}: neither a value nor words")
        if self.recipe is not None and self.system is not None:
            raise ValueError(f"{self.metric} at {self.at}: both a recipe and a system")
        return self


class Document(_Frozen):
    """What one document prints."""

    authors: str = ""
    title: str = ""
    year: int | None = None
    dataset: str = ""
    metrics: dict[str, Measure]
    results: tuple[Entry, ...]
    costs: tuple[Entry, ...] = ()
    claims: tuple[Entry, ...] = ()
    data: tuple[Entry, ...] = ()
    settings: tuple[Entry, ...] = ()


class Published(_Frozen):
    """``published.yaml``: the five documents, and what others published on BRISC."""

    documents: dict[str, Document]
    elsewhere: Document


class PublishedNumber(_Frozen):
    """A number with everything that is known of it.

    Attributes:
        document: its id, or :data:`ELSEWHERE`.
        kind: of the list it stands in.
        recipe: of ours; ``None`` where the number is not a recipe's.
        system: of somebody else.
        metric: the document's name for it.
        part: what it was measured on; ``None`` where that makes no sense.
        value: in the units of ``metrics.json``: shares and Dice from 0 to 1, plain counts; ``None`` where
            the document has words only.
        sd: in the same unit, over ``spread``.
        n: slices.
        unit: of the printed number.
        ours: as in :class:`Measure`.
        definition: the document's.
        at: where it is printed.
        words: what is said where no number is.
        field: of a recipe, which holds a setting.
        derived: from what a value follows that is not printed.
        note: what a reader should know.
        over: which slices.
    """

    document: str
    kind: Kind
    recipe: str | None
    system: str | None
    metric: str
    part: Part | None
    value: float | None
    sd: float | None
    n: int | None
    unit: Unit
    ours: str | None
    definition: str
    spread: Literal["images", "folds"] | None
    at: str
    words: str | None
    field: str | None
    derived: str
    note: str
    over: Over = "all"


@cache
def read_published() -> Published:
    """Read ``published.yaml`` of the package, validated."""
    written = (files("brainmtl") / "published.yaml").read_text(encoding="utf-8")
    return Published.model_validate(yaml.safe_load(written))


@cache
def published_numbers() -> tuple[PublishedNumber, ...]:
    """List every published number, document by document, in the order they are written down."""
    read = read_published()
    documents = {**read.documents, ELSEWHERE: read.elsewhere}
    return tuple(number for name, document in documents.items() for number in _numbers(name, document))


def numbers_of(recipe: str) -> list[PublishedNumber]:
    """List what is published of the system that a recipe rebuilds: results, costs and claims.

    Args:
        recipe: its name.
    """
    return [number for number in published_numbers() if number.recipe == recipe and number.kind != "settings"]


def published_for(recipe: str) -> dict[str, dict[str, Any]]:
    """What is published of the system that a recipe rebuilds.

    Args:
        recipe: its name.

    Returns:
        ``{name: {value, sd, n, part, ours, definition, document, at, …}}``, without what is not known; the
        name is the document's metric, with its part before it where that is not the test part
        (``train_accuracy``). Empty for a recipe that is our own.
    """
    found: dict[str, dict[str, Any]] = {}
    for number in numbers_of(recipe):
        name = number.metric if number.part in (None, "test") else f"{number.part}_{number.metric}"
        found[name] = number.model_dump(
            exclude={"recipe", "system", "kind", "metric", "field"}, exclude_none=True, exclude_defaults=True
        )
        found[name] = {key: value for key, value in found[name].items() if value != ""}
    return found


def _numbers(name: str, document: Document) -> Iterator[PublishedNumber]:
    kinds: tuple[Kind, ...] = ("results", "costs", "claims", "data", "settings")
    for kind in kinds:
        for entry in getattr(document, kind):
            yield _number(name, document, kind, entry)


def _number(name: str, document: Document, kind: Kind, entry: Entry) -> PublishedNumber:
    measure = document.metrics.get(entry.metric, Measure(unit=entry.unit or "ratio", definition=""))
    unit = entry.unit or measure.unit
    kept = entry.model_dump(exclude={"value", "sd", "unit", "part", "over"})
    return PublishedNumber(
        document=name,
        kind=kind,
        value=_scaled(entry.value, unit),
        sd=_scaled(entry.sd, unit),
        unit=unit,
        part=entry.part or ("test" if kind == "results" else None),
        ours=measure.ours if kind in ("results", "costs") or entry.value is None else None,
        definition=measure.definition,
        spread=measure.spread if entry.sd is not None else None,
        over=entry.over or measure.over,
        **kept,
    )


def _scaled(value: float | None, unit: Unit) -> float | None:
    """A printed number in the units of ``metrics.json``, without the dust of binary fractions."""
    return None if value is None else round(value * FACTORS.get(unit, 1.0), 6)
