"""Tables and numbers for LaTeX: booktabs tabulars, and macros so that no number is typed into a paper."""

import re
from collections.abc import Mapping
from typing import Final

from brainmtl.report.folder import Run
from brainmtl.report.names import METRICS, NBSP, NO_VALUE, metric_name, write_metric
from brainmtl.report.tables import Table

SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": r"$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "·": r"$\cdot$",
    "Σ": r"$\Sigma$",
    "ε": r"$\varepsilon$",
    "m̂": r"$\hat{m}$",
    NO_VALUE: "--",
    NBSP: "~",
}
DIGITS: Final = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def escape_latex(words: str) -> str:
    """Text as LaTeX that shows it letter by letter.

    Args:
        words: any.
    """
    pattern = "|".join(re.escape(special) for special in sorted(SPECIAL, key=len, reverse=True))
    return re.sub(pattern, lambda match: SPECIAL[match.group()], words)


def to_latex(table: Table) -> str:
    """A table as a ``table`` with a booktabs ``tabular``, numbers to the right; needs ``booktabs``.

    Args:
        table: any.
    """
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    lines = [
        r"\begin{table}",
        rf"\caption{{{escape_latex(table.title)}}}\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([escape_latex(name) for name in table.head]),
        r"\midrule",
        *(_line([escape_latex(cell.text) for cell in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *([rf"\par\footnotesize {escape_latex(table.note)}"] if table.note else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def macro_name(words: str) -> str:
    """A name that LaTeX takes: letters only, each word with a capital, digits spelt.

    Args:
        words: e.g. ``"jalal2025-unet test dice"``.
    """
    parts = re.findall(r"[A-Za-z]+|\d", words)
    return "".join(DIGITS[int(part)] if part.isdigit() else part[0].upper() + part[1:] for part in parts)


def to_macros(values: Mapping[str, str]) -> str:
    r"""``\newcommand`` for each value.

    Args:
        values: words for the name → text as people read it.

    Raises:
        ValueError: two names are one to LaTeX.
    """
    names = [macro_name(words) for words in values]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two values would be \\{min(twice)}")
    return "".join(
        rf"\newcommand{{\{name}}}{{{escape_latex(text)}}}" + "\n"
        for name, text in zip(names, values.values(), strict=True)
    )


def run_macros(run: Run) -> str:
    r"""Every metric of a run as a macro: ``\TestSegmentationDice``, ``\ValidationClassificationAccuracy`` …

    Args:
        run: any.
    """
    return to_macros(
        {
            f"{part.part} {section} {name}": write_metric(metric, metric_name(section, name).kind)
            for part in run.evaluations
            for section in METRICS
            for name, metric in (part.metrics.get(section) or {}).items()
            if name in METRICS[section]
        }
    )


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
