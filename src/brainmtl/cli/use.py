"""Verbs that make and run model packages."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, say
from brainmtl.errors import InputError, UsageError

if TYPE_CHECKING:
    from brainmtl.inference.info import StorageCost


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The .onnx file; default RUN/model.onnx.")
    ] = None,
    storage: Annotated[
        str,
        typer.Option(help="Of the weights: fp32, fp16 at half the size, or int8, with its cost measured."),
    ] = "fp32",
    bundle: Annotated[
        Path | None, typer.Option(help="Make this folder too: a MONAI bundle for `monai.bundle run`.")
    ] = None,
) -> None:
    """Write a model package: one ONNX file that predicts without torch, kept only if it agrees with torch.

    The run's validation slices teach it how sure it is, and when not to answer; what they are too few for,
    it says.

    Example: brainmtl export runs/base -o base.onnx
    """
    from brainmtl.inference.package import load_package
    from brainmtl.training.bundle import check_free, write_bundle
    from brainmtl.training.export import export_run
    from brainmtl.training.storage import STORAGES

    if storage not in STORAGES:
        raise UsageError(f"--storage {storage}", mend=" or ".join(STORAGES))
    if storage == "int8" and bundle is not None:
        raise UsageError("--bundle with --storage int8", mend="a bundle computes in fp32: store fp32 or fp16")
    if bundle is not None:
        check_free(bundle)
    with bar("exporting", None) as progress:
        progress(0, 1)
        written = export_run(run, out, storage, progress=progress)
    info = load_package(written).info
    for note in () if info.certainty is None else info.certainty.notes:
        say(f"note: {note}")
    if info.storage_cost is not None:
        say(f"note: {_cost(info.storage_cost)}")
    typer.echo(written)
    if bundle is not None:
        typer.echo(write_bundle(run, written, bundle))


@app.command()
def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Pictures (PNG, JPEG, TIFF, WebP), DICOM, NIfTI, folders of them, or patterns; with --ray "
            "also Parquet and tar shards, and addresses such as s3://bucket/folder."
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="A package, an exported run folder, or a name of `models`; base by itself."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Where masks, overlays, volumes and results.json go.")
    ] = Path("predictions"),
    overlay: Annotated[bool, typer.Option(help="Draw overlays.")] = True,
    dicom: Annotated[bool, typer.Option(help="For DICOM, write a DICOM-SEG and a structured report.")] = True,
    batch: Annotated[int, typer.Option(min=1, help="Slices that the network sees at once.")] = 8,
    runtime: Annotated[str, typer.Option(help="What computes: cpu, cuda, coreml, or openvino.")] = "cpu",
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Predict an archive on a Ray cluster: local, auto, or HOST:PORT. Rows and masks go to "
            "Parquet files in -o, which all its machines see; nothing is drawn; each file is read by itself.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --ray: processes with a model each; default one a core.")
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=1, help="With --ray: slices a Parquet file, about; default 4096.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find and name the tumour on slices and scans. Research use only.

    A batch that was stopped goes on where it was: give the same command again.

    Example: brainmtl predict slice.jpg --model base.onnx -o out
    """
    if ray is not None:
        _predict_archive(model, files, out, ray, workers, partition, batch, runtime, as_json)
        return
    for option, given in (("--workers", workers), ("--partition", partition)):
        if given is not None:
            raise UsageError(option, mend="it goes with --ray")
    import brainmtl
    from brainmtl.inference.predict import predict_files

    package = brainmtl.load(model, runtime)
    with bar("predicting", None) as progress:
        results = predict_files(
            package, files, out, overlay=overlay, dicom=dicom, batch_size=batch, progress=progress
        )
    rows = [result.row() for result in results]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            typer.echo(f"{_place(row)}: {', '.join(part for part in (_said(row), _size(row)) if part)}")
    _warn(rows)
    bad = [row for row in rows if row["status"] == "error"]
    if bad:
        raise InputError(
            f"{len(bad)} of {len(rows)} could not be read, this one first",
            where=bad[0]["file"],
            mend="see results.json",
        )


def _predict_archive(
    model: Path | None,
    named: list[str],
    out: Path,
    address: str,
    workers: int | None,
    partition: int | None,
    batch: int,
    runtime: str,
    as_json: bool,
) -> None:
    from brainmtl.inference.shelf import find_package

    try:
        from brainmtl.archive.predict import SIZE, predict_archive
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed", mend="pip install 'brainmtl[ray]'") from error

    with bar("predicting", None) as progress:
        tally = predict_archive(
            find_package(model),
            named,
            out,
            address=address,
            workers=workers,
            size=partition or SIZE,
            batch_size=batch,
            runtime=runtime,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(tally.row(), indent=2))
    else:
        said = f"{tally.ok:,} answered, {tally.abstained:,} without an answer, {tally.error:,} not readable"
        typer.echo(f"{tally.results}: {tally.rows:,} rows in {tally.partitions:,} files: {said}")
    if tally.error:
        raise InputError(
            f"{tally.error:,} of {tally.rows:,} rows are of inputs that could not be read",
            where=tally.results,
            mend="see the rows with status error",
        )


def _cost(cost: "StorageCost") -> str:
    pairs = (("Dice", cost.dice, cost.dice_fp32), ("accuracy", cost.accuracy, cost.accuracy_fp32))
    told = [f"{name} {value:.4f} (fp32: {before:.4f})" for name, value, before in pairs if value is not None]
    return f"int8 on {cost.slices} validation slices: {', '.join(told)}"


def _said(row: dict[str, Any]) -> str:
    if row["status"] != "ok":
        return str(row["reason"] if row["status"] == "error" else f"no answer: {row['reason']}")
    sure = (row["probabilities"] or {}).get(row["class"])
    others = [name for name in row["class_set"] or () if name != row["class"]]
    perhaps = f" (or {', '.join(others)})" if others else ""
    return f"{row['class']} {sure:.3f}{perhaps}" if sure else "mask"


def _place(row: dict[str, Any]) -> str:
    return row["file"] if row["slice"] is None else f"{row['file']} slice {row['slice']}"


def _size(row: dict[str, Any]) -> str:
    sizes = (
        (row["mask_area_mm2"], "mm²"),
        (row["longest_diameter_mm"], "mm long"),
        (row["volume_ml"], "ml in all"),
    )
    said = [f"{value:.1f} {unit}" for value, unit in sizes if value]
    area = row["mask_area_px"]
    return ", ".join(([] if area is None else [f"{area} px"]) + said)


def _warn(rows: list[dict[str, Any]]) -> None:
    """Each warning once, with the first slice it is about and how many there are."""
    about: dict[str, list[str]] = {}
    for row in rows:
        for warning in row["warnings"]:
            about.setdefault(warning, []).append(_place(row))
    for warning, places in about.items():
        others = f" and {len(places) - 1} more" if len(places) > 1 else ""
        say(f"warning: {places[0]}{others}: {warning}")
