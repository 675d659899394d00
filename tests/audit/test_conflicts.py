"""Conflicts are told where both sides know and differ, and nowhere else."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.audit.conflicts import find_conflicts

LABELS = st.sampled_from(("glioma", "pituitary", None))
PLANES = st.sampled_from(("axial", "coronal", None))


@given(st.lists(st.tuples(LABELS, PLANES), min_size=2, max_size=6))
def test_conflicts_are_what_a_loop_says(slices):
    table = pd.DataFrame(slices, columns=["label", "plane"], dtype="string")
    table["id"] = [f"s{n}" for n in range(len(slices))]
    pairs = pd.DataFrame([(a, b) for a in table["id"] for b in table["id"] if a < b], columns=["a", "b"])
    for pair, found in zip(pairs.itertuples(), find_conflicts(table, pairs), strict=True):
        one, other = slices[int(pair.a[1:])], slices[int(pair.b[1:])]
        odd = [
            name
            for name, x, y in zip(("label", "plane"), one, other, strict=True)
            if x is not None and y is not None and x != y
        ]
        assert found == " ".join(odd)


def test_no_pairs_have_no_conflicts():
    table = pd.DataFrame({"id": ["a"], "label": ["glioma"], "plane": [None]}, dtype="string")
    assert find_conflicts(table, pd.DataFrame({"a": [], "b": []}, dtype="string")).empty
