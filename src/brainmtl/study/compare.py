"""Published beside measured: one row a published number and a record of its recipe."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from brainmtl.evaluation.published import ELSEWHERE, PublishedNumber, numbers_of, published_numbers
from brainmtl.report.folds import mean_and_sd
from brainmtl.report.names import NBSP, NO_VALUE, Kind, metric_name, write_number
from brainmtl.report.tables import Cell, Table, text
from brainmtl.study.records import Measured, Record

BRISC = "brisc2025"
HEAD = ("recipe", "part", "metric", "published", "ours", "difference", "run", "protocol")
COSTS = {
    "parameters": "Parameters",
    "trainable_parameters": "Parameters that train",
    "parameters_keras": "Parameters, Keras's count",
    "size_mb": "Size",
    "epoch_seconds": "Time of an epoch",
}


@dataclass(frozen=True)
class Row:
    """A published number, and ours.

    Attributes:
        published: the number.
        record: of a run of its recipe; ``None`` where there is none yet.
        measured: the same number of ours; ``None`` where it was not measured.
    """

    published: PublishedNumber
    record: Record | None = None
    measured: Measured | None = None

    @property
    def difference(self) -> float | None:
        """Ours minus theirs."""
        if self.measured is None or self.published.value is None:
            return None
        return self.measured.value - self.published.value


def compare(records: Sequence[Record]) -> list[Row]:
    """Set what is published of each record's system beside what the record holds.

    Args:
        records: any; one of a recipe of our own gives no row.

    Returns:
        Rows in the order of the records and of ``published.yaml``: results and costs that have a counterpart
        of ours, measured or not.
    """
    return [row for record in records for row in _rows(record)]


def elsewhere(records: Iterable[Record]) -> list[Row]:
    """Set what others published on BRISC's official test beside each record measured on it.

    Args:
        records: any; those of other data or protocols give no row.
    """
    numbers = [number for number in published_numbers() if number.document == ELSEWHERE and number.ours]
    return [
        Row(number, record, found)
        for record in records
        if BRISC in record.sources and record.protocol.startswith("official")
        for number in numbers
        if (found := record.find(number.ours or "", "test")) is not None
    ]


def document_table(document: str, rows: Sequence[Row]) -> Table:
    """The rows of one document as a table.

    Args:
        document: its id.
        rows: any; only its own are shown.
    """
    own = [row for row in rows if row.published.document == document]
    notes = dict.fromkeys(f"{row.published.metric}: {row.published.definition}" for row in own)
    note = "Definitions of the document: " + "; ".join(notes) + "." if notes else ""
    return Table(
        f"compare-{document}", document, HEAD, tuple(_cells(row) for row in own), note, keys=tuple(HEAD)
    )


def cost_table(records: Sequence[Record]) -> Table:
    """What each record's network weighs and its training took.

    Args:
        records: any.
    """
    rows = []
    for record in records:
        cost = record.cost
        rows.append(
            (
                text(record.name),
                text(record.recipe),
                *(_cost(cost.get(name), name) for name in ("parameters", "trainable_parameters", "size_mb")),
                *(_cost(cost.get(name), name) for name in ("epoch_seconds", "epochs", "hours")),
                text(record.machine),
            )
        )
    head = ("run", "recipe", "parameters", "that train", "MB", "s an epoch", "epochs", "hours", "machine")
    return Table("compare-cost", "Cost", head, tuple(rows))


def row_json(row: Row) -> dict[str, Any]:
    """A row as JSON holds it.

    Args:
        row: any.

    Returns:
        ``{document, at, recipe, part, metric, over, ours, definition, published: {value, sd, n, words,
        derived}, measured: {value, low, high, sd, n} | null, difference, run, protocol}``.
    """
    number = row.published
    told = ("document", "at", "recipe", "system", "part", "metric", "over", "ours", "definition")
    return {
        **{name: getattr(number, name) for name in told},
        "published": {name: getattr(number, name) for name in ("value", "sd", "n", "words", "derived")},
        "measured": None if row.measured is None else asdict(row.measured),
        "difference": row.difference,
        "run": None if row.record is None else row.record.name,
        "protocol": None if row.record is None else row.record.protocol,
    }


def published_text(number: PublishedNumber) -> str:
    """A published number as people read it, with its SD and what it is over.

    Args:
        number: any.
    """
    if number.value is None:
        return number.words or NO_VALUE
    said = _write(number.value, number.sd, _kind(number))
    return said + (f" (n = {number.n})" if number.n else "") + (" (derived)" if number.derived else "")


def measured_text(number: PublishedNumber, measured: Measured | None) -> str:
    """Our number written as the published one, with its SD over folds or its interval, and how many slices.

    Args:
        number: what it stands beside.
        measured: ours.
    """
    if measured is None:
        return NO_VALUE
    kind = _kind(number)
    said = _write(measured.value, measured.sd, kind)
    if measured.low is not None and measured.high is not None:
        said += f" [{_bare(measured.low, kind)}, {_bare(measured.high, kind)}]"
    return said + (f" (n = {measured.n})" if number.n and measured.n else "")


def metric_title(number: PublishedNumber) -> str:
    """What a published metric is called here.

    Args:
        number: any.
    """
    section, _, name = (number.ours or "").partition(".")
    if section == "cost":
        return COSTS.get(name, name)
    title = metric_name(section, name).title if section else number.metric.replace("_", " ")
    return f"{title}, tumour slices" if number.over == "tumour" else title


def _rows(record: Record) -> Iterator[Row]:
    for number in numbers_of(record.recipe):
        if number.ours is not None:
            part = number.part if number.part not in (None, "unstated") else "validation"
            for over in ("tumour", "all") if number.over == "either" else (number.over,):
                one = number.model_copy(update={"over": over})
                yield Row(one, record, record.find(number.ours, str(part), over))


def _cells(row: Row) -> tuple[Cell, ...]:
    number, record = row.published, row.record
    return (
        text(number.recipe or number.system),
        text(number.part),
        text(metric_title(number)),
        Cell(published_text(number), number.value),
        Cell(measured_text(number, row.measured), None if row.measured is None else row.measured.value),
        Cell(_signed(row.difference, _kind(number)), row.difference),
        text(None if record is None else record.name),
        text(None if record is None else record.protocol),
    )


def _kind(number: PublishedNumber) -> Kind | str:
    section, _, name = (number.ours or "").partition(".")
    if section == "cost":
        return name
    return "fine_share" if number.unit in ("percent", "points") else "four"


def _write(value: float, sd: float | None, kind: Kind | str) -> str:
    if kind == "four":
        return f"{value:.4f}" + ("" if sd is None else f" ± {sd:.4f}")
    if kind == "fine_share":
        return mean_and_sd(value, sd, "fine_share")
    return _cost(value, kind).text


def _bare(value: float, kind: Kind | str) -> str:
    return write_number(value, "fine_share").partition(NBSP)[0] if kind == "fine_share" else f"{value:.4f}"


def _signed(value: float | None, kind: Kind | str) -> str:
    if value is None:
        return NO_VALUE
    if kind == "fine_share":
        return f"{value * 100:+.2f}{NBSP}points"
    if kind == "four":
        return f"{value:+.4f}"
    return f"{value:+,.1f}" if abs(value) < 100 else f"{value:+,.0f}"


def _cost(value: float | None, name: str) -> Cell:
    if value is None:
        return Cell(NO_VALUE, None)
    if name in ("parameters", "trainable_parameters", "parameters_keras"):
        return Cell(f"{value:,.0f}", value)
    forms = {"size_mb": "{:.1f}", "epoch_seconds": "{:.1f}", "hours": "{:.2f}", "epochs": "{:.0f}"}
    return Cell(forms.get(name, "{:g}").format(value), value)
