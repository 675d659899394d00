"""A sweep's tables: its trials, what each choice did, and means over seeds."""

from statistics import fmean, stdev
from typing import Any, Final

from brainmtl.report.folds import mean_and_sd
from brainmtl.report.names import Kind, MetricName, metric_name
from brainmtl.report.tables import Cell, Table, count, difference, number, text
from brainmtl.study.space import Value

SEED: Final = "seed"
Trial = dict[str, Any]


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
            *(number(score(trial, metric), name.kind) for metric, name in shown.items()),
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
            metric: [value for one in alike if (value := score(one, metric)) is not None] for metric in shown
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


def score(trial: Trial, metric: str) -> float | None:
    """What a trial scored; ``None`` where it failed or has no such metric.

    Args:
        trial: as the record has it.
        metric: ``section.metric``.
    """
    value: float | None = trial.get("metrics", {}).get(metric)
    return value


def _level(value: Value) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
