"""Every metric of weighted rows is what pandas and scikit-learn make of the rows repeated."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.measures import (
    BIASED,
    classification_measures,
    codes,
    estimate,
    joint_measures,
    metric,
    segmentation_measures,
)
from brainmtl.labels import CLASSES


def rows(slices: int = 160, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    label = np.array(CLASSES)[random.integers(0, 4, slices)]
    healthy = label == CLASSES[-1]
    true = np.where(healthy, 0, random.integers(100, 4000, slices))
    predicted = np.where(
        healthy, random.integers(-9, 3, slices).clip(0), true * random.uniform(0.8, 1.2, slices)
    )
    dice = np.where(healthy, np.nan, random.beta(8, 1.5, slices))
    shares = random.dirichlet(np.full(4, 0.3), slices)
    return pd.DataFrame(
        {
            "label": label,
            "group": random.integers(0, 60, slices),
            "true_px": true,
            "predicted_px": predicted.astype(int),
            "overlap_px": np.where(healthy, 0, np.nan_to_num(dice) * true).astype(int),
            "dice": dice,
            "iou": dice / (2 - dice),
            "hd95_px": np.where(healthy, np.nan, random.gamma(2, 5, slices)),
            "surface_dice_2px": dice**2,
            "pixel_accuracy": random.beta(500, 2, slices),
            "true_lesions": np.where(healthy, 0, random.integers(1, 3, slices)),
            "predicted_lesions": random.integers(0, 3, slices),
            "matched_lesions": np.where(healthy, 0, random.integers(0, 2, slices)),
            "predicted": np.array(CLASSES)[shares.argmax(axis=1)],
            "both_right": random.random(slices) < 0.7,
            **dict(zip(PROBABILITIES, shares.T, strict=True)),
        }
    )


def plainly(rows: pd.DataFrame) -> dict[str, float]:
    truth, said = codes(rows["label"]), codes(rows["predicted"])
    shares = rows[list(PROBABILITIES)].to_numpy()
    tumour, healthy = rows[rows["true_px"] > 0], rows[rows["true_px"] == 0]
    pooled = tumour.groupby("label")[["true_px", "predicted_px", "overlap_px"]].sum()
    iou = pooled["overlap_px"] / (pooled["true_px"] + pooled["predicted_px"] - pooled["overlap_px"])
    clean = np.where(rows["true_px"] == 0, rows["predicted_px"] == 0, rows["dice"])
    return {
        **{
            name: rows[name].mean()
            for name in ("dice", "iou", "hd95_px", "surface_dice_2px", "pixel_accuracy")
        },
        "dice_median": rows["dice"].median(),
        "dice_all_slices": clean.astype(float).mean(),
        "dice_pooled": 2 * rows["overlap_px"].sum() / (rows["true_px"] + rows["predicted_px"]).sum(),
        "miou_weighted": (iou * tumour["label"].value_counts()).sum() / len(tumour),
        "false_mask_rate": (healthy["predicted_px"] > 0).mean(),
        "lesion_sensitivity": rows["matched_lesions"].sum() / rows["true_lesions"].sum(),
        "lesion_precision": rows["matched_lesions"].sum() / rows["predicted_lesions"].sum(),
        "accuracy": metrics.accuracy_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "f1_weighted": metrics.f1_score(truth, said, average="weighted"),
        "precision_macro": metrics.precision_score(truth, said, average="macro"),
        "recall_macro": metrics.recall_score(truth, said, average="macro"),
        "miss_rate": (said[truth < 3] == 3).mean(),
        "auroc": metrics.roc_auc_score(truth, shares, multi_class="ovr"),
        "brier": metrics.brier_score_loss(truth, shares, labels=range(4), scale_by_half=False),
        "nll": metrics.log_loss(truth, shares, labels=range(4)),
        "both_right": rows["both_right"].mean(),
    }


def measures(table: pd.DataFrame) -> dict:
    return segmentation_measures(table) | classification_measures(table) | joint_measures(table)


def test_samples_of_the_bootstrap_are_what_a_loop_would_see():
    table, random = rows(), np.random.default_rng(1)
    weights = np.stack([np.ones(160), *(random.integers(0, 3, (3, 160)))])
    found = {name: one.of(weights) for name, one in measures(table).items()}
    assert set(found) - {"ece", "ece_adaptive", "aurc"} == set(plainly(table))
    for number, times in enumerate(weights.astype(int)):
        expected = plainly(table.iloc[np.repeat(np.arange(160), times)])
        for name, value in expected.items():
            assert found[name][number] == pytest.approx(value), name


def test_rates_are_not_resampled_and_all_else_is():
    table = rows()
    found = estimate(measures(table), table["group"].to_numpy(), resamples=200)
    again = estimate(measures(table), table["group"].to_numpy(), resamples=200, seed=1)
    same = {name for name, one in found.items() if one == again[name]}
    assert same == {"accuracy", "miss_rate", "false_mask_rate", "both_right", *BIASED} & set(found)
    for name, one in found.items():
        if name in BIASED:
            assert one["value"] > 0
            assert one["low"] is None is one["high"]
        else:
            assert one["low"] < one["value"] < one["high"]


def test_nothing_measured():
    assert measures(pd.DataFrame({"overlap_px": [None], "both_right": [None], "label": [None]})[:0]) == {}
    assert metric(float("nan"), 3) == {"value": None, "low": None, "high": None, "n": 3}
    assert metric(0.5, 0)["value"] is None
