"""Verbs that train."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, say, show_table, status
from brainmtl.errors import UsageError


@app.command()
def train(
    recipe: Annotated[str | None, typer.Argument(help="A recipe's name or YAML file.")] = None,
    manifest: Annotated[Path | None, typer.Option("--manifest", "-m", help="From `brainmtl index`.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The run folder to make.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Override a field: optimizer.lr=5e-5.")
    ] = None,
    encoder_weights: Annotated[
        Path | None, typer.Option(help="Pretrained encoder weights, where no hub is.")
    ] = None,
    init_from: Annotated[Path | None, typer.Option(help="A finished run to start from.")] = None,
    resume: Annotated[Path | None, typer.Option(help="A stopped run folder to go on with.")] = None,
    devices: Annotated[
        int, typer.Option(min=1, help="How many processes share each batch; torchrun names more machines.")
    ] = 1,
) -> None:
    """Train a network.

    Example: brainmtl train base-128 -m brisc.parquet -o runs/base-128
    """
    from brainmtl.training.memory import use_large_pages

    use_large_pages()  # before what comes next makes torch's first tensor
    from brainmtl.training import fit
    from brainmtl.training.idle import idle_settings
    from brainmtl.training.recipe import read_recipe

    watched = sys.stderr.isatty()
    if resume is not None:
        if any(given is not None for given in (recipe, manifest, out, overrides, encoder_weights, init_from)):
            raise UsageError(
                "--resume takes all else from the run", mend="pass --resume alone, or with --devices"
            )
        with bar("decoding", None) as progress:
            fit.resume(resume, devices=devices, progress=progress, bar=watched)
        _say(resume, devices)
        return
    if recipe is None or manifest is None or out is None:
        raise UsageError(
            "a recipe, --manifest and --out are needed", mend="brainmtl train RECIPE -m MANIFEST -o RUN"
        )
    chosen = read_recipe(recipe, overrides or ())
    for idle in idle_settings(chosen):
        say(f"note: {idle}")
    with bar("decoding", None) as progress:
        fit.train(
            chosen,
            manifest,
            out,
            encoder_weights=encoder_weights,
            init_from=init_from,
            devices=devices,
            progress=progress,
            bar=watched,
        )
    _say(out, devices)


def _say(run: Path, devices: int) -> None:
    """Print where the run lies, once however many processes there are."""
    from brainmtl.training import processes

    if devices == 1 and processes.rank() == 0:
        typer.echo(run)


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this one, whole, as YAML.")] = None,
    as_json: Json = False,
) -> None:
    """List the recipes that ship with the package, or print one with every field that `--set` takes.

    Example: brainmtl recipes base-128
    """
    from brainmtl.training.catalogue import list_recipes
    from brainmtl.training.recipe import read_recipe, write_recipe

    if name is not None:
        chosen = read_recipe(name)
        typer.echo(chosen.model_dump_json(indent=2) if as_json else write_recipe(chosen).rstrip())
        return
    with status("building networks"):
        found = list_recipes()
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    show_table(
        ["name", "task", "weights", "trained", "published"],
        [
            [
                row["name"],
                row["task"],
                *(_short(row[key]) for key in ("parameters", "trainable_parameters")),
                _headline(row["published"]),
            ]
            for row in found
        ],
    )


def _short(count: int | None) -> str:
    if count is None:
        return "–"
    return f"{count / 1e6:.2f} M" if count >= 1e6 else f"{count / 1e3:.0f} k"


def _headline(published: dict[str, dict[str, Any]]) -> str:
    """The first number that one of ours stands beside."""
    for name, number in published.items():
        if number.get("part") in ("test", "unstated") and {"ours", "value"} <= number.keys():
            return f"{name} {number['value']:.4g}"
    return ""
