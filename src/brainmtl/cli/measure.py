"""Verbs that measure and show."""

from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import Json, app
from brainmtl.cli.console import bar, show_metrics, status
from brainmtl.errors import UsageError


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
    with bar("evaluating", None) as progress:
        metrics = measure(run, part, ledger=ledger, again=again, progress=progress)  # type: ignore[arg-type]
    show_metrics(metrics, as_json)


@app.command("out-of-fold")
def out_of_fold(
    run: Annotated[Path, typer.Argument(help="The run whose recipe it is.")],
    folds: Annotated[list[Path], typer.Argument(help="A run of each fold of patient-5fold, measured on it.")],
    as_json: Json = False,
) -> None:
    """Give a run the results of its recipe on persons never seen: every slice as its fold's network answered.

    `report` and `card` then show them, and `export` learns from them how sure the model may be.

    Example: brainmtl out-of-fold runs/small runs/small-fold-*
    """
    from brainmtl.training.out_of_fold import pool_folds

    with status("putting the folds together"):
        metrics = pool_folds(run, folds)
    show_metrics(metrics, as_json)


@app.command()
def score(
    pred: Annotated[Path, typer.Option(help="A folder of predicted masks, from any tool.")],
    truth: Annotated[Path, typer.Option(help="A folder of true masks with the same names.")],
    labels: Annotated[
        Path | None, typer.Option(help="A CSV with id, label, and group, predicted or p_<class> columns.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score any tool's masks.

    Example: brainmtl score --pred out/masks --truth segmentation_task/test/masks
    """
    from brainmtl.evaluation.score import score_folders

    with bar("scoring", None) as progress:
        _, metrics = score_folders(pred, truth, labels, progress=progress)
    show_metrics(metrics, as_json)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    others: Annotated[list[Path] | None, typer.Argument(help="Runs to compare it with.")] = None,
    readme: Annotated[Path | None, typer.Option(help="Also put its results into this Markdown file.")] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="With --readme: runs to show before it; may be repeated.")
    ] = None,
    share: Annotated[Path | None, typer.Option(help="Also copy what anybody may see to this folder.")] = None,
    weights: Annotated[
        bool, typer.Option("--weights", help="With --share: the weights too, at half precision.")
    ] = False,
) -> None:
    """Write one self-contained HTML page about a run, with its figures and tables.

    Example: brainmtl report runs/base
    """
    if weights and share is None:
        raise UsageError("--weights", mend="it goes with --share")
    if beside and readme is None:
        raise UsageError("--beside", mend="it goes with --readme")
    from brainmtl.report.page import write_report
    from brainmtl.report.readme import refresh_readme
    from brainmtl.report.share import share_run, share_weights

    with status("drawing"):
        page = write_report(run, others or ())
        if readme is not None:
            refresh_readme(readme, [*(beside or []), run])
        if share is not None:
            share_run(run, share)
        if share is not None and weights:
            share_weights(run, share)
    typer.echo(page)


@app.command()
def card(
    run: Annotated[Path, typer.Argument(help="A run folder, or a shared copy of one.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The Markdown file; default RUN/CARD.md.")
    ] = None,
    package: Annotated[
        Path | None, typer.Option(help="Its model package; default RUN/model.onnx, where there is one.")
    ] = None,
) -> None:
    """Write a model card from a run's records: what it misses first, failing slices by name, limits, origin.

    Example: brainmtl card runs/base -o CARD.md
    """
    from brainmtl.report.card import write_card

    typer.echo(write_card(run, out or run / "CARD.md", package))
