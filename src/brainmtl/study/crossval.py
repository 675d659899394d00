"""Cross-validation: one recipe, k folds, mean ± SD over them, and every slice predicted out of its fold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, read_manifest, write_manifest
from brainmtl.data.splits import kept
from brainmtl.study.folder import begin_study
from brainmtl.study.folds import By, draw_folds
from brainmtl.study.jobs import Job, run_all
from brainmtl.study.summary import write_summary
from brainmtl.study.workers import HERE, Workers
from brainmtl.training.checks import check_rows
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import read_json
from brainmtl.training.sides import sides

Progress = Callable[[int, int], None]


def cross_validate(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    folds: int = 5,
    by: By = "person",
    test_share: float | None = None,
    seed: int = 0,
    workers: Workers = HERE,
    encoder_weights: Path | None = None,
    ledger: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Train one model a fold on the other folds, and measure each on train, validation and test.

    Called again with the same arguments it goes on where it stopped, also within a fold.

    Args:
        recipe: what to train; its ``data.protocol`` and ``data.fold`` are overruled.
        manifest: from ``brainmtl index``.
        out: a folder: ``manifest.parquet`` with the folds, ``recipe.yaml``, a run folder ``fold-<k>`` each,
            ``crossval.json``, ``oof.parquet``, ``figures/``, ``tables/``.
        folds: how many.
        by: how they are drawn: see :func:`~brainmtl.study.folds.draw_folds`, as for
        test_share: and
        seed: of the draw.
        workers: who trains them.
        encoder_weights: see ``brainmtl train``.
        ledger: where the reading of the test part is noted, in one row; default ``test-ledger.md`` beside
            ``out``.
        progress: called with epochs done and epochs in all.

    Returns:
        The content of ``crossval.json``.

    Raises:
        InputError: something handed over cannot be used, or another cross-validation lies in ``out``.
        InterruptedRun: a fold was stopped.
    """
    recipe = _in_folds(recipe)
    table = kept(read_manifest(manifest), recipe.data.leave_out)
    table = draw_folds(table, folds, by, test_share, seed)
    plan = {
        "recipe": recipe.name,
        "by": by,
        "folds": folds,
        "test_share": test_share,
        "seed": seed,
        "threads": workers.threads,
        "manifest_sha256": content_hash(table),
    }
    _check_folds(recipe, table, folds, manifest)
    begin_study(out, "cross-validation", plan, recipe, encoder_weights=encoder_weights)
    if not (out / "manifest.parquet").is_file():
        write_manifest(table, out / "manifest.parquet")
    if (out / "crossval.json").is_file():
        return dict(read_json(out / "crossval.json"))
    measured = (
        ("train", "validation", "test") if (table["split"] == "test").any() else ("train", "validation")
    )
    jobs = [
        Job(
            run=str(out / f"fold-{fold}"),
            recipe=str(out / "recipe.yaml"),
            overrides=(f"data.fold={fold}",),
            manifest=str(out / "manifest.parquet"),
            parts=measured,
            encoder_weights=None if encoder_weights is None else str(encoder_weights),
        )
        for fold in range(folds)
    ]
    open_cache(table, recipe.data.size, recipe.data.fit, progress=lambda done: progress(done, len(table)))
    run_all(jobs, workers, recipe.schedule.epochs, progress)
    return write_summary(out, plan, [Path(job.run) for job in jobs], measured, ledger)


def _in_folds(recipe: Recipe, fold: int = 0) -> Recipe:
    data = recipe.data.model_copy(update={"protocol": "folds", "fold": fold})
    return recipe.model_copy(update={"data": data})


def _check_folds(recipe: Recipe, table: pd.DataFrame, folds: int, manifest: Path) -> None:
    for fold in range(folds):
        side = sides(table, _in_folds(recipe, fold))
        rows = {name: (side == name).nonzero()[0] for name in ("train", "validation")}
        check_rows(recipe, table, rows, manifest)
