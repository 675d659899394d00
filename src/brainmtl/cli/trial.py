"""Verbs that try a trained model out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, show_table
from brainmtl.errors import UsageError

Model = Annotated[Path, typer.Argument(help="A finished run folder, or a model package.")]
Manifest = Annotated[Path, typer.Option("--manifest", "-m", help="From `brainmtl index`.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="A folder; the same again goes on with it.")]
Part = Annotated[str, typer.Option(help="validation, or test.")]
Ledger = Annotated[Path | None, typer.Option(help="Where readings of the test part are noted.")]


@app.command()
def robustness(
    model: Model,
    manifest: Manifest,
    out: Out,
    part: Part = "validation",
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of their choice.")] = 0,
    ledger: Ledger = None,
    as_json: Json = False,
) -> None:
    """Measure what is left of a model's answers on corrupted slices: fifteen ways, five severities.

    Example: brainmtl robustness runs/base -m brisc.parquet -o robust/base
    """
    _check_part(part)
    from brainmtl.report.robustness import kept_table
    from brainmtl.study.robustness import try_robustness

    with bar("corrupting, slices", None) as progress:
        found = try_robustness(
            model,
            manifest,
            out,
            part=part,  # type: ignore[arg-type]
            slices=slices,
            seed=seed,
            ledger=ledger,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = kept_table(found)
    show_table(list(table.head), [[cell.text for cell in row] for row in table.rows])


@app.command()
def ensemble(
    models: Annotated[list[Path], typer.Argument(help="Finished run folders, or model packages.")],
    manifest: Manifest,
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder for JSON, rows and tables.")],
    part: Part = "validation",
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 0,
    ledger: Ledger = None,
    as_json: Json = False,
) -> None:
    """Measure what a mirrored view, and the mean of several runs, gain over the first run, and cost.

    Example: brainmtl ensemble runs/base runs/other -m brisc.parquet -o ensembles/two
    """
    _check_part(part)
    from brainmtl.report.ensemble import ensemble_table
    from brainmtl.study.ensemble import try_ensemble

    with bar("answering, slices", None) as progress:
        found = try_ensemble(
            models,
            manifest,
            out,
            part=part,  # type: ignore[arg-type]
            slices=slices,
            ledger=ledger,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = ensemble_table(found)
    show_table(list(table.head), [[cell.text for cell in row] for row in table.rows])


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    manifest: Manifest,
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder; its pictures show slices.")],
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure how much of what speaks for a class lies within the tumour, by Grad-CAM.

    Example: brainmtl explain runs/base -m brisc.parquet -o explained/base
    """
    from brainmtl.report.explanation import explanation_table
    from brainmtl.study.explanation import explain as look

    with bar("looking, slices", None) as progress:
        found = look(run, manifest, out, slices=slices, progress=progress)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = explanation_table(found)
    show_table(list(table.head), [[cell.text for cell in row] for row in table.rows])


def _check_part(part: str) -> None:
    if part not in ("validation", "test"):
        raise UsageError(f"--part {part}", mend="validation or test")
