"""The command line: parse, call, print. Each verb imports what it needs when it is called."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from brainmtl.errors import BrainmtlError, InputError, UsageError

app = typer.Typer(
    name="brainmtl",
    help="Segment and classify brain tumours on MRI slices. Research use only; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.callback()
def _options(debug: Debug = False) -> None:
    """Segment and classify brain tumours on MRI slices. Research use only; not a medical device."""


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

    with _bar("drawing phantoms", slices) as progress:
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

    with _status(f"checking {root}"):
        table, warnings = index_brisc(root)
    write_manifest(table, out)
    counts = summary(table)
    for warning in warnings:
        _say(f"warning: {warning}")
    if as_json:
        found = {
            "dataset": table["source"].iloc[0],
            "slices": len(table),
            "by_split": counts,
            "warnings": warnings,
        }
        typer.echo(json.dumps(found, indent=2))
        return
    _table(
        ["split", *next(iter(counts.values()))],
        [[name, *map(str, row.values())] for name, row in counts.items()],
    )
    persons = table["patient"].notna().sum()
    groups = table["group"].nunique()
    typer.echo(f"{len(table)} slices in {groups} groups; {persons} of known patients. Written to {out}")


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
) -> None:
    """Train a network.

    Example: brainmtl train base-joint -m brisc.parquet -o runs/base
    """
    from brainmtl.training import fit
    from brainmtl.training.recipe import read_recipe

    bar = sys.stderr.isatty()
    if resume is not None:
        if recipe is not None or manifest is not None or out is not None:
            raise UsageError(
                "--resume takes its recipe and manifest from the run", mend="pass --resume alone"
            )
        with _bar("decoding", None) as progress:
            fit.resume(resume, progress=progress, bar=bar)
        typer.echo(resume)
        return
    if recipe is None or manifest is None or out is None:
        raise UsageError(
            "a recipe, --manifest and --out are needed", mend="brainmtl train RECIPE -m MANIFEST -o RUN"
        )
    chosen = read_recipe(recipe, overrides or ())
    with _bar("decoding", None) as progress:
        fit.train(
            chosen,
            manifest,
            out,
            encoder_weights=encoder_weights,
            init_from=init_from,
            progress=progress,
            bar=bar,
        )
    typer.echo(out)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    part: Annotated[str, typer.Option(help="validation, or test.")] = "validation",
    ledger: Annotated[Path | None, typer.Option(help="Where readings of the test part are noted.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Read the test part once more.")] = False,
    as_json: Json = False,
) -> None:
    """Measure a run on a part of its manifest. The test part is read once a model.

    Example: brainmtl evaluate runs/base --part test
    """
    from brainmtl.training.evaluate import evaluate as measure

    if part not in ("validation", "test"):
        raise UsageError(f"--part {part}", mend="validation or test")
    with _bar("evaluating", None) as progress:
        metrics = measure(run, part, ledger=ledger, again=again, progress=progress)  # type: ignore[arg-type]
    _metrics(metrics, as_json)


@app.command()
def score(
    pred: Annotated[Path, typer.Option(help="A folder of predicted masks, from any tool.")],
    truth: Annotated[Path, typer.Option(help="A folder of true masks with the same names.")],
    labels: Annotated[
        Path | None, typer.Option(help="A CSV with id, label, and predicted or p_<class> columns.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score any tool's masks.

    Example: brainmtl score --pred out/masks --truth segmentation_task/test/masks
    """
    from brainmtl.evaluation.score import score_folders

    with _bar("scoring", None) as progress:
        _, metrics = score_folders(pred, truth, labels, progress=progress)
    _metrics(metrics, as_json)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    readme: Annotated[Path | None, typer.Option(help="Also put its results into this Markdown file.")] = None,
    share: Annotated[Path | None, typer.Option(help="Also copy what anybody may see to this folder.")] = None,
) -> None:
    """Write one self-contained HTML page about a run, with its figures and tables.

    Example: brainmtl report runs/base
    """
    from brainmtl.report.page import write_report
    from brainmtl.report.readme import refresh_readme
    from brainmtl.report.share import share_run

    with _status("drawing"):
        page = write_report(run)
        if readme is not None:
            refresh_readme(readme, [run])
        if share is not None:
            share_run(run, share)
    typer.echo(page)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The .onnx file; default RUN/model.onnx.")
    ] = None,
) -> None:
    """Write a model package: one ONNX file that predicts without torch, kept only if it agrees with torch.

    Example: brainmtl export runs/base -o base.onnx
    """
    from brainmtl.training.export import export_run

    with _status("exporting"):
        written = export_run(run, out)
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
    with _bar("predicting", None) as progress:
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


@app.command()
def recipes(as_json: Json = False) -> None:
    """List the recipes that ship with the package.

    Example: brainmtl recipes --json
    """
    from brainmtl.training.catalogue import list_recipes

    with _status("building networks"):
        found = list_recipes()
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    _table(
        ["name", "task", "parameters"],
        [[row["name"], row["task"], f"{row['parameters']:,}"] for row in found],
    )


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="The folder to make.")] = Path("demo"),
) -> None:
    """Run the whole way on phantoms: make, index, train, evaluate, export, predict, report.

    Example: brainmtl demo demo
    """
    from brainmtl.demo import run_demo

    page = run_demo(out, say=_say, bar=_bar, train_bar=sys.stderr.isatty())
    typer.echo(f"The report: {page.resolve()}")


def main() -> None:
    """Run the command line; exit 0, 1, 2, 3 or 4 as docs/architecture.md says."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except BrainmtlError as error:
        if debug:
            raise
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("error: stopped")
        sys.exit(4)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").startswith("brainmtl"):
            raise
        _say(f"error: {error.name} is not installed (pip install 'brainmtl[train]')")
        sys.exit(2)
    except Exception as error:
        if debug:
            raise
        _say(
            f"error: a fault of ours: {type(error).__name__}: {error} (run again with --debug and report it)"
        )
        sys.exit(1)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _metrics(metrics: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
        return
    rows = []
    for section in ("segmentation", "classification", "joint", "floors"):
        for name, metric in (metrics.get(section) or {}).items():
            value = metric["value"]
            if not isinstance(value, list):  # the confusion matrix is for --json and the report
                rows.append(
                    [section, name, "–" if value is None else f"{value:.4f}", str(metric.get("n", ""))]
                )
    _table(["", "metric", "value", "n"], rows)


def _table(head: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@contextmanager
def _bar(text: str, total: int | None) -> Iterator[Callable[..., None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task(text, total=total, visible=False)

        def update(done: int, whole: int | None = total) -> None:
            progress.update(task, completed=done, total=whole, visible=done != whole)

        yield update


@contextmanager
def _status(text: str) -> Iterator[None]:
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


if __name__ == "__main__":
    main()
