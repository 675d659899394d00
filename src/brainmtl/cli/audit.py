"""The verb that tells what a data set hides."""

import json
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar
from brainmtl.errors import InputError


@app.command()
def audit(
    manifest: Annotated[Path, typer.Argument(help="The manifest of the set.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder for audit.json, tables and the page.")],
    match: Annotated[
        Path | None, typer.Option(help="The manifest of another set that may show the same slices.")
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="A run on this set, evaluated; it says which labels and masks it doubts. Repeatable."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find what a data set hides: copies, shortcuts, contradictions, doubtful masks.

    Example: brainmtl audit brisc.parquet -o audit
    """
    from brainmtl.audit.audit import audit_set, write_audit
    from brainmtl.data.manifest import read_manifest
    from brainmtl.report.audit_page import write_audit_page

    if out.exists() and not out.is_dir():
        raise InputError("is a file", where=out, mend="name a folder for the audit")
    other = None if match is None else read_manifest(match)
    found = audit_set(read_manifest(manifest), other=other, runs=run or (), bar=bar)
    write_audit(found, out)
    with bar("drawing", None) as progress:
        page = write_audit_page(found, out, progress)
    if as_json:
        typer.echo(json.dumps(found.record, indent=2))
        return
    for number, sentence in enumerate(found.record["findings"], start=1):
        typer.echo(f"{number}. {sentence}")
    typer.echo(page)
