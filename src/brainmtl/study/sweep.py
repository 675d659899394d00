"""A sweep: the trials of a plan trained side by side, kept in an Optuna study that others can look into."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.errors import BrainmtlError, InterruptedRun
from brainmtl.study.folder import begin_study
from brainmtl.study.jobs import Job, epochs_done, run_jobs
from brainmtl.study.space import Sweep, points, settings
from brainmtl.study.sweep_summary import describe_trial, write_summary
from brainmtl.study.workers import HERE, Workers
from brainmtl.training.recipe import Recipe, read_recipe

Progress = Callable[[int, int], None]


def run_sweep(
    sweep: Sweep,
    base: Recipe,
    manifest: Path,
    out: Path,
    *,
    workers: Workers = HERE,
    encoder_weights: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Train every trial of a sweep and measure it on validation.

    Called again with the same arguments it goes on where it stopped, also within a trial. A trial that fails
    is listed, and the others go on. Several processes may work on one folder.

    Args:
        sweep: the plan.
        base: its recipe, with what the plan and the user set.
        manifest: from ``brainmtl index``.
        out: a folder: ``recipe.yaml``, a run folder ``trial-<n>`` each, ``study.journal`` for Optuna,
            ``sweep.json``, ``figures/``, ``tables/``.
        workers: who trains them.
        encoder_weights: see ``brainmtl train``.
        progress: called with epochs done and epochs in all.

    Returns:
        The content of ``sweep.json``.

    Raises:
        InputError: something handed over cannot be used, another sweep lies in ``out``, or every trial
            failed.
        InterruptedRun: a trial was stopped, or is in another process's hands.
    """
    values = points(sweep)
    table = read_manifest(manifest)
    plan = {
        **sweep.model_dump(mode="json", exclude={"description"}),
        "threads": workers.threads,
        "manifest_sha256": content_hash(table),
    }
    changes = settings(sweep, base.seed)
    begin_study(out, "sweep", plan, base, changes, encoder_weights)
    jobs = [
        Job(
            run=str(out / f"trial-{number:03}"),
            recipe=str(out / "recipe.yaml"),
            overrides=changed,
            manifest=str(manifest.resolve()),
            parts=("validation",),
            encoder_weights=None if encoder_weights is None else str(encoder_weights),
        )
        for number, changed in enumerate(changes)
    ]
    recipes = [read_recipe(out / "recipe.yaml", changed) for changed in changes]
    for size, fit in {(recipe.data.size, recipe.data.fit) for recipe in recipes}:
        open_cache(table, size, fit, progress=lambda done: progress(done, len(table)))
    failures = _train(jobs, workers, base.schedule.epochs, progress)
    trials = [
        describe_trial(sweep, Path(job.run), point, failures.get(job))
        for job, point in zip(jobs, values, strict=True)
    ]
    return write_summary(out, sweep, plan, base, trials)


def _train(jobs: list[Job], workers: Workers, epochs: int, progress: Progress) -> dict[Job, BrainmtlError]:
    def tick() -> None:
        progress(sum(epochs_done(job, epochs) for job in jobs), epochs * len(jobs))

    failures, busy = {}, None
    for job, failure in run_jobs(jobs, workers, tick):
        if isinstance(failure, InterruptedRun):
            busy = failure
        elif failure is not None:
            failures[job] = failure
    if busy is not None:
        raise busy
    return failures
