"""Verbs of many runs: cross-validation, sweeps, comparison with what was published."""

import json
from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, show_found, show_table
from brainmtl.errors import UsageError

Manifest = Annotated[Path, typer.Option("--manifest", "-m", help="From `brainmtl index`.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="Override a field: optimizer.lr=5e-5.")]
Workers = Annotated[int | None, typer.Option(min=1, help="At a time; by default as the cores allow.")]
Threads = Annotated[int, typer.Option(min=1, help="Of each worker; fixed, so that results are.")]
Ray = Annotated[
    str | None,
    typer.Option(
        help="On a Ray cluster: local, auto or HOST:PORT. Its machines have brainmtl installed and see this "
        "folder, the manifest and the slices under the same paths; --workers is then the most at a time."
    ),
]
Share = Annotated[Path | None, typer.Option(help="Also copy what anybody may see to this folder.")]
Weights = Annotated[Path | None, typer.Option(help="Pretrained encoder weights, where no hub is.")]


@app.command()
def crossval(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or YAML file.")],
    manifest: Manifest,
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder; the same again goes on with it.")],
    folds: Annotated[int, typer.Option(min=2, max=100, help="How many.")] = 5,
    by: Annotated[str, typer.Option(help="person, stratified, or random.")] = "person",
    test_share: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Draw a test part; default: the set's own.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of the folds.")] = 0,
    workers: Workers = None,
    threads: Threads = 1,
    ray: Ray = None,
    overrides: Overrides = None,
    encoder_weights: Weights = None,
    ledger: Annotated[Path | None, typer.Option(help="Where the reading of the test part is noted.")] = None,
    share: Share = None,
    as_json: Json = False,
) -> None:
    """Cross-validate a recipe: a model a fold, mean ± SD over them, every slice predicted out of its fold.

    Example: brainmtl crossval ferreira2024-mtl -m both.parquet -o cv/mtl --by person --test-share .2
    """
    from brainmtl.report.folds import fold_table
    from brainmtl.study.crossval import cross_validate
    from brainmtl.study.share import share_study
    from brainmtl.study.workers import fitting_workers
    from brainmtl.training.recipe import read_recipe

    if by not in ("person", "stratified", "random"):
        raise UsageError(f"--by {by}", mend="person, stratified or random")
    _refuse_sides(overrides or [])
    chosen = read_recipe(recipe, overrides or ())
    with bar("cross-validating, epochs", None) as progress:
        found = cross_validate(
            chosen,
            manifest,
            out,
            folds=folds,
            by=by,  # type: ignore[arg-type]
            test_share=test_share,
            seed=seed,
            workers=fitting_workers(folds, workers, threads, ray),
            encoder_weights=encoder_weights,
            ledger=ledger,
            progress=progress,
        )
    if share is not None:
        share_study(out, share)
    show_found(found, as_json, fold_table(found))


@app.command()
def sweep(
    plan: Annotated[str, typer.Argument(help="A sweep's name or YAML file.")],
    manifest: Manifest,
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder; the same again goes on with it.")],
    workers: Workers = None,
    threads: Threads = 1,
    ray: Ray = None,
    overrides: Overrides = None,
    encoder_weights: Weights = None,
    share: Share = None,
    as_json: Json = False,
) -> None:
    """Train a recipe over a grid, or over random draws, of some of its fields; measured on validation.

    Example: brainmtl sweep portfolio2026-grid -m brisc.parquet -o sweeps/grid --workers 2
    """
    from brainmtl.study.share import share_study
    from brainmtl.study.space import overrides as written
    from brainmtl.study.space import points, read_sweep
    from brainmtl.study.sweep import run_sweep
    from brainmtl.study.sweep_tables import sweep_tables
    from brainmtl.study.workers import fitting_workers
    from brainmtl.training.recipe import read_recipe

    chosen = read_sweep(plan)
    base = read_recipe(chosen.recipe, [*written(chosen.set), *(overrides or ())])
    with bar("sweeping, epochs", None) as progress:
        found = run_sweep(
            chosen,
            base,
            manifest,
            out,
            workers=fitting_workers(len(points(chosen)), workers, threads, ray),
            encoder_weights=encoder_weights,
            progress=progress,
        )
    if share is not None:
        share_study(out, share)
    show_found(found, as_json, *sweep_tables(found))


@app.command("joint-vs-single")
def joint_vs_single(
    recipe: Annotated[str, typer.Argument(help="A joint recipe's name or YAML file.")],
    manifest: Manifest,
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder; the same again goes on with it.")],
    seeds: Annotated[int, typer.Option(min=1, help="Of each fold, the same ones in each arm.")] = 3,
    workers: Workers = None,
    threads: Threads = 1,
    ray: Ray = None,
    overrides: Overrides = None,
    encoder_weights: Weights = None,
    ledger: Annotated[Path | None, typer.Option(help="Where the reading of the folds is noted.")] = None,
    share: Share = None,
    as_json: Json = False,
) -> None:
    """Train one joint network and two specialists on the same folds by person and seeds: is it as good?

    Example: brainmtl joint-vs-single small -m brisc.parquet -o studies/joint --workers 2
    """
    from brainmtl.study.joint import joint_against_single
    from brainmtl.study.joint_summary import cost_table, equivalence_table
    from brainmtl.study.share import share_study
    from brainmtl.study.workers import fitting_workers
    from brainmtl.training.recipe import read_recipe

    _refuse_sides(overrides or [])
    with bar("training joint and single networks, epochs", None) as progress:
        found = joint_against_single(
            read_recipe(recipe, overrides or ()),
            manifest,
            out,
            seeds=seeds,
            workers=fitting_workers(15 * seeds, workers, threads, ray),
            encoder_weights=encoder_weights,
            ledger=ledger,
            progress=progress,
        )
    if share is not None:
        share_study(out, share)
    show_found(found, as_json, equivalence_table(found), cost_table(found))


def _refuse_sides(overrides: list[str]) -> None:
    """Refuse a protocol or a fold where the study itself says which slices teach and which test."""
    for given in overrides:
        if given.split("=")[0].strip() in ("data.protocol", "data.fold"):
            raise UsageError(f"--set {given}: the folds are the study's", mend="leave it out")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, cross-validations and sweeps.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A folder for Markdown, CSV, LaTeX and JSON.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write the page of all systems to this Markdown file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what was published beside what was measured, a table a document.

    Example: brainmtl compare runs/unet runs/joint -o compared
    """
    from brainmtl.imaging.files import whole_file
    from brainmtl.study.compare import compare as set_beside
    from brainmtl.study.compare import document_table, row_json
    from brainmtl.study.paper import write_comparison
    from brainmtl.study.reproduction import read_records, write_page

    records = read_records(runs)
    rows = set_beside(records)
    if out is not None:
        write_comparison(records, out)
    if page is not None:
        with whole_file(page) as temporary:
            temporary.write_text(write_page(records), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps([row_json(row) for row in rows], indent=2))
        return
    for document in dict.fromkeys(row.published.document for row in rows):
        table = document_table(document, rows)
        show_table(list(table.head), [[cell.text for cell in row] for row in table.rows])
    if not rows:
        typer.echo("Nothing is published of these recipes; --page shows them beside the others.")
