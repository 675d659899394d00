"""Joining by likeness, the likest first."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from brainmtl.data.copies.join import CERTAIN, LARGEST, join


def _pairs(rows: list[tuple[int, int, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["a", "b", "kind", "score"]).astype(
        {"a": int, "b": int, "score": float}
    )


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])))
@settings(max_examples=50, deadline=None)
def test_without_persons_or_crowds_it_is_the_connected_components(edges: set[tuple[int, int]]):
    joined = np.zeros((10, 10), bool)
    for a, b in edges:
        joined[a, b] = True
    _, names = connected_components(joined, directed=False)
    found = join(10, _pairs([(a, b, "neighbour", 0.8) for a, b in edges]))
    assert ((found[:, None] == found) == (names[:, None] == names)).all()
    assert all(found[name] == name and name <= row for row, name in enumerate(found))


def test_two_persons_are_never_joined():
    persons = np.array([0, 1, -1])
    rows = [(0, 2, "neighbour", 0.8), (1, 2, "neighbour", 0.9), (0, 1, "bytes", 1.0)]
    assert join(3, _pairs(rows), persons).tolist() == [0, 1, 1]


def test_look_alikes_go_to_a_person_together():
    """3 and 4 are more like each other than anything else; only 4 is like a person."""
    persons = np.array([0, 0, 1, -1, -1])
    rows = [(3, 4, "near", 0.97), (1, 4, "neighbour", 0.9), (2, 3, "neighbour", 0.8)]
    assert join(5, _pairs(rows), persons).tolist() == [0, 0, 2, 0, 0]
    rows = [(3, 4, "neighbour", 0.8), (1, 4, "near", 0.97), (2, 3, "neighbour", 0.75)]
    assert join(5, _pairs(rows), persons).tolist() == [0, 0, 2, 0, 0]


def test_a_copy_counts_more_than_a_neighbour():
    persons = np.array([0, 1, -1])
    rows = [(0, 2, "neighbour", 0.999), (1, 2, "near", 0.96)]
    assert join(3, _pairs(rows), persons).tolist() == [0, 1, 1]


def test_a_chain_is_cut_at_its_weakest_links():
    scores = np.full(3 * LARGEST - 1, 0.9)
    scores[LARGEST - 1 :: LARGEST] = 0.8
    chain = _pairs([(n, n + 1, "neighbour", score) for n, score in enumerate(scores)])
    found = join(3 * LARGEST, chain)
    assert found.tolist() == [name for name in range(0, 3 * LARGEST, LARGEST) for _ in range(LARGEST)]


def test_sure_copies_are_never_parted():
    chain = _pairs([(n, n + 1, "near", CERTAIN) for n in range(3 * LARGEST - 1)])
    assert (join(3 * LARGEST, chain) == 0).all()
