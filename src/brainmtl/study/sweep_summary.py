"""A sweep's record: its trials, the best of them, what each choice did, and the same for Optuna."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from brainmtl.errors import BrainmtlError, InputError
from brainmtl.evaluation.effects import main_effects
from brainmtl.imaging.files import whole_file
from brainmtl.report.effects import effects_chart
from brainmtl.report.heatmap import heat_map
from brainmtl.report.names import metric_name
from brainmtl.report.style import LIGHT, to_png, to_svg
from brainmtl.report.tables import to_csv, to_markdown
from brainmtl.study.space import Choices, Objective, Sweep, Value, distributions
from brainmtl.study.sweep_tables import Trial, score, sweep_tables
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import read_json, write_json

JOURNAL: Final = "study.journal"


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


def _value(metrics: dict[str, Any], metric: str) -> float | None:
    section, name = metric.split(".")
    value: float | None = ((metrics.get(section) or {}).get(name) or {}).get("value")
    return value


def _effects(sweep: Sweep, trials: list[Trial]) -> dict[str, dict[str, Any]]:
    """Of a screen: ``{metric: {factor: {value, low, high}}}``, from the trials that have the metric."""
    if sweep.screen is None:
        return {}
    found = {}
    for metric in (sweep.objective.metric, *sweep.also):
        known = [(trial, value) for trial in trials if (value := score(trial, metric)) is not None]
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
