"""Verbs that go the whole way."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import app
from brainmtl.cli.console import bar, say


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="The folder to make.")] = Path("demo"),
) -> None:
    """Run the whole way on phantoms: make, index, train, evaluate, export, predict, report.

    Example: brainmtl demo demo
    """
    from brainmtl.demo import run_demo

    page = run_demo(out, say=say, bar=bar, train_bar=sys.stderr.isatty())
    typer.echo(f"The report: {page.resolve()}")
    typer.echo(f"Predictions with overlays: {(out / 'predictions').resolve()}")
    typer.echo(f"The model, for `brainmtl predict --model`: {(page.parent / 'model.onnx').resolve()}")
