"""One joint network against two specialists: the same encoder, budget, folds and seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.errors import InputError
from brainmtl.study.folder import begin_study
from brainmtl.study.jobs import Job, run_all
from brainmtl.study.joint_summary import write_summary
from brainmtl.study.workers import HERE, Workers
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import read_json

ALONE: Final = ("balancing.name=fixed", "network.gated=false")
ARMS: Final = {
    "joint": (),
    "segmentation": ("network.classifier=null", *ALONE),
    "classification": ("network.classifier.lesion=false", "network.decoder=null", *ALONE),
}
"""What of the joint recipe changes in each arm."""
RECORD: Final = "joint-vs-single.json"
Progress = Callable[[int, int], None]


def joint_against_single(
    recipe: Recipe,
    manifest: Path,
    out: Path,
    *,
    seeds: int = 3,
    workers: Workers = HERE,
    encoder_weights: Path | None = None,
    ledger: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Train a joint recipe, and it without its classifier and without its decoder, on ``patient-5fold``.

    Each fold and seed is trained three times and measured on the fold. Called again with the same arguments
    it goes on where it stopped, also within a run.

    Args:
        recipe: a joint one; its ``data.protocol`` and ``data.fold`` are overruled.
        manifest: from ``brainmtl index``.
        out: a folder: ``recipe.yaml``, ``plan.json``, a run folder ``<arm>/fold-<k>-seed-<s>`` each,
            ``joint-vs-single.json``, ``tables/``.
        seeds: how many; from the recipe's on, the same ones in each arm.
        workers: who trains them.
        encoder_weights: see ``brainmtl train``.
        ledger: where the reading of the test parts is noted, one row an arm; default ``test-ledger.md``
            beside ``out``.
        progress: called with epochs done and epochs in all.

    Returns:
        The content of ``joint-vs-single.json``.

    Raises:
        InputError: something handed over cannot be used, or another study lies in ``out``.
        InterruptedRun: a run was stopped.
    """
    recipe = _by_person(recipe)
    table = read_manifest(manifest)
    folds = sorted(int(fold) for fold in table["fold"].dropna().unique())
    drawn = [recipe.seed + number for number in range(seeds)]
    plan = {
        "recipe": recipe.name,
        "folds": folds,
        "seeds": drawn,
        "threads": workers.threads,
        "manifest_sha256": content_hash(table),
    }
    begin_study(out, "study", plan, recipe, ARMS.values(), encoder_weights)
    if (out / RECORD).is_file():
        return dict(read_json(out / RECORD))
    weights = None if encoder_weights is None else str(encoder_weights)
    jobs = {
        (arm, fold, seed): Job(
            run=str(out / arm / f"fold-{fold}-seed-{seed}"),
            recipe=str(out / "recipe.yaml"),
            overrides=(*changes, f"data.fold={fold}", f"seed={seed}"),
            manifest=str(manifest.resolve()),
            parts=("test",),
            encoder_weights=weights,
        )
        for seed in drawn  # a whole cross-validation of each arm before the next
        for arm, changes in ARMS.items()
        for fold in folds
    }
    open_cache(table, recipe.data.size, recipe.data.fit, progress=lambda done: progress(done, len(table)))
    run_all(list(jobs.values()), workers, recipe.schedule.epochs, progress)
    runs = {key: Path(job.run) for key, job in jobs.items()}
    return write_summary(out, RECORD, plan, runs, ledger)


def _by_person(recipe: Recipe) -> Recipe:
    if recipe.network.task != "joint":
        raise InputError(
            f"{recipe.name} is for {recipe.network.task} alone",
            field="network",
            mend="start from a joint recipe",
        )
    if recipe.schedule.monitor not in ("validation_loss", "validation_score"):
        raise InputError(
            f"{recipe.schedule.monitor} cannot select every arm",
            field="schedule.monitor",
            mend="--set schedule.monitor=validation_score",
        )
    data = recipe.data.model_copy(update={"protocol": "patient-5fold", "fold": 0})
    return recipe.model_copy(update={"data": data})
