"""What corruptions cost, as tables and as a chart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from brainmtl.report.html import write_whole
from brainmtl.report.names import metric_name, write_metric
from brainmtl.report.style import LIGHT, Theme, many_axes, to_png, to_svg
from brainmtl.report.tables import Cell, Table, count, number, text, to_csv, to_markdown

METRICS: Final = (
    ("segmentation", "dice"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("classification", "miss_rate"),
    ("classification", "ece"),
)
DRAWN: Final = METRICS[0], METRICS[2]
COLUMNS: Final = 5


def write_robustness(record: Mapping[str, Any], out: Path) -> None:
    """Write ``tables/robustness*.{md,csv}`` and ``figures/robustness.{png,svg}``.

    Args:
        record: ``robustness.json``.
        out: the folder.

    Raises:
        InputError: a file cannot be written.
    """
    for table in (kept_table(record), severity_table(record)):
        write_whole(out / "tables" / f"{table.name}.csv", to_csv(table).encode())
        write_whole(out / "tables" / f"{table.name}.md", f"# {table.title}\n\n{to_markdown(table)}".encode())
    figure = robustness_chart(record, LIGHT)
    write_whole(out / "figures" / "robustness.svg", to_svg(figure))
    write_whole(out / "figures" / "robustness.png", to_png(figure))


def kept_table(record: Mapping[str, Any]) -> Table:
    """What is kept of Dice and accuracy under each corruption, the worst first.

    Args:
        record: ``robustness.json``.
    """
    ranked = sorted(record["corruptions"], key=lambda one: (one["kept"] is None, one["kept"] or 0))
    shares = [[one["kept"], *(some["kept"] for some in one["severities"])] for one in ranked]
    rows = [
        (text(one["title"]), text(one["kind"]), *(number(share, "share") for share in some))
        for one, some in zip(ranked, shares, strict=True)
    ]
    whole = (text("all"), text(""), Cell(write_metric(record["kept"], "share"), record["kept"]["value"]))
    rows.append((*whole, *(text("") for _ in range(len(rows[0]) - len(whole)))))
    note = (
        "Dice and accuracy on corrupted slices as shares of those on the same slices clean, averaged; over "
        f"all with its 95 % interval. {record['slices']:,} slices of the {record['part']} part."
    )
    head = ("corruption", "kind", "kept", *(f"severity {n}" for n in range(1, len(rows[0]) - 2)))
    return Table("robustness", "What is kept under corruption", head, tuple(rows), note)


def severity_table(record: Mapping[str, Any]) -> Table:
    """Every metric for each corruption and severity, the clean slices first.

    Args:
        record: ``robustness.json``.
    """
    shown = [(section, name) for section, name in METRICS if record["clean"].get(section)]
    rows = [(text("clean"), count(0), text(""), *(_cell(record["clean"], *metric) for metric in shown))]
    rows += [
        (
            text(one["title"]),
            count(some["severity"]),
            Cell(f"{some['level']:g}", some["level"]),
            *(_cell(some, *metric) for metric in shown),
        )
        for one in record["corruptions"]
        for some in one["severities"]
    ]
    head = ("corruption", "severity", "level", *(metric_name(*metric).title for metric in shown))
    units = "; ".join(f"{one['title']}: {one['unit']}" for one in record["corruptions"])
    return Table(
        "robustness-by-severity", "Metrics by corruption and severity", head, tuple(rows), f"Levels: {units}."
    )


def robustness_chart(record: Mapping[str, Any], theme: Theme) -> Figure:
    """Dice and accuracy by severity, a small plot a corruption, from the clean slices at 0.

    Args:
        record: ``robustness.json``.
        theme: of the page.
    """
    corruptions = record["corruptions"]
    with many_axes(theme, -(-len(corruptions) // COLUMNS), COLUMNS) as (figure, grid):
        for axes, one in zip(grid, corruptions, strict=False):
            axes.set_title(one["title"], color=theme.ink)
            for colour, metric in zip(theme.series, DRAWN, strict=False):
                points = [_value(some, *metric) for some in (record["clean"], *one["severities"])]
                if any(point is not None for point in points):
                    values = [float("nan") if point is None else point for point in points]
                    axes.plot(range(len(values)), values, color=colour, label=metric_name(*metric).title)
            axes.set_ylim(0, 1.04)
            axes.set_xticks(range(len(one["severities"]) + 1))
        for axes in grid[len(corruptions) :]:
            axes.set_visible(False)
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels) or 1)
        figure.supxlabel("severity; 0 is clean", fontsize=9, color=theme.soft)
        return figure


def _value(metrics: Mapping[str, Any], section: str, name: str) -> float | None:
    value = ((metrics.get(section) or {}).get(name) or {}).get("value")
    return None if value is None else float(value)


def _cell(metrics: Mapping[str, Any], section: str, name: str) -> Cell:
    return number(_value(metrics, section, name), metric_name(section, name).kind)
