"""The verb that lists the models that go by a name."""

import json
from typing import Any

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import say, show_table
from brainmtl.errors import InputError


@app.command()
def models(as_json: Json = False) -> None:
    """List the models that go by a name: those that come with brainmtl, and your own in $BRAINMTL_MODELS.

    Example: brainmtl models
    """
    from brainmtl.inference.shelf import DEFAULT, describe, shelf, shelved

    rows, bad = [], []
    for one in shelved().values():
        try:
            rows.append(describe(one))
        except InputError as error:
            bad.append(error)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        show_table(["name", "MB", "what", "SHA-256", "card"], [_cells(row) for row in rows])
        for row in rows:  # too long for a column
            if row["licence"]:
                typer.echo(f"{row['name']}: {row['licence']}")
    if not rows and not bad:
        say(f"no model comes with this brainmtl; {DEFAULT}.onnx in {shelf()} would be the default")
    for other in bad[1:]:
        say(f"error: {other}")
    if bad:
        raise bad[0]


def _cells(row: dict[str, Any]) -> list[str]:
    what = f"{row['task']}, {row['size']} px, {row['storage']}"
    size, digest = f"{row['bytes'] / 1e6:.1f}", row["sha256"][:12]
    return [row["name"], size, what, digest, row["card"] or "–"]
