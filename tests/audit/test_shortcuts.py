"""Planted shortcuts are found, absent ones are not, and the lookup is scikit-learn's nearest neighbour."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from brainmtl.audit.looks import INTENSITY, METADATA, Looks
from brainmtl.audit.shortcuts import measure_shortcuts
from brainmtl.evaluation.floors import floors
from brainmtl.labels import CLASSES

SLICES = 240


@pytest.fixture(scope="module")
def measured() -> tuple[pd.DataFrame, Looks, dict]:
    """Bytes tell the healthy, brightness tells every class, sizes tell nothing, thumbnails tell the group."""
    random = np.random.default_rng(0)
    code = np.arange(SLICES) % 4
    group = np.arange(SLICES) // 8 * 4 + code
    table = pd.DataFrame(
        {"label": np.array(CLASSES)[code], "group": [f"g{n}" for n in group], "split": "train"},
        dtype="string",
    )
    table.loc[np.arange(SLICES) % 8 >= 6, "split"] = "test"  # every person on both sides
    table["width"] = table["height"] = random.integers(200, 260, SLICES)
    metadata = pd.DataFrame(random.normal(size=(SLICES, len(METADATA))), columns=list(METADATA))
    metadata["bytes"] += 20 * (code == 3)
    intensity = pd.DataFrame(random.normal(size=(SLICES, len(INTENSITY))), columns=list(INTENSITY))
    intensity["mean"] += 20 * code
    faces = random.integers(0, 255, (group.max() + 1, 32, 32))
    noise = random.integers(0, 30, (SLICES, 32, 32))
    looks = Looks(metadata, intensity, np.clip(faces[group] + noise, 0, 255).astype(np.uint8))
    return table, looks, measure_shortcuts(table, looks)


def test_a_planted_shortcut_is_found_on_both_sides(measured):
    found = measured[2]
    for side in ("within", "across"):
        assert found["metadata"][side]["healthy_auroc"]["value"] == pytest.approx(1)
        assert found["metadata"][side]["accuracy"]["value"] < 0.8
        assert found["intensity"][side]["accuracy"]["value"] > 0.97


def test_what_tells_nothing_is_near_chance(measured):
    found = measured[2]["size"]
    assert abs(found["within"]["healthy_auroc"]["value"] - 0.5) < 0.15
    assert found["within"]["accuracy"]["value"] < 0.4
    assert found["within"]["accuracy"]["n"] == SLICES * 3 // 4


def test_thumbnails_of_persons_on_both_sides_flatter_and_whole_groups_do_not(measured):
    found = measured[2]["thumbnail"]
    assert found["across"]["accuracy"]["value"] == 1
    assert found["within"]["accuracy"]["value"] < 0.5


def test_the_lookup_is_the_nearest_neighbour_by_correlation(measured):
    table, looks, found = measured
    test = (table["split"] == "test").to_numpy(dtype=bool)
    flat, labels = looks.thumbnails.reshape(SLICES, -1).astype(float), table["label"].to_numpy(dtype=str)
    nearest = KNeighborsClassifier(1, metric="correlation", algorithm="brute").fit(flat[~test], labels[~test])
    expected = (nearest.predict(flat[test]) == labels[test]).mean()
    assert found["thumbnail"]["across"]["accuracy"]["value"] == expected
    parts = [{"thumbnails": looks.thumbnails[side], "labels": labels[side]} for side in (~test, test)]
    none = np.zeros((1, 2, 2), bool)
    floor = floors(train=parts[0] | {"masks": none}, test=parts[1] | {"masks": none})
    assert floor["nearest_neighbour_accuracy"]["value"] == expected


def test_guessing_scores_the_share_of_the_most_frequent_class(measured):
    table, looks, _ = measured
    rows = np.flatnonzero((table["label"] != "glioma") | (np.arange(SLICES) % 3 == 0))
    part = Looks(looks.metadata.iloc[rows], looks.intensity.iloc[rows], looks.thumbnails[rows])
    some = table.iloc[rows].reset_index(drop=True)
    found = measure_shortcuts(some, part)["majority"]["across"]
    usual = some["label"][some["split"] == "train"].mode()[0]
    assert found["accuracy"]["value"] == (some["label"][some["split"] == "test"] == usual).mean()
    assert found["healthy_auroc"]["value"] == 0.5


def test_unlabelled_slices_and_a_single_class_measure_nothing(measured):
    table, looks, _ = measured
    blank = table.assign(label=pd.array([None] * SLICES, dtype="string"))
    blank.loc[:9, "label"] = "glioma"
    found = measure_shortcuts(blank, looks)
    assert all(sides["within"] is None and sides["across"] is None for sides in found.values())
