"""A sweep: the trials of a plan trained side by side, kept in an Optuna study that others can look into."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.errors import BrainmtlError, InputError, InterruptedRun
from brainmtl.imaging.files import whole_file
from brainmtl.report.heatmap import heat_map
from brainmtl.report.names import metric_name
from brainmtl.report.style import LIGHT, to_png, to_svg
from brainmtl.report.tables import Table, count, number, text, to_csv, to_markdown
from brainmtl.study.folder import begin_study
from brainmtl.study.jobs import Job, epochs_done, run_jobs
from brainmtl.study.space import Sweep, distributions, overrides, points
from brainmtl.training.recipe import Recipe, read_recipe
from brainmtl.training.run import read_json, write_json

JOURNAL: Final = "study.journal"
Trial = dict[str, Any]
Progress = Callable[[int, int], None]


def run_sweep(
    sweep: Sweep,
    base: Recipe,
    manifest: Path,
    out: Path,
    *,
    workers: int = 1,
    threads: int = 1,
    ray: str | None = None,
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
        workers: trials at a time. Results do not depend on it: the trials are fixed beforehand.
        threads: of each; results may depend on it in the last digits.
        ray: the cluster that they run on, see :func:`~brainmtl.cluster.cluster`; its machines need ``out``
            and the data under the same paths. ``None`` for here.
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
        "threads": threads,
        "manifest_sha256": content_hash(table),
    }
    begin_study(out, "sweep", plan, base, map(overrides, values))
    jobs = [
        Job(
            run=str(out / f"trial-{number:03}"),
            recipe=str(out / "recipe.yaml"),
            overrides=overrides(chosen),
            manifest=str(manifest.resolve()),
            parts=("validation",),
            encoder_weights=None if encoder_weights is None else str(encoder_weights),
        )
        for number, chosen in enumerate(values)
    ]
    for size, fit in {(recipe.data.size, recipe.data.fit) for recipe in _recipes(out, values)}:
        open_cache(table, size, fit, progress=lambda done: progress(done, len(table)))
    failures = _train(jobs, base.schedule.epochs, workers, threads, ray, progress)
    trials = [_trial(sweep, job, chosen, failures.get(job)) for job, chosen in zip(jobs, values, strict=True)]
    return _write_summary(out, sweep, plan, base, trials)


def _recipes(out: Path, values: list[dict[str, Any]]) -> list[Recipe]:
    return [read_recipe(out / "recipe.yaml", overrides(chosen)) for chosen in values]


def _train(
    jobs: list[Job], epochs: int, workers: int, threads: int, ray: str | None, progress: Progress
) -> dict[Job, BrainmtlError]:
    def tick() -> None:
        progress(sum(epochs_done(job, epochs) for job in jobs), epochs * len(jobs))

    failures, busy = {}, None
    for job, failure in run_jobs(jobs, workers=workers, threads=threads, ray=ray, tick=tick):
        if isinstance(failure, InterruptedRun):
            busy = failure
        elif failure is not None:
            failures[job] = failure
    if busy is not None:
        raise busy
    return failures


def _trial(sweep: Sweep, job: Job, values: dict[str, Any], failure: BrainmtlError | None) -> Trial:
    run = Path(job.run)
    trial: Trial = {"trial": run.name, "values": values}
    if failure is not None:
        return {**trial, "status": "failed", "reason": failure.what, "value": None}
    section, metric = sweep.objective.metric.split(".")
    metrics, result = (
        read_json(run / "evaluation" / "validation" / "metrics.json"),
        read_json(run / "result.json"),
    )
    value = ((metrics.get(section) or {}).get(metric) or {}).get("value")
    return {
        **trial,
        "status": "finished",
        "value": value,
        **{name: result[name] for name in ("epochs", "best_epoch", "hours")},
    }


def _write_summary(
    out: Path, sweep: Sweep, plan: dict[str, Any], base: Recipe, trials: list[Trial]
) -> dict[str, Any]:
    ended = [trial for trial in trials if trial["value"] is not None]
    if not ended:
        raise InputError(
            f"no trial has {sweep.objective.metric}: {trials[0].get('reason', 'it is not measured')}",
            where=out / "logs",
            mend="mend the plan, and name a new folder",
        )
    better = max if sweep.objective.direction == "maximize" else min
    found = {
        **plan,
        "base": base.name,
        "sources": read_json(out / ended[0]["trial"] / "data.json").get("sources", []),
        "trials": trials,
        "best": better(ended, key=lambda trial: trial["value"])["trial"],
        "hours": round(sum(trial["hours"] for trial in ended), 4),
    }
    _tell_optuna(out, sweep, trials)
    _draw(out, sweep, found)
    write_json(out / "sweep.json", found)
    return found


def _tell_optuna(out: Path, sweep: Sweep, trials: list[Trial]) -> None:
    """Add what the study does not know yet; other programs of Optuna's can then show it."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(out / JOURNAL))),
        study_name=sweep.name,
        direction=sweep.objective.direction,
        load_if_exists=True,
    )
    known = {trial.user_attrs.get("trial") for trial in study.trials}
    space = distributions(sweep)
    for trial in trials:
        if trial["trial"] not in known and trial["value"] is not None:
            study.add_trial(
                optuna.trial.create_trial(
                    params=trial["values"],
                    distributions=space,
                    value=trial["value"],
                    user_attrs={"trial": trial["trial"]},
                )
            )


def _draw(out: Path, sweep: Sweep, found: dict[str, Any]) -> None:
    table = _table(sweep, found)
    for suffix, written in (("md", to_markdown(table)), ("csv", to_csv(table))):
        with whole_file(out / "tables" / f"sweep.{suffix}") as temporary:
            temporary.write_text(written, encoding="utf-8")
    if sweep.grid is None or len(sweep.grid) != 2:
        return
    rows, columns = sweep.grid
    values = {(trial["values"][rows], trial["values"][columns]): trial["value"] for trial in found["trials"]}
    grid = [[values[row, column] for column in sweep.grid[columns]] for row in sweep.grid[rows]]
    figure = heat_map(
        grid,
        (rows, sweep.grid[rows]),
        (columns, sweep.grid[columns]),
        metric_name(*sweep.objective.metric.split(".")).title,
        LIGHT,
        largest_is_best=sweep.objective.direction == "maximize",
    )
    for suffix, drawn in (("png", to_png(figure)), ("svg", to_svg(figure))):
        with whole_file(out / "figures" / f"heat-map.{suffix}") as temporary:
            temporary.write_bytes(drawn)


def _table(sweep: Sweep, found: dict[str, Any]) -> Table:
    fields = list(found["trials"][0]["values"])
    shown = metric_name(*sweep.objective.metric.split("."))
    rows = [
        (
            text(trial["trial"]),
            *(text(trial["values"][field]) for field in fields),
            number(trial["value"], shown.kind),
            count(trial.get("epochs")),
            text("best" if trial["trial"] == found["best"] else trial.get("reason", "")),
        )
        for trial in found["trials"]
    ]
    head = ("trial", *fields, f"{shown.title}, validation", "epochs", "")
    return Table("sweep", sweep.name, head, tuple(rows))
