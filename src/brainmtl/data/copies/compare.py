"""A set compared with itself: decode, search, verify. Pairs, series and groups read the table it makes."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from brainmtl.data.copies.candidates import find_candidates
from brainmtl.data.copies.exact import pictures, spread
from brainmtl.data.copies.orientation import ORIENTATIONS
from brainmtl.data.copies.thumbnails import Thumbnails, read_thumbnails
from brainmtl.data.copies.verify import show_one, verify

Progress = Callable[[int, int], None]
LYING, OVERLAID = 0.7, 0.9
"""Likeness, as they lie or with what both show laid over itself, from which two slices that are not one lie
beside each other in one head. In BRISC 98.5 % of such pairs show one person."""
NAMES = np.array([each.name for each in ORIENTATIONS])


def compare_slices(
    table: pd.DataFrame,
    *,
    thumbnails: Thumbnails | None = None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Find every two slices that show one slice, or two beside each other in one head.

    Args:
        table: a manifest; its image files are read, each once, unless ``thumbnails`` are given.
        thumbnails: of its slices.
        progress: called with the number of slices decoded, and to decode; where thumbnails are given, with
            the number of pairs verified, and to verify.

    Returns:
        One row a pair, ordered by ``a`` and ``b``: ``a, b`` (row numbers, ``a < b``), ``kind`` (``bytes``,
        one file; ``pixels``, one picture; ``near``, one slice; ``neighbour``, slices beside each other; the
        strongest that holds), ``transform`` (how to lay ``a`` to get ``b``, a name in ``ORIENTATIONS``) and
        ``score`` (likeness, −1 to 1).

    Raises:
        InputError: a file cannot be read.
    """
    verified = progress
    if thumbnails is None:
        thumbnails = read_thumbnails(table["image"], lambda done: progress(done, len(table)))
        verified = _unseen
    picture = pictures(table["sha256"], thumbnails.hashes)
    distinct = picture["picture"].drop_duplicates().index.to_numpy()
    found = spread(_alike(thumbnails.part(distinct), verified), picture)
    found["transform"] = NAMES[found.pop("orientation").to_numpy(dtype=int)]
    return found[["a", "b", "kind", "transform", "score"]].sort_values(["a", "b"], ignore_index=True)


def _unseen(done: int, total: int) -> None:
    pass


def _alike(distinct: Thumbnails, progress: Progress) -> pd.DataFrame:
    """Pairs of different pictures: ``a, b, orientation, kind, score``, each pair once."""
    candidates = find_candidates(distinct)
    lying, overlaid = verify(distinct, distinct, candidates, lambda done: progress(done, len(candidates)))
    same = show_one(distinct, distinct, candidates, lying, overlaid)
    found = pd.DataFrame(
        {
            "a": candidates.a,
            "b": candidates.b,
            "orientation": candidates.orientation,
            "kind": np.where(same, "near", "neighbour"),
            "score": np.where(overlaid >= OVERLAID, overlaid, lying),
        }
    )[(lying >= LYING) | (overlaid >= OVERLAID)]
    best_first = found.sort_values(["kind", "score"], ascending=[True, False], kind="stable")  # near first
    return best_first.drop_duplicates(["a", "b"])
