"""Slices that are one file or, decoded, one picture; each picture is compared once, for all that show it."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.copies.orientation import BACK


def pictures(files: "pd.Series[str]", hashes: "NDArray[np.bytes_]") -> pd.DataFrame:
    """Number the distinct files and pictures.

    Args:
        files: a hash of each slice's bytes.
        hashes: N, of each slice's decoded pixels.

    Returns:
        A row a slice, indexed 0 to N − 1: ``file`` and ``picture``, numbers in the order of first appearance.
    """
    return pd.DataFrame({"file": pd.factorize(files)[0], "picture": pd.factorize(hashes)[0]})


def spread(found: pd.DataFrame, slices: pd.DataFrame) -> pd.DataFrame:
    """Say of all slices what was found of distinct pictures, and add those that show one picture.

    Args:
        found: pairs of pictures: ``a, b`` (their numbers), ``orientation``, ``kind``, ``score``.
        slices: from :func:`pictures`.

    Returns:
        Pairs of slices: ``a, b`` (row numbers, ``a < b``), ``orientation``, ``kind``, ``score``.
    """
    members = slices.reset_index(names="row")
    pairs = _join(members, found.rename(columns={"a": "picture"}).merge(members, on="picture"))
    twins = members.merge(members, on="picture", suffixes=("", "_other"))
    twins = twins[twins["row"] < twins["row_other"]]
    exact = pd.DataFrame(
        {
            "a": twins["row"],
            "b": twins["row_other"],
            "orientation": np.int8(0),
            "kind": np.where(twins["file"] == twins["file_other"], "bytes", "pixels"),
            "score": np.float32(1),
        }
    )
    return pd.concat([exact, pairs], ignore_index=True) if len(pairs) else exact.reset_index(drop=True)


def _join(members: pd.DataFrame, half: pd.DataFrame) -> pd.DataFrame:
    """Slices for the second picture of each pair, and the pair in the order of their rows."""
    whole = half[["row", "b", "orientation", "kind", "score"]].merge(
        members[["row", "picture"]], left_on="b", right_on="picture", suffixes=("", "_other")
    )
    swap = (whole["row"] > whole["row_other"]).to_numpy(dtype=bool)
    orientation = whole["orientation"].to_numpy(dtype=np.int8)
    return pd.DataFrame(
        {
            "a": whole[["row", "row_other"]].min(axis=1),
            "b": whole[["row", "row_other"]].max(axis=1),
            "orientation": np.where(swap, BACK[orientation], orientation),
            "kind": whole["kind"],
            "score": whole["score"],
        }
    )
