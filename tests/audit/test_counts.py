"""Counts of copies on a set small enough to count by hand."""

import pandas as pd

from brainmtl.audit.counts import count_copies

TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "split": ["train", "train", "test", "test", "train"],
        "label": ["glioma", "glioma", "glioma", "no_tumor", None],
    },
    dtype="string",
)
PAIRS = pd.DataFrame(
    [
        ("a", "b", "bytes", False),
        ("a", "c", "pixels", True),
        ("b", "c", "pixels", True),
        ("d", "e", "near", True),
    ],
    columns=["a", "b", "kind", "across_splits"],
)


def test_by_hand():
    found = count_copies(TABLE, PAIRS)
    assert found["byte_duplicates"] == {
        "within": {"pairs": 1, "slices": 2, "by_split": {"train": {"all": 2, "glioma": 2}}},
        "across": {"pairs": 0, "slices": 0, "by_split": {}},
    }
    assert found["pixel_duplicates"]["across"] == {
        "pairs": 2,
        "slices": 3,
        "by_split": {"train": {"all": 2, "glioma": 2}, "test": {"all": 1, "glioma": 1}},
    }
    assert found["pixel_duplicates"]["within"] == found["byte_duplicates"]["within"]
    assert found["near_duplicates"]["across"]["by_split"] == {
        "test": {"all": 1, "no_tumor": 1},
        "train": {"all": 1},
    }
    assert found["copies"]["across"]["slices"] == 5


def test_a_set_without_copies():
    found = count_copies(TABLE, PAIRS.iloc[:0])
    assert all(side["pairs"] == 0 for kind in found.values() for side in kind.values())
