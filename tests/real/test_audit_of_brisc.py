"""The audit of BRISC finds by itself what was measured on its files before, and what nobody says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brainmtl.audit.audit import Audit, audit_set
from brainmtl.audit.carried import carry_over, count_matches
from brainmtl.data.copies.match import match_sets
from brainmtl.data.plain import index_plain
from brainmtl.data.shipped import shipped_table

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def audit(brisc: pd.DataFrame) -> Audit:
    return audit_set(brisc)


@pytest.fixture(scope="module")
def test(brisc: pd.DataFrame) -> pd.DataFrame:
    return brisc[brisc["split"] == "test"]


def test_copies_in_the_test_split(audit):
    for key, count in (("byte_duplicates", 7), ("pixel_duplicates", 101)):
        assert audit.record[key]["across"]["by_split"]["test"]["all"] == count


def test_test_slices_that_are_one_figshare_slice_with_a_training_slice_are_found(audit, brisc, test):
    """By the map of persons, which was made at full resolution and without this engine."""
    original = shipped_table("brisc2025_persons.csv").set_index("brisc_stem")["figshare_index"]
    learnt = set(brisc["id"][brisc["split"] == "train"].map(original).dropna())
    known = set(test["id"][test["id"].map(original).isin(learnt)])
    across = audit.pairs[audit.pairs["across_splits"]]
    found = set(across["a"]) | set(across["b"])
    assert len(known) == 459
    assert known <= found


def test_at_least_554_test_tumours_are_in_train(audit):
    counts = audit.record["copies"]["across"]["by_split"]["test"]
    assert 554 <= counts["all"] - counts.get("no_tumor", 0) < 590


def test_every_mapped_test_slice_shows_a_person_who_is_in_train(audit):
    assert audit.record["persons"]["across"]["by_split"]["test"] == 731


def test_shortcuts(audit):
    found = {family: sides["across"] for family, sides in audit.record["shortcuts"].items()}
    assert found["metadata"]["healthy_auroc"]["value"] > 0.99
    assert found["size"]["healthy_auroc"]["value"] > 0.9
    assert found["intensity"]["accuracy"]["value"] == pytest.approx(0.868, abs=0.015)
    assert found["thumbnail"]["accuracy"]["value"] == pytest.approx(0.943, abs=0.01)


def test_the_lookup_is_mostly_leakage(audit):
    within, across = (audit.record["floors"][side] for side in ("within", "across"))
    assert across["nearest_neighbour_accuracy"]["value"] == pytest.approx(0.943, abs=0.01)
    assert across["nearest_mask_dice"]["value"] == pytest.approx(0.677, abs=0.01)
    assert within["nearest_neighbour_accuracy"]["value"] < 0.8
    assert within["nearest_mask_dice"]["value"] < 0.3


def test_annotators_agree_with_themselves_at_dice_96(audit):
    found = audit.record["annotation_ceiling"]["same_pixels"]["all"]
    assert found["dice"]["value"] == pytest.approx(0.960, abs=0.0005)
    assert found["dice_by_label"]["meningioma"]["value"] == pytest.approx(0.961, abs=0.0005)
    assert found["dice_by_label"]["pituitary"]["value"] == pytest.approx(0.953, abs=0.0005)


def test_134_pictures_come_more_than_once(audit):
    same = audit.pairs[audit.pairs["kind"].isin(["bytes", "pixels"])]
    rows, ids = pd.factorize(pd.concat([same["a"], same["b"]]))
    ends = (rows[: len(same)], rows[len(same) :])
    graph = coo_array((np.ones(len(same)), ends), (len(ids), len(ids)))
    assert connected_components(graph, directed=False)[0] == 134


def test_masks(audit):
    found = audit.record["masks"]["across"]
    assert found["values"] == [*range(11), *range(246, 256)]
    assert found["smallest_px"] == 23
    assert found["not_binary"] == found["masks"] == 4793
    assert found["median_inflation"] - 1 == pytest.approx(0.135, abs=0.0005)
    expected = {"glioma": 0.089, "meningioma": 0.029, "pituitary": 0.037}
    assert found["several_lesions_by_label"] == pytest.approx(expected, abs=0.0005)


def test_copies_contradict_one_another(audit):
    """Three slices are a meningioma once and a pituitary tumour once; some thirty lie in two planes."""
    odd = audit.pairs[audit.pairs["conflict"].str.contains("label")]
    codes = {frozenset((a.split("_")[3], b.split("_")[3])) for a, b in zip(odd["a"], odd["b"], strict=True)}
    assert len(odd) == 3
    assert codes == {frozenset(("me", "pi"))}
    assert 20 < sum(audit.record["conflicts"]["plane"].values()) < 40


def test_slices_of_figshare(real_set: Callable[[str], Path], brisc: pd.DataFrame):
    root = real_set("figshare2017_128")
    other = index_plain(root)[0]
    tumours = brisc[brisc["label"] != "no_tumor"].reset_index(drop=True)
    matches = carry_over(tumours, other, match_sets(tumours, other))
    known = shipped_table("brisc2025_persons.csv").set_index("brisc_stem")
    carried = matches.set_index("id")["patient"].reindex(known.index)
    assert (carried == known["patient_id"]).mean() > 0.995
    counts = count_matches(tumours, matches)
    assert counts["label_conflicts"] == {"pituitary, there meningioma": 4}
    assert counts["mask_dice_by_label"]["glioma"]["value"] == pytest.approx(0.73, abs=0.01)
    assert counts["masks_below_0.1"]["test"] == pytest.approx(19, abs=5)
