"""Persons, groups and contradictions counted by hand."""

import pandas as pd
import pytest

from brainmtl.audit.record import count_found
from brainmtl.data.manifest import check_manifest


@pytest.fixture
def found() -> dict:
    rows = {
        "id": list("abcdef"),
        "image": "x.png",
        "source": "hand",
        "split": ["train", "test", "train", "train", "test", "test"],
        "label": ["glioma", "glioma", "pituitary", "glioma", None, None],
        "patient": ["P1A", "P1B", "P2", "P2", None, None],
        "group": ["P1", "P1", "P2", "P2", "look-e", "look-f"],
        "sha256": "0",
        "width": [512, 80, 79, 200, 512, 512],
        "height": [512, 80, 512, 30, 512, 512],
    }
    table = check_manifest(pd.DataFrame(rows), "hand")
    pairs = pd.DataFrame(
        [
            ("a", "b", "pixels", True, "", 0.5),
            ("c", "d", "near", False, "label plane", 0.9),
            ("e", "f", "near", False, "plane", float("nan")),
        ],
        columns=["a", "b", "kind", "across_splits", "conflict", "mask_dice"],
    )
    grouped = table.assign(group=["P1", "P1", "P2", "P2", "look-e", "look-e"])
    series = pd.DataFrame({"id": ["a", "b"], "series": [0, 0], "position": [0.0, 1.0]})
    suspects = pd.DataFrame({"what": ["mask", "mask", "label"]})
    return count_found(table, grouped, pairs, series, suspects, None)


def test_a_person_with_two_patient_ids_is_one_and_in_both_splits(found):
    assert found["persons"]["across"] == {"persons": 1, "slices": 2, "by_split": {"train": 1, "test": 1}}
    assert found["persons"]["within"] == {"persons": 1, "slices": 2}


def test_copies_that_the_manifest_keeps_in_two_groups_are_counted(found):
    assert found["groups"] == {
        "within": {"pairs_apart": 1},
        "across": {"pairs_apart": 0},
        "in_manifest": 4,
        "found": 3,
    }


def test_contradictions_are_counted_on_their_side(found):
    assert found["conflicts"] == {
        "label": {"within": 1, "across": 0},
        "plane": {"within": 2, "across": 0},
        "mask": {"within": 0, "across": 1},
    }
    assert found["annotation_ceiling"]["same_pixels"]["all"]["dice"]["value"] == 0.5
    assert found["annotation_ceiling"]["near"]["all"]["dice"]["n"] == 1


def test_the_rest(found):
    assert found["by_split"] == {"train": 3, "test": 3}
    assert found["labels_by_split"] == {"train": {"glioma": 2, "pituitary": 1}, "test": {"glioma": 1}}
    assert found["suspects"] == {"mask": 2, "label": 1}
    assert found["match"] is None


def test_slices_with_a_short_side_are_counted(found):
    assert found["small"] == {"below_px": 80, "slices": 2}
