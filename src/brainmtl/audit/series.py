"""Series of slices beside one another, and whether the set's own split cuts through them."""

from typing import Any

import pandas as pd


def count_series(table: pd.DataFrame, series: pd.DataFrame) -> dict[str, Any]:
    """Count series within and across the splits.

    Args:
        table: a manifest.
        series: from :func:`brainmtl.data.copies.series.find_series`.

    Returns:
        ``{within, across}`` of ``{series, slices, by_split}``; ``longest``, in slices.
    """
    split = series["id"].map(table.set_index("id")["split"]).astype(str)
    several = split.groupby(series["series"]).transform("nunique") > 1
    sizes = series["series"].value_counts()
    sides = {
        name: {
            "series": int(series["series"][rows].nunique()),
            "slices": int(rows.sum()),
            "by_split": {str(each): int(n) for each, n in split[rows].value_counts().items()},
        }
        for name, rows in (("within", ~several), ("across", several))
    }
    return sides | {"longest": int(sizes.max()) if len(sizes) else 0}
