"""Verbs that make and look at data sets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, say, show_table
from brainmtl.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = Path("manifest.parquet")


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
def fetch(
    name: Annotated[str, typer.Argument(help="brisc, figshare or sartaj.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The folder to make. Default: NAME.")
    ] = None,
    hub: Annotated[str | None, typer.Option(help="Another address of the hub's interface.")] = None,
    kaggle: Annotated[
        bool, typer.Option("--kaggle", help="Through kagglehub, where it is installed.")
    ] = False,
) -> None:
    """Download a public data set, check it and unpack it. Run it again to resume.

    Example: brainmtl fetch figshare -o figshare2017
    """
    from brainmtl.data.fetch.sets import SETS, fetch_from_kaggle
    from brainmtl.data.fetch.sets import fetch as get

    if name not in SETS:
        raise UsageError(f"{name!r} is no public data set", mend=f"one of {', '.join(SETS)}")
    folder = out or Path(name)
    say(f"{SETS[name].title}. Licence: {SETS[name].licence}.")
    if kaggle:
        fetch_from_kaggle(name, folder)
    else:
        with bar(f"fetching {name} (MB)", None) as progress:
            release = get(
                name, folder, hub=hub, progress=lambda have, size: progress(*_megabytes(have, size))
            )
        if release is not None and release.licence:
            say(f"The hub says of its licence: {release.licence}.")
    typer.echo(folder)


def _megabytes(have: int, size: int | None) -> tuple[int, int | None]:
    return have // 1_000_000, None if size is None else size // 1_000_000


@app.command()
def index(
    root: Annotated[Path, typer.Argument(help="The folder of a data set: BRISC, Figshare, SARTAJ or plain.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The manifest to write.")] = MANIFEST,
    pictures: Annotated[
        Path | None, typer.Option(help="Where to write Figshare's slices. Default: beside the manifest.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="A class to leave out; may be repeated.")] = None,
    distinct: Annotated[bool, typer.Option("--distinct", help="Leave out files equal to others.")] = False,
    as_json: Json = False,
) -> None:
    """Turn a data set into a manifest.

    A plain folder needs an index.csv: a row a slice, with its image, and as far as known mask, label, plane,
    patient, split (docs/data.md).

    Example: brainmtl index brisc2025 -o brisc.parquet
    """
    from brainmtl.data.formats import index_folder

    beside = pictures or out.with_name(f"{out.stem}-pictures")
    with bar(f"reading {root}", None) as progress:
        table, warnings = index_folder(
            root, beside, without=without or (), distinct=distinct, progress=progress
        )
    _finish(table, warnings, out, as_json)


@app.command()
def join(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests of different data sets.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The manifest to write.")] = MANIFEST,
    as_json: Json = False,
) -> None:
    """Join data sets: a slice that is in two of them stays on one side of every split.

    Example: brainmtl join figshare.parquet sartaj.parquet -o both.parquet
    """
    from brainmtl.data.join import join_manifests
    from brainmtl.data.manifest import read_manifest

    with bar("looking for slices in several sets", None) as progress:
        table, warnings = join_manifests([read_manifest(path) for path in manifests], progress)
    _finish(table, warnings, out, as_json)


@app.command()
def pack(
    manifest: Annotated[Path, typer.Argument(help="From `brainmtl index`.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to make.")],
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side of the squares in pixels.")] = 192,
    stretch: Annotated[
        bool, typer.Option("--stretch", help="Stretch slices to squares; default: pad them with black.")
    ] = False,
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of the WebP that slices become.")] = 90,
    as_json: Json = False,
) -> None:
    """Pack a set at one size, small enough to move; its manifest.parquet is read like any other.

    Example: brainmtl pack brisc.parquet -o brisc-192 --size 192
    """
    from brainmtl.data.manifest import read_manifest
    from brainmtl.data.pack import pack as make

    table = read_manifest(manifest)
    with bar("packing", len(table)) as progress:
        record = make(
            table, out, size, fit="stretch" if stretch else "pad", quality=quality, progress=progress
        )
    if as_json:
        typer.echo(json.dumps(record, indent=2))
        return
    loss = record["loss"]
    rows = [
        ["slices", f"{record['slices']} ({record['masks']} with a mask)"],
        ["megabytes", f"{record['bytes'] / 1e6:.1f} in {len(record['shards'])} shards"],
        ["grey error, mean of a slice", f"{loss['grey_error']:.3f} levels"],
        ["grey error, worst slice", f"{loss['grey_error_worst']:.3f} levels"],
        ["mask Dice on the square", _number(loss["mask_dice"])],
        ["mask Dice at native size", _number(loss["mask_dice_native"])],
        ["masks too small for the square", str(loss["masks_vanished"])],
    ]
    show_table(["", "packed"], rows)
    typer.echo(f"Written to {out}; read it as {out / 'manifest.parquet'}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _finish(table: "pd.DataFrame", warnings: list[str], out: Path, as_json: bool) -> None:
    from brainmtl.data.manifest import summary, write_manifest

    write_manifest(table, out)
    counts = summary(table)
    for warning in warnings:
        say(f"warning: {warning}")
    if as_json:
        found = {
            "dataset": "+".join(table["source"].unique()),
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
