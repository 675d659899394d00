"""Folds: nobody on two sides, everybody in one, classes in equal shares."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.study.folds import draw_folds

LABELS = ("glioma", "meningioma", "pituitary", "no_tumor")


def table_of(slices: int, per_group: int = 3, test: int = 0) -> pd.DataFrame:
    """Slices whose groups are of one class each, as persons are."""
    group = np.arange(slices) // per_group
    return pd.DataFrame(
        {
            "id": [f"s{number:03}" for number in range(slices)],
            "label": pd.array([LABELS[number % 4] for number in group], dtype="string"),
            "source": "set",
            "group": [f"g{number}" for number in group],
            "split": ["test" if number < test else "train" for number in range(slices)],
        }
    )


@pytest.mark.parametrize("by", ["person", "stratified", "random"])
def test_every_learning_slice_validates_exactly_one_model_and_none_is_in_the_test(by):
    table = draw_folds(table_of(240), 5, by, test_share=0.2)
    sides = pd.DataFrame({fold: parts(table, "folds", fold) for fold in range(5)})
    test = table["split"] == "test"
    assert (sides[test] == "test").to_numpy().all()
    assert ((sides[~test] == "validation").sum(axis=1) == 1).all()
    assert ((sides[~test] == "train").sum(axis=1) == 4).all()
    assert test.mean() == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("by", ["person", "stratified", "random"])
def test_folds_are_of_nearly_one_size(by):
    counts = draw_folds(table_of(240), 5, by, test_share=0)["fold"].value_counts()
    assert counts.sum() == 240
    assert counts.max() - counts.min() <= (6 if by == "person" else 1)


def test_by_person_no_group_is_on_two_sides():
    table = draw_folds(table_of(240), 5, "person", test_share=0.25)
    sides = table["split"].where(table["split"] == "test", table["fold"].astype("string"))
    assert (sides.groupby(table["group"]).nunique() == 1).all()


def test_by_slice_groups_are_parted():
    table = draw_folds(table_of(240), 5, "random", test_share=0)
    assert (table["fold"].groupby(table["group"]).nunique() > 1).mean() > 0.8


def test_stratified_folds_hold_each_class_alike():
    table = draw_folds(table_of(240), 5, "stratified", test_share=0)
    counts = pd.crosstab(table["fold"], table["label"])
    assert (counts.max() - counts.min() <= 1).all()


def test_the_set_s_own_test_stays_where_no_share_is_named():
    table = table_of(120, test=30)
    drawn = draw_folds(table, 4, "stratified")
    assert drawn["split"].tolist() == table["split"].tolist()
    assert drawn["fold"][:30].isna().all()
    assert set(drawn["fold"][30:]) == {0, 1, 2, 3}


def test_the_draw_is_its_seed_s_alone():
    one, again, other = (draw_folds(table_of(120), 5, "person", 0.2, seed)["fold"] for seed in (0, 0, 1))
    assert one.equals(again)
    assert not one.equals(other)


def test_the_table_handed_over_stays_as_it_was():
    table = table_of(60)
    before = table.copy()
    draw_folds(table, 3, "random", 0.2)
    pd.testing.assert_frame_equal(table, before)


def test_a_class_of_few_slices_is_dealt_all_the_same():
    table = table_of(120)
    table.loc[:1, "label"] = pd.NA
    assert draw_folds(table, 5, "stratified", test_share=0)["fold"].nunique() == 5


@pytest.mark.parametrize(
    ("by", "unit"), [("person", "groups"), ("random", "slices"), ("stratified", "slices")]
)
def test_too_few_to_fill_the_folds_is_said(by, unit):
    with pytest.raises(InputError, match=unit):
        draw_folds(table_of(6, per_group=3), 7, by)
