"""Sentences appear when there is something to say, with its number."""

import json

import pytest

from brainmtl.audit.findings import findings

SIDE = {"accuracy": {"value": 0.3, "n": 1000}, "healthy_auroc": {"value": 0.5, "n": 100}}
QUIET = {
    "by_split": {"train": 4000, "test": 1000},
    "small": {"below_px": 80, "slices": 0},
    "copies": {"within": {"slices": 0}, "across": {"by_split": {}}},
    "persons": {"across": {"persons": 0, "slices": 0, "by_split": {}}},
    "groups": {"within": {"pairs_apart": 0}, "across": {"pairs_apart": 0}},
    "shortcuts": {
        name: {"within": SIDE, "across": SIDE}
        for name in ("metadata", "size", "intensity", "thumbnail", "majority")
    },
    "conflicts": {name: {"within": 0, "across": 0} for name in ("label", "plane", "mask")},
    "annotation_ceiling": {"same_pixels": {"all": {"dice": {"value": None, "n": 0}}}},
    "masks": {"across": {"masks": 9, "not_binary": 0, "empty": 0, "other_size": 0, "median_inflation": 1.0}},
}


def changed(path: str, value: object) -> dict:
    record = json.loads(json.dumps(QUIET))  # the sides no longer share one dictionary
    *way, last = path.split("/")
    place = record
    for name in way:
        place = place[name]
    place[last] = value
    return record


def test_a_clean_set_says_nothing():
    assert findings(QUIET) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "copies/across/by_split",
            {"test": {"all": 567, "no_tumor": 13}},
            ["567 of the 1,000", "57%", "554"],
        ),
        ("small/slices", 4321, ["4,321 slices have fewer than 80 pixels", "missed"]),
        ("copies/within/slices", 1234, ["1,234 slices have a copy in their own split"]),
        ("persons/across", {"persons": 183, "slices": 4000, "by_split": {"test": 731}}, ["183 known", "731"]),
        ("groups/across/pairs_apart", 26, ["26 pairs of copies lie in different groups"]),
        ("shortcuts/metadata/across/healthy_auroc/value", 0.9996, ["header", "1.000"]),
        ("shortcuts/size/across/healthy_auroc/value", 0.92, ["width and height", "0.920"]),
        ("shortcuts/intensity/across/accuracy/value", 0.868, ["86.8%", "30.0%"]),
        ("shortcuts/thumbnail/across/accuracy/value", 0.943, ["94.3%", "30.0%", "leakage"]),
        ("conflicts/label", {"within": 2, "across": 1}, ["3 pairs", "class"]),
        ("annotation_ceiling/same_pixels/all/dice", {"value": 0.96, "n": 149}, ["0.960", "149"]),
        ("masks/across/not_binary", 9, ["9 of 9 masks are not binary"]),
        ("masks/across/empty", 2, ["2 masks are empty"]),
    ],
)
def test_each_finding_alone(path, value, words):
    said = findings(changed(path, value))
    assert len(said) == 1
    for word in words:
        assert word in said[0]


def test_chance_is_no_finding():
    """Nine of twenty against five of twenty is within two standard errors."""
    record = changed("shortcuts/intensity/across/accuracy", {"value": 0.45, "n": 20})
    record["shortcuts"]["majority"]["across"]["accuracy"] = {"value": 0.25, "n": 20}
    assert findings(record) == []
