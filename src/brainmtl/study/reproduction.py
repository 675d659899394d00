"""Published beside ours for every system, as one Markdown page written from committed records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from brainmtl.errors import InputError
from brainmtl.evaluation.published import ELSEWHERE, published_numbers, read_published
from brainmtl.report.names import NO_VALUE
from brainmtl.report.tables import Table, text, to_markdown
from brainmtl.study.compare import (
    Row,
    compare,
    cost_table,
    elsewhere,
    measured_text,
    metric_title,
    published_text,
)
from brainmtl.study.flattery import flattery, flattery_table
from brainmtl.study.records import Record, read_record
from brainmtl.study.space import overrides, read_sweep
from brainmtl.study.steadiness import contrasts, steadiness_table
from brainmtl.training.recipe import Recipe, read_recipe, recipe_names, shipped_sweeps

HEAD: Final = ("recipe", "part", "metric", "published", "ours", "protocol", "status")
AS_SHIPPED: Final = "as the recipe"
OVERRULED: Final = ("name", "description", "published", "data.protocol", "data.fold")
"""Fields that may differ between a run's recipe and the shipped one without making it another system."""
INTRODUCTION: Final = """\
# Published, and reproduced

Every number of the five documents that has a counterpart of ours, beside what our run records say. Written by
`brainmtl compare docs/results/* --page docs/reproduction.md` from `src/brainmtl/published.yaml` and
`docs/results/`; never edited by hand. *Status* says which settings of a run differ from its recipe, so that a
short run is not taken for the published one: those whose names end in `-short` are by `tools/short_runs.py`;
`benchmarks/published.md` says what full ones would take. *encoder:* names the file that a pretrained encoder
is of, where it is not timm's own; `tf_efficientnet_b0.safetensors` is a warm start, EfficientNet-Lite0's
weights with squeeze-and-excitation opened, so that what began with it reproduces nothing. Brackets are 95 %
intervals; ± is the SD that the document gives (over images or folds), or ours over folds. BRISC's official
test shares slices, and nearly every person, with its training split: no number on it says how a network does
on a new person.
"""


def read_records(paths: Sequence[Path]) -> list[Record]:
    """Read those of some folders that hold a record, in the order of their names.

    Args:
        paths: folders of runs, cross-validations and sweeps, or shared copies.

    Raises:
        InputError: none is one.
    """
    kept = ("recipe.yaml", "crossval.json", "sweep.json")
    records = [read_record(path) for path in sorted(paths) if any((path / name).is_file() for name in kept)]
    if not records:
        raise InputError(
            "no record of a run in it", where=paths[0] if paths else None, mend="pass run folders"
        )
    return records


def write_page(records: Sequence[Record]) -> str:
    """The page: a table a document, our own systems, what others published on BRISC, and what it cost.

    Args:
        records: what there is.

    Returns:
        Markdown.
    """
    sections = [INTRODUCTION]
    for name, document in read_published().documents.items():
        sections += [f"## {name}\n\n{document.title} ({document.dataset}).\n", _document(name, records)]
    beside = contrasts(records)
    if beside:
        sections += ["## Better, and steadier\n", to_markdown(steadiness_table(beside))]
    flattered = flattery(records)
    if flattered:
        sections += ["## What folds by slice flatter\n", to_markdown(flattery_table(flattered))]
    ours = [record for record in records if not _has_counterparts(record.recipe)]
    if ours:
        sections += ["## Our own systems\n", to_markdown(_own(ours))]
    others = elsewhere(record for record in ours if status(record).startswith(AS_SHIPPED))
    if others:
        sections += ["## Others on BRISC's official test\n", to_markdown(_others(others))]
    if records:
        sections += ["## Cost\n", to_markdown(cost_table(records))]
    return "\n".join(sections)


def status(record: Record) -> str:
    """Whether a record is of its recipe as shipped, what differs, and which encoder it was handed.

    Args:
        record: any.
    """
    if record.status != "finished":
        return record.status
    recipe = _shipped(record)
    if recipe is None:
        return "finished"
    shipped = _flat(recipe.model_dump(mode="json"))
    changed = [
        f"{field} {_short(value)}" + (f" for {_short(shipped[field])}" if field in shipped else "")
        for field, value in _flat(record.settings).items()
        if field not in OVERRULED and value != shipped.get(field)
    ]
    said = AS_SHIPPED if not changed else "with " + ", ".join(changed)
    return said + (f"; encoder: {record.encoder_weights}" if record.encoder_weights else "")


def _shipped(record: Record) -> Recipe | None:
    """What the record would have been trained with, had nobody set anything."""
    if record.kind == "sweep" and record.recipe in shipped_sweeps():
        sweep = read_sweep(record.recipe)
        return read_recipe(sweep.recipe, overrides(sweep.set))
    return read_recipe(record.recipe) if record.recipe in recipe_names() else None


def _document(name: str, records: Sequence[Record]) -> str:
    rows = []
    numbers = [number for number in published_numbers() if number.document == name and number.recipe]
    for recipe in dict.fromkeys(number.recipe for number in numbers):
        ran = [record for record in records if record.recipe == recipe]
        found = compare(ran)
        if not found:
            own = [number for number in numbers if number.recipe == recipe]
            words = [Row(own[0], record) for record in ran] or [Row(own[0])]
            found = [Row(number) for number in own if number.ours] or words
        rows += [_cells(row) for row in found]
    return to_markdown(Table(name, name, HEAD, tuple(rows)))


def _cells(row: Row) -> tuple[Any, ...]:
    number, record = row.published, row.record
    return (
        text(number.recipe),
        text(number.part),
        text(metric_title(number)),
        text(published_text(number)),
        text(measured_text(number, row.measured)),
        text(None if record is None else record.protocol),
        text("not run yet" if record is None else status(record)),
    )


def _own(records: Sequence[Record]) -> Table:
    shown = (
        ("segmentation.dice", "Dice"),
        ("classification.accuracy", "Accuracy"),
        ("segmentation.false_mask_rate", "False masks"),
    )
    rows = []
    for record in records:
        for part in record.parts:
            numbers = [record.find(ours, part) for ours, _ in shown]
            said = [NO_VALUE if number is None else _interval(number) for number in numbers]
            told = (record.name, record.recipe, part, *said, record.protocol, status(record))
            rows.append(tuple(map(text, told)))
    head = ("run", "recipe", "part", *(title for _, title in shown), "protocol", "status")
    return Table("own", "Our own systems", head, tuple(rows))


def _others(rows: Sequence[Row]) -> Table:
    cells = [
        (
            text(row.published.system),
            text(metric_title(row.published)),
            text(published_text(row.published)),
            text(measured_text(row.published, row.measured)),
            text(None if row.record is None else row.record.name),
        )
        for row in rows
    ]
    note = "Read in summaries; definitions of Dice differ."
    return Table(ELSEWHERE, "Others", ("system", "metric", "published", "ours", "run"), tuple(cells), note)


def _interval(number: Any) -> str:
    ends = "" if number.low is None else f" [{number.low:.3f}, {number.high:.3f}]"
    spread = "" if number.sd is None else f" ± {number.sd:.3f}"
    return f"{number.value:.3f}{spread}{ends}"


def _has_counterparts(recipe: str) -> bool:
    return any(number.recipe == recipe and number.ours for number in published_numbers())


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
