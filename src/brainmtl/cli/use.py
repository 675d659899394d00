"""Verbs that make and run model packages."""

import json
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, status
from brainmtl.errors import InputError, UsageError


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The .onnx file; default RUN/model.onnx.")
    ] = None,
    storage: Annotated[str, typer.Option(help="Of the weights: fp32, or fp16 at half the size.")] = "fp32",
) -> None:
    """Write a model package: one ONNX file that predicts without torch, kept only if it agrees with torch.

    Example: brainmtl export runs/base -o base.onnx
    """
    from brainmtl.training.export import export_run

    if storage not in ("fp32", "fp16"):
        raise UsageError(f"--storage {storage}", mend="fp32 or fp16")
    with status("exporting"):
        written = export_run(run, out, storage)  # type: ignore[arg-type]
    typer.echo(written)


@app.command()
def predict(
    files: Annotated[
        list[Path], typer.Argument(help="Pictures (PNG, JPEG, TIFF, WebP), or folders of them.")
    ],
    model: Annotated[Path, typer.Option("--model", help="A model package from `brainmtl export`.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Where masks, overlays and results.json go.")
    ] = Path("predictions"),
    overlay: Annotated[bool, typer.Option(help="Draw overlays.")] = True,
    as_json: Json = False,
) -> None:
    """Find and name the tumour on slices. Research use only.

    Example: brainmtl predict slice.jpg --model base.onnx -o out
    """
    from brainmtl.inference.package import load_package
    from brainmtl.inference.predict import predict_files

    package = load_package(model)
    with bar("predicting", None) as progress:
        results = predict_files(package, files, out, overlay=overlay, progress=progress)
    rows = [result.row() for result in results]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            sure = (row["probabilities"] or {}).get(row["class"])
            said = (
                row["reason"]
                if row["status"] == "error"
                else f"{row['class']} {sure:.3f}"
                if sure
                else "mask"
            )
            typer.echo(f"{row['file']}: {said}, {row['mask_area_px'] or 0} px")
    bad = [row for row in rows if row["status"] == "error"]
    if bad:
        raise InputError(
            f"{len(bad)} of {len(rows)} files could not be read",
            where=bad[0]["file"],
            mend="see results.json",
        )
