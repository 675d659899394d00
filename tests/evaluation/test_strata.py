"""Slices are told apart by what is known of them, and every one that is known is in one stratum."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.evaluation.strata import STRATA, lesion_number, split_rows, tumour_size

ROWS = pd.DataFrame(
    {
        "label": ["no_tumor", "glioma", "pituitary", "glioma", None],
        "plane": ["axial"] * 5,
        "source": ["brisc2025", "figshare2017", "brisc2025", "brisc2025", "brisc2025"],
        "size": [None, "large", "small", "medium", "small"],
        "lesions": [None, "several", "one", "one", "one"],
        "leaked": pd.array([True, False, None, True, False], "boolean"),
    }
)


def test_values_come_in_the_order_of_the_vocabulary():
    found = split_rows(ROWS)
    assert {name: list(values) for name, values in found.items()} == {
        "class": ["glioma", "pituitary", "no_tumor"],
        "tumour": ["tumour", "no_tumor"],
        "source": ["brisc2025", "figshare2017"],
        "size": ["small", "medium", "large"],
        "lesions": ["one", "several"],
        "leaked": ["false", "true"],
    }


@pytest.mark.parametrize("name", ["label", "source", "size", "lesions", "leaked"])
def test_every_known_slice_is_in_one_stratum(name):
    (values,) = split_rows(ROWS, (name,)).values()
    rows = pd.concat(values.values())
    assert sorted(rows.index) == list(ROWS.index[ROWS[name].notna()])


def test_any_tumour_class_is_a_tumour():
    parts = split_rows(ROWS)["tumour"]
    assert parts["tumour"].index.tolist() == [1, 2, 3]
    assert parts["no_tumor"].index.tolist() == [0]
    assert "tumour" not in split_rows(ROWS[1:4])


def test_a_single_value_tells_nothing_apart():
    assert split_rows(ROWS[:1]) == {}
    assert split_rows(ROWS[["label"]], ("scanner",)) == {}
    assert "plane" in STRATA
    assert "plane" not in split_rows(ROWS)


def test_number_and_size_of_lesions():
    mask = np.zeros((20, 20), bool)
    assert (lesion_number(mask), tumour_size(mask)) == (None, None)
    mask[2, 2] = True
    assert (lesion_number(mask), tumour_size(mask)) == ("one", "small")
    mask[8:10, 8:10] = True
    assert (lesion_number(mask), tumour_size(mask)) == ("several", "medium")
    mask[15:19, 8:10] = True
    assert tumour_size(mask) == "large"
