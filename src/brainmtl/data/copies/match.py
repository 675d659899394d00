"""Which slices of one set are slices of another."""

import numpy as np
import pandas as pd

from brainmtl.data.copies.candidates import find_candidates
from brainmtl.data.copies.compare import NAMES, Progress
from brainmtl.data.copies.orientation import BACK
from brainmtl.data.copies.thumbnails import Thumbnails, read_thumbnails
from brainmtl.data.copies.verify import show_one, verify

CARRIED = ("patient", "label", "mask")
"""What the other set says of the slice."""


def match_sets(
    table: pd.DataFrame,
    other: pd.DataFrame,
    *,
    thumbnails: Thumbnails | None = None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Find the slices of a set that are also in another, and what the other says of them.

    Args:
        table: a manifest; its image files are read, each once, unless ``thumbnails`` are given.
        other: another manifest; its image files are read too.
        thumbnails: of the slices of ``table``.
        progress: called with the number of slices decoded, and to decode, of all that are read.

    Returns:
        One row a slice of ``table`` that is in the other set, with the likest of the other's: ``id``,
        ``other_id``, ``kind`` (``bytes``, ``pixels`` or ``near``), ``transform`` (how to lay the *other's*
        slice, and its mask, to get this one; names as in :func:`~brainmtl.data.copies.pairs.find_pairs`),
        ``score`` (likeness, to 1), and the other's ``patient``, ``label`` and ``mask``.

    Raises:
        InputError: a file cannot be read.
    """
    unread = len(table) if thumbnails is None else 0
    total = unread + len(other)
    ours = thumbnails
    if ours is None:
        ours = read_thumbnails(table["image"], lambda done: progress(done, total))
    theirs = read_thumbnails(other["image"], lambda done: progress(unread + done, total))
    candidates = find_candidates(ours, theirs)
    lying, score = verify(ours, theirs, candidates)
    same = show_one(ours, theirs, candidates, lying, score)
    near = pd.DataFrame(
        {
            "a": candidates.a[same],
            "b": candidates.b[same],
            "kind": "near",
            "transform": NAMES[BACK[candidates.orientation[same]]],
            "score": score[same],
        }
    )
    found = pd.concat(
        [
            _equal(table["sha256"].to_numpy(), other["sha256"].to_numpy(), "bytes"),
            _equal(ours.hashes, theirs.hashes, "pixels"),
            near.sort_values("score", ascending=False, kind="stable"),
        ]
    )
    best = found.drop_duplicates("a").sort_values("a", ignore_index=True)
    return _named(best, table, other)


def _equal(ours: np.ndarray, theirs: np.ndarray, kind: str) -> pd.DataFrame:
    """Slices whose hash is one of theirs, with the first that has it."""
    first = pd.Series(np.arange(len(theirs)), index=theirs)
    place = pd.Series(ours).map(first[~first.index.duplicated()]).dropna()
    return pd.DataFrame(
        {"a": place.index, "b": place.astype(int), "kind": kind, "transform": "none", "score": 1.0}
    )


def _named(best: pd.DataFrame, table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    theirs = other.reindex(columns=["id", *CARRIED]).iloc[best["b"].to_numpy(dtype=int)]
    found = pd.DataFrame(
        {
            "id": table["id"].to_numpy(dtype=object)[best["a"].to_numpy(dtype=int)],
            "other_id": theirs["id"].to_numpy(dtype=object),
            "kind": best["kind"].to_numpy(dtype=object),
            "transform": best["transform"].to_numpy(dtype=object),
            "score": best["score"].to_numpy(dtype=float),
            **{name: theirs[name].to_numpy(dtype=object) for name in CARRIED},
        }
    )
    return found.astype({name: "string" for name in found.columns if name != "score"})
