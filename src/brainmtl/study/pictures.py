"""The charts of a comparison: bars with error bars a document, and accuracy against parameters."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from brainmtl.evaluation.published import PublishedNumber
from brainmtl.report.bars import BarRow, Estimate, bar_chart
from brainmtl.report.charts import Chart
from brainmtl.report.scatter import Point, cost_scatter
from brainmtl.study.compare import Row, metric_title
from brainmtl.study.records import Measured

SECTIONS: Final = ("segmentation", "classification", "joint")
ACCURACY: Final = "classification.accuracy"
PARAMETERS: Final = ("cost.parameters", "cost.parameters_keras", "cost.trainable_parameters")
"""As the document counts them; ours beside them are counted alike."""
ERROR: Final = "error bars: published SD; ours 95 % interval, or SD over folds"


def comparison_charts(rows: Sequence[Row]) -> list[Chart]:
    """Draw what was published beside what was measured.

    Args:
        rows: of :func:`~brainmtl.study.compare.compare`.

    Returns:
        One of bars for each document, part and task, and one of accuracy against parameters where a network's
        are known.
    """
    return [*_bars(rows), *_against_parameters(rows)]


def _bars(rows: Sequence[Row]) -> Iterator[Chart]:
    shown = [row for row in rows if _section(row) in SECTIONS]
    for document, part, section in dict.fromkeys(
        (row.published.document, str(row.published.part), _section(row)) for row in shown
    ):
        groups: dict[str, list[BarRow]] = {}
        said = []
        for row in shown:
            number = row.published
            if (number.document, str(number.part), _section(row)) != (document, part, section):
                continue
            bars = BarRow(_name(row), _published(number), _measured(row.measured))
            groups.setdefault(metric_title(number), []).append(bars)
            said.append(
                f"{number.recipe} {metric_title(number)} {_say(bars.published)} and {_say(bars.ours)}"
            )
        title = f"{document}, {section}, {part}"
        alt = f"{title}: published and measured. {'; '.join(said)}."
        yield Chart(f"bars-{document}-{part}-{section}", title, alt, partial(bar_chart, groups, ERROR))


def _against_parameters(rows: Iterable[Row]) -> Iterator[Chart]:
    points: dict[tuple[str, bool], Point] = {}
    rows = list(rows)
    costs = {row.published.recipe: row for row in rows if row.published.ours in PARAMETERS}
    for row in rows:
        number, record = row.published, row.record
        if number.ours != ACCURACY or number.part == "train":
            continue
        cost, told = costs.get(number.recipe), _published(number)
        if cost is not None and cost.published.value is not None and told is not None:
            points[str(number.recipe), True] = Point(str(number.recipe), cost.published.value, told, True)
        ours, own = _measured(row.measured), _own_parameters(row, cost)
        if record is not None and ours is not None and own is not None:
            points[record.name, False] = Point(record.name, own, ours)
    if points:
        said = "; ".join(
            f"{point.name} {point.cost:,.0f}: {point.result.value:.3f}" for point in points.values()
        )
        draw = partial(cost_scatter, list(points.values()), "parameters; rings: as published", "accuracy")
        yield Chart(
            "accuracy-parameters",
            "Accuracy against parameters",
            f"Accuracy against parameters. {said}.",
            draw,
        )


def _own_parameters(row: Row, counted: Row | None) -> float | None:
    own = {} if row.record is None else row.record.cost
    ours = PARAMETERS[0] if counted is None else str(counted.published.ours)
    return own.get(ours.removeprefix("cost."))


def _section(row: Row) -> str:
    return (row.published.ours or "").partition(".")[0]


def _name(row: Row) -> str:
    system = str(row.published.recipe or row.published.system)
    run = row.record.name if row.record is not None else system
    return system if run == system else f"{system}\n{run}"


def _published(number: PublishedNumber) -> Estimate | None:
    if number.value is None:
        return None
    if number.sd is None:
        return Estimate(number.value)
    return Estimate(number.value, number.value - number.sd, number.value + number.sd)


def _measured(found: Measured | None) -> Estimate | None:
    if found is None:
        return None
    if found.sd is not None:
        return Estimate(found.value, found.value - found.sd, found.value + found.sd)
    return Estimate(found.value, found.low, found.high)


def _say(estimate: Estimate | None) -> str:
    return "unknown" if estimate is None else f"{estimate.value:.3f}"
