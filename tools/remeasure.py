"""Add up measured slices again, after a metric or an interval has changed: python tools/remeasure.py RUN …

Nothing is predicted, and no test part read: ``evaluation/*/per_image.parquet`` is what there is. Floors stay.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from brainmtl.cli.console import bar
from brainmtl.evaluation.scorecard import summarise
from brainmtl.training.run import read_json, write_json


def main(runs: Sequence[Path]) -> None:
    """Write each part's ``metrics.json`` anew."""
    tables = [table for run in runs for table in sorted(run.glob("evaluation/*/per_image.parquet"))]
    with bar("adding up", len(tables)) as progress:
        for done, table in enumerate(tables, 1):
            metrics = table.with_name("metrics.json")
            write_json(metrics, read_json(metrics) | summarise(pd.read_parquet(table)))
            progress(done)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
