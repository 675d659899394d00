"""A table once, as Markdown, CSV or (in the page's template) HTML."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brainmtl.report.names import NO_VALUE, Kind, write_metric, write_number

Value = str | int | float | None


@dataclass(frozen=True)
class Cell:
    """A value, and how people read it.

    Attributes:
        text: as shown in Markdown and HTML.
        value: as kept in CSV, and beside the text in HTML.
    """

    text: str
    value: Value

    @property
    def numeric(self) -> bool:
        """Whether the value is a number."""
        return isinstance(self.value, int | float)


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head.

    Attributes:
        name: stem of its files.
        title: what it shows.
        head: one name a column.
        rows: one tuple of cells a row, as long as the head.
        note: a sentence beneath it.
        quiet: numbers of rows that are only there to compare with.
        keys: the head in CSV, where a name must not come twice; by default the head.
    """

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    quiet: frozenset[int] = frozenset()
    keys: tuple[str, ...] = ()

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column whether a number stands in it."""
        return tuple(any(row[number].numeric for row in self.rows) for number in range(len(self.head)))


def text(value: object) -> Cell:
    """A cell of text; a dash where there is none.

    Args:
        value: anything; ``None`` or empty for none.
    """
    return Cell(str(value), str(value)) if value not in (None, "") else Cell(NO_VALUE, None)


def count(value: int | None) -> Cell:
    """A cell of a whole number, with thousands apart.

    Args:
        value: the number.
    """
    return Cell(NO_VALUE, None) if value is None else Cell(f"{value:,}", int(value))


def number(value: float | None, kind: Kind = "ratio") -> Cell:
    """A cell of a metric's value.

    Args:
        value: as in ``metrics.json``.
        kind: how it is written.
    """
    return Cell(write_number(value, kind), value)


def measured(metric: Mapping[str, Any], kind: Kind = "ratio") -> Cell:
    """A cell of a metric with its interval; CSV keeps the value alone.

    Args:
        metric: as in ``metrics.json``; empty where it was not measured.
        kind: how it is written.
    """
    return Cell(write_metric(metric, kind), metric.get("value"))


def difference(value: float | None, low: float | None, high: float | None) -> Cell:
    """A cell of a difference with its interval, signed; CSV keeps the value alone.

    Args:
        value: ``None`` or NaN where there is none.
        low: of the interval, or ``None`` or NaN.
        high: likewise.
    """
    if value is None or math.isnan(value):
        return Cell(NO_VALUE, None)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Cell(f"{value:+.4f}", value)
    return Cell(f"{value:+.4f} ({low:+.4f} to {high:+.4f})", value)


def to_markdown(table: Table) -> str:
    """A table as GitHub's Markdown, without its title.

    Args:
        table: any.
    """
    lines = [
        _line([escape(name) for name in table.head]),
        _line(["---:" if numeric else "---" for numeric in table.numeric]),
        *(_line([escape(cell.text) for cell in row]) for row in table.rows),
    ]
    return "\n".join(lines) + "\n" + (f"\n{escape(table.note)}\n" if table.note else "")


def to_csv(table: Table) -> str:
    """A table as CSV, its numbers as they were measured.

    Args:
        table: any.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.keys or table.head)
    writer.writerows([["" if cell.value is None else cell.value for cell in row] for row in table.rows])
    return buffer.getvalue()


def to_json(table: Table) -> str:
    """A table as JSON for programs: ``title``, ``note`` and ``rows``, a mapping of head to value each.

    Args:
        table: any.
    """
    keys = table.keys or table.head
    rows = [{key: cell.value for key, cell in zip(keys, row, strict=True)} for row in table.rows]
    content = {"title": table.title, "note": table.note, "rows": rows}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def escape(words: str) -> str:
    """Text as Markdown that shows it letter by letter.

    Args:
        words: any.
    """
    for special in ("\\", "|", "<", ">", "*", "_", "`", "[", "]"):
        words = words.replace(special, "\\" + special)
    return " ".join(words.splitlines())


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
