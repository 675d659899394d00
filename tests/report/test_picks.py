"""Which slices are shown."""

import pandas as pd
import pytest

from brainmtl.report.folder import read_run
from brainmtl.report.picks import PAINTED, UNPAINTED, Pick, contradictions, extremes, failures

ROW = {
    "id": "a",
    "label": "glioma",
    "predicted": "glioma",
    "p_glioma": 0.912,
    "p_pituitary": 0.05,
    "right": True,
}
ROW |= {"dice": 0.75, "predicted_px": 80, "miss": False}
HEALTHY = {"label": "no_tumor", "predicted": "no_tumor", "p_no_tumor": 0.6, "dice": None, "miss": None}


def pick(**cells):
    return Pick("failure", pd.Series(ROW | cells))


@pytest.mark.parametrize(
    ("cells", "title", "score", "why"),
    [
        ({}, "glioma 91.2 %", "Dice 0.750", ""),
        (
            {"predicted": "pituitary", "right": False},
            "pituitary 5.0 %, truly glioma",
            "Dice 0.750",
            "wrong class",
        ),
        ({"dice": 0.0, "predicted_px": 0}, "glioma 91.2 %", "Dice 0.000", "no mask"),
        ({"dice": 0.499}, "glioma 91.2 %", "Dice 0.499", "poor mask"),
        ({"dice": 0.5}, "glioma 91.2 %", "Dice 0.500", ""),
        (
            {"predicted": "no_tumor", "p_no_tumor": 0.7, "right": False, "miss": True, "dice": 0.1},
            "no tumour 70.0 %, truly glioma",
            "Dice 0.100",
            "missed, poor mask",
        ),
        (HEALTHY | {"predicted_px": 12}, "no tumour 60.0 %", "false mask, 12 px", "false mask"),
        (HEALTHY | {"predicted_px": 0}, "no tumour 60.0 %", "no mask", ""),
        ({"predicted": None, "right": None, "miss": None}, "glioma", "Dice 0.750", ""),
        ({"dice": None, "predicted_px": None}, "glioma 91.2 %", "", ""),
        ({"label": None, "right": None, "miss": None}, "glioma 91.2 %", "Dice 0.750", ""),
    ],
)
def test_what_is_written_beneath(cells, title, score, why):
    found = pick(**cells)
    assert (found.title.replace("\u00a0", " "), found.score, found.why) == (title, score, why)


def test_best_median_and_worst_of_each_class(reported):
    slices = read_run(reported).evaluations[0].slices
    found = extremes(slices)
    assert list(found) == ["glioma", "meningioma", "pituitary"]
    for label, picks in found.items():
        dice = slices.loc[slices["label"] == label, "dice"]
        assert [one.place for one in picks] == ["best", "median", "worst"]
        assert picks[0].row["dice"] == dice.max()
        assert picks[1].row["dice"] == dice.quantile(0.5, interpolation="higher")
        assert picks[2].row["dice"] == dice.min()


def test_a_class_of_one_slice_has_one_pick(reported):
    slices = read_run(reported).evaluations[0].slices
    one = slices[slices["label"] == "glioma"].head(1)
    assert [len(picks) for picks in extremes(one).values()] == [1]
    assert extremes(slices.head(0)) == {}


def test_without_masks_the_true_class_decides(make_run):
    slices = read_run(make_run(task="classification", measured=("test",))).evaluations[0].slices
    for label, picks in extremes(slices).items():
        sure = slices.loc[slices["label"] == label, f"p_{label}"]
        assert (picks[0].row[f"p_{label}"], picks[-1].row[f"p_{label}"]) == (sure.max(), sure.min())


def test_failures_begin_with_those_that_fail_twice(reported):
    found = failures(read_run(reported).evaluations[0].slices)
    twice = [", " in one.why for one in found]
    assert twice == sorted(twice, reverse=True)
    once = [one.row["dice"] for one in found if ", " not in one.why and pd.notna(one.row["dice"])]
    assert once == sorted(once)


def test_class_and_mask_contradict_each_other_both_ways_the_surest_first():
    sure = {"p_glioma": 0.9, "p_no_tumor": 0.1}
    rows = [
        {"id": "agrees", "predicted": "glioma", "predicted_px": 9} | sure,
        {"id": "agrees-too", "predicted": "no_tumor", "predicted_px": 0} | sure,
        {"id": "painted", "predicted": "no_tumor", "predicted_px": 3} | sure,
        {"id": "unpainted", "predicted": "glioma", "predicted_px": 0} | sure,
        {"id": "no-class", "predicted": None, "predicted_px": 3} | sure,
        {"id": "no-mask", "predicted": "glioma", "predicted_px": None} | sure,
    ]
    found = contradictions(pd.DataFrame(rows))
    assert [(pick.row["id"], pick.place) for pick in found] == [
        ("unpainted", UNPAINTED),
        ("painted", PAINTED),
    ]
