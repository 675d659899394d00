"""A sweep's record: its trials, the best of them, what each choice did, and the same for Optuna."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from brainmtl.errors import BrainmtlError, InputError
from brainmtl.evaluation.effects import main_effects
from brainmtl.imaging.files import whole_file
from brainmtl.report.effects import effects_chart
from brainmtl.report.folds import mean_and_sd
from brainmtl.report.heatmap import heat_map
from brainmtl.report.names import Kind, MetricName, metric_name
from brainmtl.report.style import LIGHT, to_png, to_svg
from brainmtl.report.tables import Cell, Table, count, difference, number, text, to_csv, to_markdown
from brainmtl.study.space import Choices, Objective, Sweep, Value, distributions
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import read_json, write_json

JOURNAL: Final = "study.journal"
SEED: Final = "seed"
Trial = dict[str, Any]


def describe_trial(sweep: Sweep, run: Path, point: dict[str, Value], failure: BrainmtlError | None) -> Trial:
    """A trial as the record has it.

    Args:
        sweep: the plan.
        run: its folder.
        point: of the plan.
        failure: why there is no result.

    Returns:
        ``{trial, values, status, value, …}``; ``value`` is the objective's.
    """
    trial: Trial = {"trial": run.name, "values": point}
    if failure is not None:
        return {**trial, "status": "failed", "reason": failure.what, "value": None}
    metrics = read_json(run / "evaluation" / "validation" / "metrics.json")
    result = read_json(run / "result.json")
    return {
        **trial,
        "status": "finished",
        "value": _value(metrics, sweep.objective.metric),
        "metrics": {name: _value(metrics, name) for name in (sweep.objective.metric, *sweep.also)},
        **{name: result[name] for name in ("epochs", "best_epoch", "hours")},
    }


def write_summary(
    out: Path, sweep: Sweep, plan: dict[str, Any], base: Recipe, trials: list[Trial]
) -> dict[str, Any]:
    """Write ``sweep.json``, the tables, the charts, and Optuna's journal.

    Args:
        out: the sweep's folder.
        sweep: the plan.
        plan: the same, as the record holds it.
        base: the recipe that all trials change.
        trials: of :func:`describe_trial`.

    Returns:
        The content of ``sweep.json``.

    Raises:
        InputError: no trial has the objective.
    """
    ended = [trial for trial in trials if trial["value"] is not None]
    if not ended:
        raise InputError(
            f"no trial has {sweep.objective.metric}: {trials[0].get('reason', 'it is not measured')}",
            where=out / "logs",
            mend="mend the plan, and name a new folder",
        )
    better = max if sweep.objective.direction == "maximize" else min
    about = read_json(out / ended[0]["trial"] / "data.json")
    found = {
        **plan,
        "base": base.name,
        "sources": about.get("sources", []),
        "encoder_weights": about.get("encoder_weights"),
        "trials": trials,
        "best": better(ended, key=lambda trial: trial["value"])["trial"],
        "effects": _effects(sweep, trials),
        "hours": round(sum(trial["hours"] for trial in ended), 4),
    }
    _tell_optuna(out, sweep, trials)
    _draw(out, sweep, found)
    write_json(out / "sweep.json", found)
    return found


def sweep_tables(found: dict[str, Any]) -> list[Table]:
    """The trials, what each choice did where that can be told, and means where trials differ in seeds alone.

    Args:
        found: the content of ``sweep.json``.
    """
    metrics = [found["objective"]["metric"], *found["also"]]
    shown = {metric: metric_name(*metric.split(".")) for metric in metrics}
    fields = list(found["trials"][0]["values"])
    rows = [
        (
            text(trial["trial"]),
            *(text(_level(trial["values"][field])) for field in fields),
            *(number(_of(trial, metric), name.kind) for metric, name in shown.items()),
            count(trial.get("epochs")),
            text("best" if trial["trial"] == found["best"] else trial.get("reason", "")),
        )
        for trial in found["trials"]
    ]
    titles = [f"{name.title}, validation" for name in shown.values()]
    tables = [Table("sweep", found["name"], ("trial", *fields, *titles, "epochs", ""), tuple(rows))]
    if found["effects"]:
        choices = list(next(iter(found["effects"].values())))
        cells = [
            (text(choice), *(difference(**found["effects"][metric][choice]) for metric in metrics))
            for choice in choices
        ]
        title = "With each choice minus without it, the others held; 95 % interval"
        tables.append(Table("effects", title, ("choice", *titles), tuple(cells)))
    if SEED in fields and len(fields) > 1:
        tables.append(_over_seeds(found["trials"], fields, shown))
    return tables


def _over_seeds(trials: list[Trial], fields: list[str], shown: dict[str, MetricName]) -> Table:
    """Of each setting the mean of its trials, which differ in their seeds alone."""
    others = [field for field in fields if field != SEED]
    settings: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        settings.setdefault(tuple(_level(trial["values"][field]) for field in others), []).append(trial)
    rows = []
    for setting, alike in settings.items():
        values = {
            metric: [value for one in alike if (value := _of(one, metric)) is not None] for metric in shown
        }
        rows.append(
            (
                *(text(level) for level in setting),
                *(_mean(values[metric], name.kind) for metric, name in shown.items()),
                count(max(map(len, values.values()))),
            )
        )
    title = "Over seeds: mean ± sample SD, validation"
    return Table(
        "over-seeds", title, (*others, *(name.title for name in shown.values()), "seeds"), tuple(rows)
    )


def _mean(values: list[float], kind: Kind) -> Cell:
    if not values:
        return text(None)
    return Cell(mean_and_sd(fmean(values), stdev(values) if len(values) > 1 else None, kind), fmean(values))


def _value(metrics: dict[str, Any], metric: str) -> float | None:
    section, name = metric.split(".")
    value: float | None = ((metrics.get(section) or {}).get(name) or {}).get("value")
    return value


def _of(trial: Trial, metric: str) -> float | None:
    value: float | None = trial.get("metrics", {}).get(metric)
    return value


def _level(value: Value) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _effects(sweep: Sweep, trials: list[Trial]) -> dict[str, dict[str, Any]]:
    """Of a screen: ``{metric: {factor: {value, low, high}}}``, from the trials that have the metric."""
    if sweep.screen is None:
        return {}
    found = {}
    for metric in (sweep.objective.metric, *sweep.also):
        known = [(trial, value) for trial in trials if (value := _of(trial, metric)) is not None]
        levels = np.array([list(trial["values"].values()) for trial, _ in known], bool)
        levels = levels.reshape(len(known), len(sweep.screen))  # also where no trial has the metric
        effects = main_effects(levels, np.array([value for _, value in known]))
        found[metric] = {
            factor: {name: end if math.isfinite(end) else None for name, end in asdict(one).items()}
            for factor, one in zip(sweep.screen, effects, strict=True)
        }
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
    for table in sweep_tables(found):
        for suffix, written in (("md", to_markdown(table)), ("csv", to_csv(table))):
            with whole_file(out / "tables" / f"{table.name}.{suffix}") as temporary:
                temporary.write_text(written, encoding="utf-8")
    for name, figure in _charts(sweep, found):
        for suffix, drawn in (("png", to_png(figure)), ("svg", to_svg(figure))):
            with whole_file(out / "figures" / f"{name}.{suffix}") as temporary:
                temporary.write_bytes(drawn)


def _charts(sweep: Sweep, found: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    if sweep.grid is not None and len(sweep.grid) == 2:
        yield "heat-map", _heat_map(sweep.grid, sweep.objective, found["trials"])
    if found["effects"]:
        titles = {metric: metric_name(*metric.split(".")).title for metric in found["effects"]}
        yield "effects", effects_chart({titles[name]: one for name, one in found["effects"].items()}, LIGHT)


def _heat_map(grid: dict[str, Choices], objective: Objective, trials: list[Trial]) -> Figure:
    rows, columns = grid
    values = {(trial["values"][rows], trial["values"][columns]): trial["value"] for trial in trials}
    return heat_map(
        [[values[row, column] for column in grid[columns]] for row in grid[rows]],
        (rows, grid[rows]),
        (columns, grid[columns]),
        metric_name(*objective.metric.split(".")).title,
        LIGHT,
        largest_is_best=objective.direction == "maximize",
    )
