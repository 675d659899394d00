"""Tables that ship with the package."""

from collections.abc import Mapping
from importlib.resources import files

import pandas as pd


def shipped_table(name: str, types: Mapping[str, str] | str = "string") -> pd.DataFrame:
    """Read a table of ``data/tables/``; its README says what each holds.

    Args:
        name: a CSV file there.
        types: pandas types by column.
    """
    with (files("brainmtl.data") / "tables" / name).open() as handle:
        return pd.read_csv(handle, dtype=types)
