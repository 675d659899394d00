"""A comparison as files: Markdown, CSV, JSON, LaTeX tables and macros, charts."""

import json
from collections.abc import Sequence
from pathlib import Path

from brainmtl.imaging.files import whole_file
from brainmtl.report.beside import beside_sheet
from brainmtl.report.folder import PARTS, read_run
from brainmtl.report.latex import to_latex, to_macros
from brainmtl.report.style import LIGHT, to_png
from brainmtl.report.tables import Table, to_csv, to_markdown
from brainmtl.study.compare import (
    Row,
    compare,
    cost_table,
    document_table,
    elsewhere,
    measured_text,
    published_text,
    row_json,
)
from brainmtl.study.pictures import comparison_charts
from brainmtl.study.records import Record
from brainmtl.study.steadiness import contrasts, steadiness_table

PAPER = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\usepackage[landscape,margin=1cm]{geometry}
\input{macros}
\begin{document}
\small
\input{tables}
\end{document}
"""


def comparison_tables(records: Sequence[Record]) -> list[Table]:
    """A table for each document that a record belongs to, one for others' results, and the cost.

    Args:
        records: any.
    """
    rows, others = compare(records), elsewhere(records)
    documents = dict.fromkeys(row.published.document for row in [*rows, *others])
    beside = contrasts(records)
    return [
        *(document_table(name, [*rows, *others]) for name in documents),
        *([steadiness_table(beside)] if beside else []),
        cost_table(records),
    ]


def macros(rows: Sequence[Row]) -> dict[str, str]:
    """The numbers of a comparison by the words of their macros' names: of each run, and as published.

    Args:
        rows: of :func:`~brainmtl.study.compare.compare`.

    Returns:
        ``{"<run> <part> <metric>": text, "published <recipe> <part> <metric>": text}``.
    """
    found: dict[str, str] = {}
    for row in rows:
        number = row.published
        name = f"{number.part or ''} {number.metric}"
        found[f"published {number.recipe} {name}"] = published_text(number)
        if row.record is not None:
            found[f"{row.record.name} {name}"] = measured_text(number, row.measured)
    return found


def write_comparison(records: Sequence[Record], out: Path) -> list[Path]:
    """Write ``compare.json``, ``compare.md``, a CSV a table, ``tables.tex``, ``macros.tex``, ``paper.tex``
    and ``figures/``; those called panels show slices.

    Args:
        records: any.
        out: a folder.

    Returns:
        The files.
    """
    tables, rows = comparison_tables(records), compare(records)
    pages = {
        "compare.json": json.dumps([row_json(row) for row in rows], indent=2) + "\n",
        "compare.md": "\n".join(f"## {table.title}\n\n{to_markdown(table)}" for table in tables),
        "tables.tex": "\n".join(to_latex(table) for table in tables),
        "macros.tex": to_macros(macros(rows)),
        "paper.tex": PAPER,
        **{f"{table.name}.csv": to_csv(table) for table in tables},
    }
    charts = {f"figures/{chart.name}.png": to_png(chart.draw(LIGHT)) for chart in comparison_charts(rows)}
    files = {name: page.encode() for name, page in pages.items()} | charts | _panels(records)
    for name, content in files.items():
        with whole_file(out / name) as temporary:
            temporary.write_bytes(content)
    return [out / name for name in files]


def _panels(records: Sequence[Record]) -> dict[str, bytes]:
    runs = [read_run(record.path) for record in records if record.kind == "run"]
    sheets = {part: beside_sheet(runs, part) for part in PARTS}
    return {
        f"figures/beside-{part}-panels.png": to_png(sheet, dpi=100)
        for part, sheet in sheets.items()
        if sheet is not None
    }
