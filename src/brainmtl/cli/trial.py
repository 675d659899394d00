"""Verbs that try a trained model out."""

from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, show_found
from brainmtl.errors import InputError, UsageError

Model = Annotated[Path, typer.Argument(help="A finished run folder, a model package, or a name of `models`.")]
Manifest = Annotated[Path, typer.Option("--manifest", "-m", help="From `brainmtl index`.")]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", help="A folder; the same again goes on. Default: in the run folder."),
]
Part = Annotated[str, typer.Option(help="validation, or test.")]
Ledger = Annotated[Path | None, typer.Option(help="Where readings of the test part are noted.")]


@app.command()
def robustness(
    model: Model,
    manifest: Manifest,
    out: Out = None,
    part: Part = "validation",
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of their choice.")] = 0,
    ledger: Ledger = None,
    as_json: Json = False,
) -> None:
    """Measure what is left of a model's answers on corrupted slices: fifteen ways, five severities.

    Example: brainmtl robustness runs/base -m brisc.parquet
    """
    _check_part(part)
    from brainmtl.report.robustness import kept_table
    from brainmtl.study.robustness import try_robustness

    with bar("corrupting, slices", None) as progress:
        found = try_robustness(
            model,
            manifest,
            _folder(model, out, "robustness"),
            part=part,  # type: ignore[arg-type]
            slices=slices,
            seed=seed,
            ledger=ledger,
            progress=progress,
        )
    show_found(found, as_json, kept_table(found))


@app.command()
def ensemble(
    models: Annotated[list[Path], typer.Argument(help="Finished run folders, or model packages.")],
    manifest: Manifest,
    out: Out = None,
    part: Part = "validation",
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 0,
    ledger: Ledger = None,
    as_json: Json = False,
) -> None:
    """Measure what a mirrored view, and the mean of several runs, gain over the first run, and cost.

    Example: brainmtl ensemble runs/base runs/other -m brisc.parquet
    """
    _check_part(part)
    from brainmtl.report.ensemble import ensemble_table
    from brainmtl.study.ensemble import try_ensemble

    with bar("answering, slices", None) as progress:
        found = try_ensemble(
            models,
            manifest,
            _folder(models[0], out, "ensemble"),
            part=part,  # type: ignore[arg-type]
            slices=slices,
            ledger=ledger,
            progress=progress,
        )
    show_found(found, as_json, ensemble_table(found))


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    manifest: Manifest,
    out: Out = None,
    slices: Annotated[int, typer.Option(min=0, help="How many, balanced by class; 0 for all.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure how much of what speaks for a class lies within the tumour, by Grad-CAM.

    Example: brainmtl explain runs/base -m brisc.parquet
    """
    if not run.is_dir():
        raise UsageError(f"{run} is no folder", mend="name a run folder: a model package keeps no gradients")
    from brainmtl.report.explanation import explanation_table
    from brainmtl.study.explanation import explain as look

    with bar("looking, slices", None) as progress:
        found = look(run, manifest, _folder(run, out, "explanation"), slices=slices, progress=progress)
    show_found(found, as_json, explanation_table(found))


def _folder(model: Path, out: Path | None, name: str) -> Path:
    """Where a trial goes: the report of a run finds it in the run folder."""
    from brainmtl.inference.shelf import find_package

    if not model.is_dir() and not find_package(model).is_file():
        raise InputError("no such run folder, and no such model package", where=model, mend="check the path")
    if out is None and not model.is_dir():
        raise UsageError("a model package has no folder for the results", mend="name one with --out")
    return out or model / name


def _check_part(part: str) -> None:
    if part not in ("validation", "test"):
        raise UsageError(f"--part {part}", mend="validation or test")
