"""Joint against single, on slices whose differences are written by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from brainmtl.study.joint_summary import MARGIN, compare_slices, cost_table, equivalence_table


def slices(values, persons=None, column="dice"):
    """A row a slice and seed; ``values`` are (seeds, slices)."""
    values = np.asarray(values, float)
    names = [f"s{number}" for number in range(values.shape[1])]
    tables = [
        pd.DataFrame({"id": names, "group": persons or names, "seed": seed, column: row})
        for seed, row in enumerate(values)
    ]
    return pd.concat(tables, ignore_index=True)


def test_with_one_slice_a_person_it_is_the_paired_t_test_on_means_over_seeds():
    chance = np.random.default_rng(0)
    joint, single = chance.normal(0.9, 0.01, (3, 40)), chance.normal(0.9, 0.01, (3, 40))
    found = compare_slices(slices(joint), slices(single), "dice")
    apart = (joint - single).mean(axis=0)
    p = max(
        stats.ttest_1samp(apart, -MARGIN, alternative="greater").pvalue,
        stats.ttest_1samp(apart, MARGIN, alternative="less").pvalue,
    )
    assert found["p"] == pytest.approx(p)
    assert found["value"] == pytest.approx(apart.mean())
    assert found["by_seed"] == pytest.approx((joint - single).mean(axis=1))
    assert (found["n"], found["persons"]) == (40, 40)


@pytest.mark.parametrize(
    ("shift", "equivalent", "not_worse"),
    [(0.0, True, True), (0.01, False, True), (-0.01, False, False)],
)
def test_verdicts(shift, equivalent, not_worse):
    single = np.linspace(0.7, 0.9, 60)[None]
    wobble = np.tile([0.001, -0.001], 30)
    found = compare_slices(slices(single + shift + wobble), slices(single), "dice")
    assert (found["equivalent"], found["not_worse"]) == (equivalent, not_worse)


def test_slices_that_one_of_the_two_lacks_are_left_out():
    joint, single = slices([[0.9, np.nan, 0.7, 0.8]]), slices([[0.9, 0.5, 0.7]])
    found = compare_slices(joint, single, "dice")
    assert (found["n"], found["joint"], found["single"]) == (2, pytest.approx(0.8), pytest.approx(0.8))


def test_seeds_that_disagree_widen_the_interval_of_others_trained_alike():
    """Seeds whose differences are all alike, or ± 0.02: then SciPy's bootstrap of these."""
    single = np.full((4, 60), 0.8)
    wobble = np.tile([0.001, -0.001], 30)
    apart = np.array([[0.02], [-0.02], [0.02], [-0.02]])
    calm, moved = (
        compare_slices(slices(single + shift + wobble), slices(single), "dice") for shift in (0.0, apart)
    )
    assert calm["low"] == pytest.approx(moved["low"])
    assert calm["with_seeds"] == pytest.approx([calm["low"], calm["high"]], abs=5e-5)
    expected = stats.bootstrap((apart.ravel(),), np.mean, confidence_level=0.9, method="percentile")
    assert moved["with_seeds"] == pytest.approx(expected.confidence_interval, abs=1e-3)
    assert compare_slices(slices(single[:1]), slices(single[:1]), "dice")["with_seeds"] == [None, None]


def test_a_person_counts_once_for_the_error():
    joint = slices([[1, 1, 0, 0, 1, 0] * 5], ["a", "a", "b", "b", "c", "c"] * 5, "right")
    single = slices([[1, 0, 0, 0, 1, 1] * 5], ["a", "a", "b", "b", "c", "c"] * 5, "right")
    assert compare_slices(joint, single, "right")["persons"] == 3


def test_tables_hold_what_was_found():
    one = compare_slices(slices([[0.9, 0.8, 0.7]]), slices([[0.9, 0.7, 0.7]]), "dice")
    cost = {"parameters": 1234567, "size_mb": 5.0, "ms": 10.25, "memory_mb": 33.0}
    found = {"equivalence": {"Dice": one}, "cost": {"joint": cost, "both specialists": cost}}
    (row,) = equivalence_table(found).rows
    assert [cell.text for cell in row][:3] == ["Dice", "0.8000", "0.7667"]
    assert [cell.value for cell in cost_table(found).rows[1]][1:] == [1234567, 5.0, 10.25, 33.0]
