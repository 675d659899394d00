"""Bootstrap intervals of a whole scorecard: ours, and the loop that most projects write."""

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from brainmtl.evaluation.bootstrap import draws, mean_interval
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.measures import classification_measures, codes, segmentation_measures
from brainmtl.evaluation.weighted import mean
from brainmtl.labels import CLASSES


def rows_of_a_test(slices: int = 1000, persons: int = 412, seed: int = 0) -> pd.DataFrame:
    """Rows such as an evaluation leaves, as many as in BRISC's official test."""
    random = np.random.default_rng(seed)
    label = np.array(CLASSES)[random.integers(0, 4, slices)]
    healthy = label == CLASSES[-1]
    true = np.where(healthy, 0, random.integers(100, 4000, slices))
    predicted = (true * random.uniform(0.8, 1.2, slices)).astype(int)
    dice = random.beta(8, 1.5, slices)
    scores = {name: np.where(healthy, np.nan, dice) for name in ("dice", "surface_dice_2px")}
    shares = random.dirichlet(np.full(4, 0.3), slices)
    return pd.DataFrame(
        {
            "label": label,
            "group": random.integers(0, persons, slices),
            "true_px": true,
            "predicted_px": predicted,
            "overlap_px": (dice * (true + predicted) / 2).astype(int),
            "iou": scores["dice"] / (2 - scores["dice"]),
            "hd95_px": np.where(healthy, np.nan, random.gamma(2, 5, slices)),
            "pixel_accuracy": random.beta(500, 2, slices),
            "predicted": np.array(CLASSES)[shares.argmax(axis=1)],
            "right": label == np.array(CLASSES)[shares.argmax(axis=1)],
            **scores,
            **dict(zip(PROBABILITIES, shares.T, strict=True)),
        }
    )


def measure(resamples: int = 2000, looped: int = 40) -> dict[str, float]:
    """Seconds a resample: the mean Dice alone, and 22 metrics; ours over all, the loop over fewer."""
    rows = rows_of_a_test()
    members = [np.flatnonzero(rows["group"] == group) for group in rows["group"].unique()]
    dice, groups = rows["dice"].to_numpy(), rows["group"].to_numpy()
    known = ~np.isnan(dice)
    all_of = segmentation_measures(rows) | classification_measures(rows)
    names = [name for name in all_of if not name.startswith("lesion")]  # the loop has none of those
    codes_ = cluster_codes(groups, len(rows))

    def ours() -> None:
        for weights in draws(codes_, resamples, 0):
            np.stack([all_of[name].of(weights) for name in names], axis=-1)

    def ours_mean() -> None:
        for weights in draws(codes_, resamples, 0):
            mean(dice, weights)

    def theirs(of: Any) -> None:
        random = np.random.default_rng(0)
        for _ in range(looped):
            drawn = random.integers(len(members), size=len(members))
            of(np.concatenate([members[number] for number in drawn]))

    mean_interval(dice[known], groups[known], resamples=10)
    return {
        "ours, all": _seconds(ours) / resamples,
        "loop, all": _seconds(lambda: theirs(lambda drawn: _plain(rows.iloc[drawn]))) / looped,
        "ours, mean Dice": _seconds(ours_mean) / resamples,
        "loop, mean Dice": _seconds(lambda: theirs(lambda drawn: np.nanmean(dice[drawn]))) / looped,
    }


def _plain(rows: pd.DataFrame) -> dict[str, float]:
    """The same numbers as pandas and scikit-learn give them, one sample at a time."""
    truth, said = codes(rows["label"]), codes(rows["predicted"])
    shares = rows[list(PROBABILITIES)].to_numpy()
    tumour = rows[rows["true_px"] > 0]
    pooled = tumour.groupby("label")[["true_px", "predicted_px", "overlap_px"]].sum()
    iou = pooled["overlap_px"] / (pooled["true_px"] + pooled["predicted_px"] - pooled["overlap_px"])
    top, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    bins = np.ceil(top * 15)
    gaps = [abs((top - right)[bins == number].sum()) for number in range(1, 16)]
    return {
        **{name: rows[name].mean() for name in ("dice", "iou", "hd95_px", "surface_dice_2px")},
        "dice_median": rows["dice"].median(),
        "dice_all_slices": rows["dice"].fillna(1).mean(),
        "dice_pooled": 2 * rows["overlap_px"].sum() / (rows["true_px"] + rows["predicted_px"]).sum(),
        "miou_weighted": (iou * tumour["label"].value_counts()).sum() / len(tumour),
        "pixel_accuracy": rows["pixel_accuracy"].mean(),
        "false_mask_rate": (rows.loc[rows["true_px"] == 0, "predicted_px"] > 0).mean(),
        "accuracy": metrics.accuracy_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "f1_weighted": metrics.f1_score(truth, said, average="weighted"),
        "precision_macro": metrics.precision_score(truth, said, average="macro"),
        "recall_macro": metrics.recall_score(truth, said, average="macro"),
        "miss_rate": (said[truth < 3] == 3).mean(),
        "auroc": metrics.roc_auc_score(truth, shares, multi_class="ovr"),
        "ece": sum(gaps) / len(rows),
        "brier": np.mean(np.sum((shares - np.eye(4)[truth]) ** 2, axis=1)),
        "nll": metrics.log_loss(truth, shares, labels=range(4)),
    }


def _seconds(run: Any, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    found = measure()
    for what in ("all", "mean Dice"):
        print(f"{what}: {found[f'loop, {what}'] / found[f'ours, {what}']:.1f} times as fast")
