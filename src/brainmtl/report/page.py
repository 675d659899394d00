"""One self-contained HTML page about a run, with its figures and tables as files beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import brainmtl
from brainmtl.evaluation.slice_list import NAME, write_slice_list
from brainmtl.report.certainty import calibration_of, can_calibrate, certainty_table
from brainmtl.report.charts import Chart, evaluation_charts, training_charts
from brainmtl.report.claim import claim_table
from brainmtl.report.folder import MEASURED_ON, Evaluation, Run, read_run
from brainmtl.report.html import Card, data_uri, template, write_whole
from brainmtl.report.latex import run_macros, to_latex
from brainmtl.report.names import METRICS, metric_name, value_name, write_interval, write_number
from brainmtl.report.panels import View, draw_card, panel_sheet, read_view
from brainmtl.report.picks import Pick, contradictions, extremes, failures
from brainmtl.report.results import (
    contradiction_table,
    cost_table,
    data_tables,
    failure_table,
    result_tables,
    stratum_tables,
)
from brainmtl.report.style import DARK, LIGHT, to_png, to_svg
from brainmtl.report.tables import Table, to_csv, to_json, to_markdown
from brainmtl.report.trials import read_trials
from brainmtl.report.versus import versus_table

SHOWN_FAILURES = 12
TILES = (
    ("segmentation", "dice"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("classification", "miss_rate"),
    ("joint", "both_right"),
)


@dataclass(frozen=True)
class Drawn:
    """A chart in the page: one image for light pages, one for dark ones."""

    title: str
    alt: str
    light: str
    dark: str


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page."""

    title: str
    text: str
    value: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """What the page shows of one measured part."""

    part: str
    slices: int
    charts: list[Drawn]
    tables: list[Table]
    extremes: dict[str, list[Card]]
    failures: list[Card]
    failure_table: Table | None
    contradictions: list[Card]
    contradiction_table: Table | None
    rows: bool
    gone: int


def write_report(run: Path, others: Sequence[Path] = ()) -> Path:
    """Write ``report.html``, ``figures/`` and ``tables/`` into a run folder, each file whole or not at all.

    A part that was measured before there was such a file gets its ``per_image.json`` as well.

    Whatever the run lacks (an evaluation, masks, classes, its end) is left out, with a line that says so.

    Args:
        run: a run folder, finished or not.
        others: runs to compare it with, on the slices that both were measured on.

    Returns:
        The path of the page.

    Raises:
        InputError: it is not a run folder, a file in it is damaged, or it cannot be written.
    """
    found = read_run(run)
    for evaluation in found.evaluations:
        if evaluation.slices is not None and not (evaluation.folder / NAME).exists():
            write_slice_list(evaluation.slices, evaluation.folder)
    training = [_draw(run, chart) for chart in training_charts(found)]
    against = [read_run(other) for other in others]
    sections = [_section(run, found, evaluation, against) for evaluation in found.evaluations]
    results, cost, data = result_tables(found), cost_table(found), data_tables(found)
    trials, claim = read_trials(run), claim_table(found)
    strata = [
        table
        for section in sections
        for table in (*section.tables, section.failure_table, section.contradiction_table)
        if table
    ]
    _write_tables(run, [*results, *strata, cost, *data, claim])
    write_whole(run / "tables" / "numbers.tex", run_macros(found).encode())
    html = template("report.html.j2").render(
        run=found,
        version=brainmtl.__version__,
        tiles=_tiles(found),
        results=results,
        training=training,
        sections=sections,
        cost=cost,
        data=data,
        trials=trials,
        claim=claim,
        missing=_missing(found),
        names=METRICS,
    )
    write_whole(run / "report.html", html.encode())
    return run / "report.html"


def _write_tables(run: Path, tables: Iterable[Table]) -> None:
    for table in tables:
        stem = run / "tables" / table.name
        write_whole(stem.with_suffix(".csv"), to_csv(table).encode())
        write_whole(stem.with_suffix(".md"), f"# {table.title}\n\n{to_markdown(table)}".encode())
        write_whole(stem.with_suffix(".tex"), to_latex(table).encode())
        write_whole(stem.with_suffix(".json"), to_json(table).encode())


def _draw(run: Path, chart: Chart) -> Drawn:
    light = chart.draw(LIGHT)
    vector = to_svg(light)
    write_whole(run / "figures" / f"{chart.name}.svg", vector)
    write_whole(run / "figures" / f"{chart.name}.png", to_png(light))
    kind = "image/svg+xml"
    return Drawn(chart.title, chart.alt, data_uri(vector, kind), data_uri(to_svg(chart.draw(DARK)), kind))


