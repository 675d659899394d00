"""Verbs that make and look at data sets."""

import json
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, say, show_table, status


@app.command()
def phantom(
    root: Annotated[Path, typer.Argument(help="The folder to make.")],
    slices: Annotated[int, typer.Option(min=8, help="How many slices.")] = 600,
    size: Annotated[int, typer.Option(min=64, max=1024, help="About how many pixels a side.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="The source of chance.")] = 0,
    copies: Annotated[
        bool, typer.Option("--copies", help="Plant copies and persons across the splits.")
    ] = False,
) -> None:
    """Make a synthetic data set in BRISC's layout.

    Example: brainmtl phantom phantoms --slices 600
    """
    from brainmtl.data.phantom import make_phantom

    with bar("drawing phantoms", slices) as progress:
        make_phantom(root, slices=slices, size=size, seed=seed, copies=copies, progress=progress)
    typer.echo(root)


@app.command()
def index(
    root: Annotated[Path, typer.Argument(help="A BRISC folder: it holds classification_task/.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The manifest to write.")] = Path(
        "manifest.parquet"
    ),
    as_json: Json = False,
) -> None:
    """Turn a data set into a manifest, checked against its published SHA-256s.

    Example: brainmtl index brisc2025 -o brisc.parquet
    """
    from brainmtl.data.brisc import index_brisc
    from brainmtl.data.manifest import summary, write_manifest

    with status(f"checking {root}"):
        table, warnings = index_brisc(root)
    write_manifest(table, out)
    counts = summary(table)
    for warning in warnings:
        say(f"warning: {warning}")
    if as_json:
        found = {
            "dataset": table["source"].iloc[0],
            "slices": len(table),
            "by_split": counts,
            "warnings": warnings,
        }
        typer.echo(json.dumps(found, indent=2))
        return
    show_table(
        ["split", *next(iter(counts.values()))],
        [[name, *map(str, row.values())] for name, row in counts.items()],
    )
    persons = table["patient"].notna().sum()
    groups = table["group"].nunique()
    typer.echo(f"{len(table)} slices in {groups} groups; {persons} of known patients. Written to {out}")
