"""Series counted by hand."""

import pandas as pd

from brainmtl.audit.series import count_series

TABLE = pd.DataFrame(
    {"id": list("abcde"), "split": ["train", "train", "test", "test", "train"]}, dtype="string"
)


def test_a_series_in_two_splits_is_across():
    series = pd.DataFrame({"id": list("abcd"), "series": [0, 0, 0, 1], "position": [0, 0.5, 1, 0]})
    found = count_series(TABLE, series)
    assert found == {
        "within": {"series": 1, "slices": 1, "by_split": {"test": 1}},
        "across": {"series": 1, "slices": 3, "by_split": {"train": 2, "test": 1}},
        "longest": 3,
    }


def test_no_series():
    found = count_series(
        TABLE, pd.DataFrame({"id": pd.array([], dtype="string"), "series": [], "position": []})
    )
    assert found["longest"] == found["across"]["series"] == 0