def _section(run: Path, found: Run, evaluation: Evaluation, others: Sequence[Run]) -> Section:
    best: dict[str, list[tuple[Pick, View]]] = {}
    wrong: list[tuple[Pick, View]] = []
    odd: list[tuple[Pick, View]] = []
    gone = 0
    if evaluation.slices is not None:
        chosen = extremes(evaluation.slices)
        best = {label: _seen(evaluation, picks) for label, picks in chosen.items()}
        candidates = failures(evaluation.slices)[:SHOWN_FAILURES]
        wrong = _seen(evaluation, candidates)
        odd = _seen(evaluation, contradictions(evaluation.slices)[:SHOWN_FAILURES])
        gone = sum(map(len, chosen.values())) + len(candidates) - sum(map(len, best.values())) - len(wrong)
    rows = [picks for picks in best.values() if picks]
    if rows:
        sheet = panel_sheet(sorted(rows, key=len, reverse=True))
        write_whole(run / "figures" / f"{evaluation.part}-panels.png", to_png(sheet, dpi=100))
    calibration = calibration_of(found, evaluation)
    certain = certainty_table(evaluation, calibration) if can_calibrate(evaluation, calibration) else None
    taught = None if calibration is None else calibration.slices
    versus = versus_table(found, others, evaluation.part)
    return Section(
        part=evaluation.part,
        slices=_count(evaluation),
        charts=[_draw(run, chart) for chart in evaluation_charts(evaluation, taught)],
        tables=[one for one in (versus, *stratum_tables(evaluation), certain) if one is not None],
        extremes={label: [_card(*one) for one in picks] for label, picks in best.items() if picks},
        failures=[_card(*one) for one in wrong],
        failure_table=failure_table(evaluation),
        contradictions=[_card(*one) for one in odd],
        contradiction_table=contradiction_table(evaluation),
        rows=evaluation.slices is not None,
        gone=gone,
    )


def _seen(evaluation: Evaluation, picks: list[Pick]) -> list[tuple[Pick, View]]:
    views = ((pick, read_view(pick.row, evaluation.folder / "masks")) for pick in picks)
    return [(pick, view) for pick, view in views if view is not None]


def _card(pick: Pick, view: View) -> Card:
    label = value_name(str(pick.row["label"]))
    outlines = [
        name
        for name, mask in (("true", view.truth), ("predicted", view.predicted))
        if mask is not None and mask.any()
    ]
    drawn = f" with the {' and the '.join(outlines)} outline" if outlines else ""
    said = ", ".join(text for text in (pick.title, pick.score) if text)
    alt = f"Slice of class {label}{drawn}: {said}."
    return Card(
        pick.why if pick.place == "failure" else pick.place,
        pick.title,
        pick.score,
        str(pick.row["id"]),
        alt,
        data_uri(draw_card(view), "image/webp"),
    )


def _tiles(run: Run) -> list[Tile]:
    if not run.evaluations:
        return []
    first, *others = run.evaluations
    tiles = []
    for section, metric in TILES:
        name, value = metric_name(section, metric), first.value(section, metric)
        if value is None:
            continue
        interval = write_interval(first.metrics[section][metric], name.kind)
        notes = [interval] if interval else []
        notes += [
            f"{other.part} {write_number(other.value(section, metric), name.kind)}"
            for other in others
            if other.value(section, metric) is not None
        ]
        floor = first.value("floors", name.floor) if name.floor else None
        notes += [f"floor {write_number(floor, name.kind)}"] if floor is not None else []
        tiles.append(Tile(name.title, write_number(value, name.kind), value, tuple(notes)))
    return tiles


def _count(evaluation: Evaluation) -> int:
    if evaluation.slices is not None:
        return len(evaluation.slices)
    sections = (evaluation.metrics.get(name) or {} for name in ("segmentation", "classification"))
    return max((int(metric["n"]) for section in sections for metric in section.values()), default=0)


def _missing(run: Run) -> list[str]:
    """What the page lacks, and why."""
    said = []
    measured = {evaluation.part for evaluation in run.evaluations}
    if run.status == "unfinished":
        said.append("The run has not finished: everything here is of its epochs so far.")
    elif run.status != "finished":
        said.append(f"The run has {run.status} before its end.")
    said += [f"It has not been evaluated on {part}." for part in MEASURED_ON if part not in measured]
    if run.log is None:
        said.append("No epoch has ended yet, so there are no curves.")
    if run.task == "segmentation":
        said.append("The network has no class head, so there are no class results.")
    if run.task == "classification":
        said.append("The network has no decoder, so there are no masks.")
    return said
