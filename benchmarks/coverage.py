"""How often 95 % intervals hold the truth: python benchmarks/coverage.py RUN [TIMES]

Whole persons are drawn, with replacement, out of a run's out-of-fold slices; the truth is the number over all
of them.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from brainmtl.cli.console import bar, show_table
from brainmtl.evaluation.bootstrap import Interval, mean_interval
from brainmtl.evaluation.rates import rate_interval
from brainmtl.labels import HEALTHY, TUMOURS

CASES = (
    ("dice", ("glioma",), 10),
    ("dice", ("meningioma",), 24),
    ("dice", TUMOURS, 43),
    ("dice", TUMOURS, 160),
    ("miss", TUMOURS, 43),
    ("miss", TUMOURS, 160),
    ("right", ("glioma",), 10),
    ("both_right", ("glioma",), 10),
    ("both_right", TUMOURS, 43),
    ("right", (*TUMOURS, HEALTHY), 169),
    ("both_right", (*TUMOURS, HEALTHY), 169),
)
"""Column, classes, and how many persons are drawn: what a validation part of BRISC has, and more."""


def cover(rows: pd.DataFrame, column: str, persons: int, times: int) -> tuple[float, float, float]:
    """Shares of the draws whose interval holds the truth, lies above it, and lies below it."""
    random = np.random.default_rng(0)
    values = [part[column].to_numpy(dtype=float) for _, part in rows.groupby("group")]
    truth = float(np.concatenate(values).mean())
    found: list[Interval] = []
    for _ in range(times):
        drawn = [values[one] for one in random.integers(len(values), size=persons)]
        groups = np.repeat(np.arange(persons), [len(one) for one in drawn])
        measure = mean_interval if column == "dice" else rate_interval
        found.append(measure(np.concatenate(drawn), groups))
    above, below = (np.mean([one.low > truth for one in found]), np.mean([one.high < truth for one in found]))
    return 1 - above - below, float(above), float(below)


def main(run: Path, times: int) -> None:
    """Print a table."""
    rows = pd.read_parquet(run / "evaluation" / "out-of-fold" / "per_image.parquet")
    shown = []
    with bar("drawing", len(CASES)) as progress:
        for done, (column, classes, persons) in enumerate(CASES, 1):
            chosen = rows[rows["label"].isin(classes) & rows[column].notna()]
            shares = cover(chosen, column, persons, times)
            shown.append([column, "+".join(classes), str(persons), *(f"{share:.3f}" for share in shares)])
            progress(done)
    show_table(["metric", "classes", "persons", "hold it", "lie above", "lie below"], shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500)
