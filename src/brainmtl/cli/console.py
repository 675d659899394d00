"""What a person sees: lines, tables and bars; results on stdout, the rest on stderr."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from brainmtl.report.tables import Table


WIDE = 240
"""Characters a line that no terminal has to show."""


def say(text: str) -> None:
    """Print a line to stderr.

    Args:
        text: the line.
    """
    typer.echo(text, err=True)


def show_metrics(metrics: dict[str, Any], as_json: bool) -> None:
    """Print metrics of the contract.

    Args:
        metrics: as in a run folder's ``metrics.json``.
        as_json: whole, for a program.
    """
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
        return
    rows = []
    for section in ("segmentation", "classification", "joint", "floors"):
        for name, metric in (metrics.get(section) or {}).items():
            value = metric["value"]
            if not isinstance(value, list):  # the confusion matrix is for --json and the report
                ends = [metric.get(end) for end in ("low", "high")]
                interval = "" if None in ends else f"{ends[0]:.4f}–{ends[1]:.4f}"
                number = "–" if value is None else f"{value:.4f}"
                rows.append([section, name, number, interval, str(metric.get("n", ""))])
    show_table(["", "metric", "value", "95 % interval", "n"], rows)


def show_found(found: dict[str, Any], as_json: bool, *tables: "Table") -> None:
    """Print what was found.

    Args:
        found: all of it, for a program.
        as_json: whether a program reads it.
        tables: for a person.
    """
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for table in tables:
        show_table(list(table.head), [[cell.text for cell in row] for row in table.rows])


def show_table(head: list[str], rows: list[list[str]]) -> None:
    """Print a table; text too long for its column goes on below, but the first column is never broken.

    Where no terminal says how wide a line may be, lines are as wide as they have to be.

    Args:
        head: names of the columns.
        rows: text by column.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(*head)
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


@contextmanager
def bar(text: str, total: int | None) -> Iterator[Callable[..., None]]:
    """Show a progress bar on stderr where a person watches.

    Args:
        text: what is being done.
        total: how many there are, where that is known beforehand.

    Yields:
        what to call with the number done, and the number in all where it was not known.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task(text, total=total, visible=False)

        def update(done: int, whole: int | None = total) -> None:
            progress.update(task, completed=done, total=whole, visible=done != whole)

        yield update


@contextmanager
def status(text: str) -> Iterator[None]:
    """Show on stderr that something goes on.

    Args:
        text: what.
    """
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
