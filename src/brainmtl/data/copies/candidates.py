"""Which pairs of pictures are worth a closer look: nearest neighbours of every picture, laid eight ways."""

from dataclasses import dataclass

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.copies.descriptor import describe, turn
from brainmtl.data.copies.orientation import BACK, ORIENTATIONS
from brainmtl.data.copies.resample import Floats
from brainmtl.data.copies.thumbnails import Thumbnails

NEIGHBOURS = 12
"""How many of each picture's neighbours are looked at, over all orientations."""
ALIKE = 0.9
"""Correlation of descriptors from which a pair is looked at …"""
NEAREST = 3
"""… and so many of the nearest of each picture …"""
UNLIKE = 0.75
"""… down to this."""
EXACT = 10_000
"""Up to so many pictures, every one is compared with every one; above, with those in the nearest cells."""
PROBES = 16
BLOCK = 4096


@dataclass(frozen=True)
class Candidates:
    """Pairs that may show one slice, and how.

    Attributes:
        a: int64 ``(P,)``, rows.
        b: int64 ``(P,)``, rows of the same set (then ``a < b``) or of the other one.
        orientation: int8 ``(P,)``, the number in ``ORIENTATIONS`` of the way to lay ``a`` to be like ``b``.
        of_heads: bool ``(P,)``: their heads are alike; otherwise the whole pictures are.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    orientation: NDArray[np.int8]
    of_heads: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.a)

    def part(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Candidates":
        """Some of the pairs."""
        return Candidates(self.a[rows], self.b[rows], self.orientation[rows], self.of_heads[rows])


def find_candidates(ours: Thumbnails, theirs: Thumbnails | None = None) -> Candidates:
    """Find the pairs worth a closer look.

    Args:
        ours: pictures.
        theirs: the pictures to find them among; by default the same ones, and no picture is its own
            candidate.

    Returns:
        Each pair once an orientation, ordered by ``a`` and ``b``.
    """
    found = []
    for of_heads in (False, True):
        mine = describe(ours, of_heads)
        index = _index(mine if theirs is None else describe(theirs, of_heads))
        near = pd.concat(
            [
                _near(index, turn(mine, orientation)).assign(orientation=np.int8(number))
                for number, orientation in enumerate(ORIENTATIONS)
            ]
        )
        near = near if theirs is not None else near[near["a"] != near["b"]]
        rank = near.groupby("a")["score"].rank(method="first", ascending=False)
        chosen = (rank <= NEIGHBOURS) & (near["score"] >= ALIKE) | (rank <= NEAREST)
        found.append(near[chosen].assign(of_heads=of_heads))
    pairs = pd.concat(found, ignore_index=True)
    if theirs is None:
        swap = pairs["a"] > pairs["b"]
        pairs.loc[swap, ["a", "b"]] = pairs.loc[swap, ["b", "a"]].to_numpy()
        pairs.loc[swap, "orientation"] = BACK[pairs.loc[swap, "orientation"]]
    pairs = pairs.sort_values(["a", "b", "orientation", "of_heads"]).drop_duplicates(
        ["a", "b", "orientation"]
    )
    return Candidates(
        pairs["a"].to_numpy(),
        pairs["b"].to_numpy(),
        pairs["orientation"].to_numpy(dtype=np.int8),
        pairs["of_heads"].to_numpy(dtype=bool),
    )


def _index(descriptors: Floats) -> faiss.Index:
    count, length = descriptors.shape
    if count <= EXACT:
        index = faiss.IndexFlatIP(length)
        index.add(descriptors)
        return index
    cells = int(4 * count**0.5)
    coarse = faiss.IndexIVFFlat(faiss.IndexFlatIP(length), length, cells, faiss.METRIC_INNER_PRODUCT)
    coarse.nprobe = PROBES
    coarse.train(descriptors)
    coarse.add(descriptors)
    return coarse


def _near(index: faiss.Index, queries: Floats) -> pd.DataFrame:
    """What is near each query: rows ``a`` of the queries and ``b`` of the index, and ``score``."""
    found = []
    for start in range(0, len(queries), BLOCK):
        score, near = index.search(queries[start : start + BLOCK], min(NEIGHBOURS, index.ntotal))
        rows, columns = np.nonzero((score >= UNLIKE) & (near >= 0))
        found.append(
            pd.DataFrame({"a": rows + start, "b": near[rows, columns], "score": score[rows, columns]})
        )
    return pd.concat(found, ignore_index=True)
