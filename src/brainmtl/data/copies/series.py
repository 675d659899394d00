"""Series: slices that lie beside one another in one head, and the order in which they lie."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csgraph

from brainmtl.data.copies.compare import Progress, compare_slices
from brainmtl.data.copies.join import join


def find_series(
    table: pd.DataFrame,
    *,
    compared: pd.DataFrame | None = None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Find the series in a set.

    Args:
        table: a manifest; its image files are read unless ``compared`` is given.
        compared: from :func:`~brainmtl.data.copies.compare.compare_slices`.
        progress: called with the number of slices decoded, and to decode.

    Returns:
        One row a slice that has a copy or a neighbour: ``id``, ``series`` (from 0, in the table's order) and
        ``position`` (0 to 1 from one end to the other; copies of a slice share theirs, and which end is first
        means nothing).

    Raises:
        InputError: a file cannot be read.
    """
    if compared is None:
        compared = compare_slices(table, progress=progress)
    names = join(len(table), compared)
    inside = compared[names[compared["a"].to_numpy()] == names[compared["b"].to_numpy()]]
    found: list[pd.DataFrame] = []
    for name, pairs in inside.groupby(names[inside["a"].to_numpy()], sort=True):
        rows = np.flatnonzero(names == name)
        found.append(pd.DataFrame({"row": rows, "series": len(found), "position": _order(rows, pairs)}))
    if not found:
        return pd.DataFrame({"id": pd.array([], dtype="string"), "series": [], "position": []})
    whole = pd.concat(found, ignore_index=True)
    whole["id"] = pd.array(table["id"].to_numpy(dtype=object)[whole["row"].to_numpy()], dtype="string")
    return whole[["id", "series", "position"]]


def _order(rows: NDArray[np.int64], pairs: pd.DataFrame) -> NDArray[np.float64]:
    """Place along the series: the Fiedler vector of likeness (Atkins, Boman and Hendrickson 1998)."""
    a, b = (np.searchsorted(rows, pairs[end].to_numpy()) for end in ("a", "b"))
    weight = np.maximum(pairs["score"].to_numpy(dtype=float), 1e-3) ** 2
    graph = coo_array((weight, (a, b)), shape=(len(rows), len(rows))).toarray()
    _, vectors = np.linalg.eigh(csgraph.laplacian(graph + graph.T))
    place = vectors[:, 1]
    copies = pairs["kind"].to_numpy(dtype=object) != "neighbour"
    slices = csgraph.connected_components(
        coo_array((np.ones(copies.sum()), (a[copies], b[copies])), shape=graph.shape), directed=False
    )[1]
    place = pd.Series(place).groupby(slices).transform("mean").to_numpy()
    spread = np.ptp(place)
    return np.asarray((place - place.min()) / spread if spread > 1e-9 else np.zeros(len(rows)))
