"""What is kept, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.evaluation.scorecard import score_slice
from brainmtl.study.corruptions import CORRUPTIONS
from brainmtl.study.degradation import degradation

JPEG, CROP = (next(one for one in CORRUPTIONS if one.name == name) for name in ("jpeg", "cropping"))


def rows(shares: list[float], right: list[bool], severity: int = 0) -> pd.DataFrame:
    """Slices of 100 tumour pixels, of which a share is found; nothing else is painted."""
    found = []
    for number, (share, hit) in enumerate(zip(shares, right, strict=True)):
        truth, said = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
        truth[:10, :10] = True
        said.flat[np.flatnonzero(truth)[: round(100 * share)]] = True
        chances = [0.7, 0.1, 0.1, 0.1] if hit else [0.1, 0.7, 0.1, 0.1]
        scored = score_slice(truth=truth, prediction=said, label="glioma", probabilities=chances)
        found.append(
            {"id": str(number), "label": "glioma", "group": str(number)} | scored | {"severity": severity}
        )
    return pd.DataFrame(found)


def dice(share: float) -> float:
    return 2 * share / (share + 1)


def test_kept_is_the_mean_of_both_shares_over_severities_and_corruptions():
    clean = rows([1, 1], [True, True])
    jpeg = pd.concat([rows([0.5, 1], [True, True], 1), rows([0.5, 0.5], [True, False], 2)])
    crop = pd.concat([clean.assign(severity=1), clean.assign(severity=2)])
    found = degradation(clean, {"jpeg": jpeg, "cropping": crop})
    first, second = (1 + dice(0.5)) / 2, dice(0.5)
    kept = ((first + 1) / 2 + (second + 0.5) / 2) / 2
    shown = {one["name"]: one for one in found["corruptions"]}
    assert shown["jpeg"]["kept"] == pytest.approx(kept)
    assert [one["kept"] for one in shown["cropping"]["severities"]] == [1, 1]
    assert found["kept"]["value"] == pytest.approx((kept + 1) / 2)
    assert found["kept_by_kind"]["scanner"]["value"] is None


def test_a_network_without_a_class_head_keeps_its_dice():
    clean = rows([1, 0.8], [True, True]).assign(predicted=None, right=None, miss=None)
    worse = rows([0.4, 0.2], [True, True], 1).assign(predicted=None, right=None, miss=None)
    found = degradation(clean, {"jpeg": worse})
    assert found["clean"]["classification"] is None
    expected = (dice(0.4) + dice(0.2)) / (1 + dice(0.8))
    assert found["corruptions"][0]["kept"] == pytest.approx(expected)


def test_a_slice_whose_tumour_left_the_picture_counts_no_more():
    clean = rows([1, 0.5], [True, True])
    cut = rows([1, 1], [True, True], 1)
    gone = cut["id"] == "1"
    for name in ("dice", "right", "label", "true_px", "overlap_px"):
        cut[name] = cut[name].astype(object).where(~gone, None)
    found = degradation(clean, {"cropping": cut})
    (severity,) = found["corruptions"][0]["severities"]
    assert (severity["segmentation"]["dice"]["n"], severity["classification"]["accuracy"]["n"]) == (1, 1)
    assert severity["kept"] == pytest.approx(1)  # the other slice is what it was


def test_the_interval_holds_the_value():
    chance = np.random.default_rng(0)
    clean = rows([1.0] * 40, [True] * 40)
    worse = rows([float(share) for share in chance.uniform(0.2, 1, 40)], [True] * 40, 1)
    kept = degradation(clean, {"jpeg": worse})["kept"]
    assert kept["low"] < kept["value"] < kept["high"] < 1
