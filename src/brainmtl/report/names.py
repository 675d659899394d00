"""What metrics and strata are called where people read them, and how their values are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from brainmtl.labels import HEALTHY

Kind = Literal["ratio", "share", "fine_share", "px"]
NO_VALUE: Final = "–"
NBSP: Final = "\u00a0"


@dataclass(frozen=True)
class MetricName:
    """How a metric is shown.

    Attributes:
        title: what it is called.
        meaning: what it means, in one sentence; docs/metrics.md says more.
        kind: how its value is written: 0.861, 98.6 %, 99.71 % or 12.3 px.
        floor: the metric under ``floors`` that belongs beneath it.
    """

    title: str
    meaning: str
    kind: Kind = "ratio"
    floor: str = ""


SEGMENTATION: Final = {
    "dice": MetricName(
        "Dice",
        "Mean over tumour slices of the Dice of each, at native resolution, threshold 0.5; "
        "0 where a tumour got no mask.",
        floor="nearest_mask_dice",
    ),
    "dice_median": MetricName("Dice, median", "Median over tumour slices."),
    "dice_pooled": MetricName(
        "Dice, pooled", "From the pixels of all slices together; large tumours weigh more."
    ),
    "dice_all_slices": MetricName(
        "Dice, all slices", "As Dice, and a healthy slice counts 1 when left clean, 0 when painted."
    ),
    "iou": MetricName("IoU", "Mean over tumour slices of intersection over union."),
    "miou_weighted": MetricName("IoU, weighted", "Pooled IoU of each class, weighted by its slices."),
    "surface_dice_2px": MetricName(
        "Surface Dice, 2 px", "Share of both outlines within 2 pixels of the other."
    ),
    "hd95_px": MetricName(
        "HD95",
        "95th-percentile distance between the outlines in pixels; the diagonal where a tumour got no mask.",
        "px",
    ),
    "pixel_accuracy": MetricName(
        "Pixel accuracy", "Share of pixels that agree, background included.", "fine_share"
    ),
    "false_mask_rate": MetricName("False masks", "Healthy slices with any mask pixel.", "share"),
    "lesion_sensitivity": MetricName(
        "Lesions found", "True lesions that a predicted one pairs with at IoU 0.1 or more.", "share"
    ),
    "lesion_precision": MetricName(
        "Lesions that are real", "Predicted lesions that pair with a true one, the same way.", "share"
    ),
    "mask_ece": MetricName(
        "ECE of pixels", "Gap between stated and actual share of tumour, over all pixels."
    ),
    "mask_ece_uncertain": MetricName(
        "ECE of pixels above 1/15", "The same over the pixels whose probability of tumour is above 1/15."
    ),
    "mask_brier": MetricName("Brier score of pixels", "Squared error of the probability of a pixel; 0 to 1."),
    "mask_nll": MetricName("NLL of pixels", "Negative log-likelihood of a pixel, in nats."),
}
CLASSIFICATION: Final = {
    "accuracy": MetricName(
        "Accuracy", "Slices whose class is right.", "share", floor="nearest_neighbour_accuracy"
    ),
    "precision_macro": MetricName("Precision, macro", "Mean over the classes.", "share"),
    "recall_macro": MetricName("Recall, macro", "Mean over the classes.", "share"),
    "f1_macro": MetricName(
        "F1, macro", "Mean over the classes of the harmonic mean of precision and recall."
    ),
    "f1_weighted": MetricName("F1, weighted", "The same, weighted by the slices of each class."),
    "auroc": MetricName(
        "AUROC", "Area under the ROC curve, each class against the rest, mean over the classes."
    ),
    "miss_rate": MetricName("Missed tumours", "Tumour slices called no tumour.", "share"),
    "ece": MetricName(
        "ECE", "Expected calibration error: gap between stated and actual certainty, 15 equal-width bins."
    ),
    "ece_adaptive": MetricName("ECE, adaptive", "The same with bins of equally many slices."),
    "brier": MetricName(
        "Brier score", "Squared error of the probabilities, summed over the classes; 0 to 2."
    ),
    "aurc": MetricName(
        "AURC", "Share of wrong classes among the surest slices, averaged over how many are answered."
    ),
    "nll": MetricName("NLL", "Negative log-likelihood of the true class, in nats."),
}
JOINT: Final = {
    "both_right": MetricName(
        "Both right", "Class right, and Dice at least 0.5 (or no mask on a healthy slice).", "share"
    )
}
FLOORS: Final = {
    "nearest_mask_dice": MetricName(
        "floor: nearest mask", "Dice of copying the mask of the most similar training slice."
    ),
    "nearest_neighbour_accuracy": MetricName(
        "floor: nearest neighbour",
        "Accuracy of copying the class of the most similar training slice.",
        "share",
    ),
}
METRICS: Final = {
    "segmentation": SEGMENTATION,
    "classification": CLASSIFICATION,
    "joint": JOINT,
    "floors": FLOORS,
}
STRATA: Final = {
    "tumour": "Slices with a tumour, and without",
    "size": "By size of the tumour",
    "lesions": "By number of lesions",
    "leaked": "Slices that are also in train, and the others",
}
VALUES: Final = {
    HEALTHY: "no tumour",
    "true": "also in train",
    "false": "not in train",
    "small": "small (below 0.5 % of the slice)",
    "medium": "medium (below 2 %)",
    "large": "large",
}


def metric_name(section: str, metric: str) -> MetricName:
    """How a metric of ``metrics.json`` is shown; one we do not know keeps its own name.

    Args:
        section: e.g. ``"segmentation"``.
        metric: e.g. ``"dice"``.
    """
    return METRICS.get(section, {}).get(metric, MetricName(metric.replace("_", " "), ""))


def stratum_name(stratum: str) -> str:
    """How a stratum of ``metrics.json`` is shown.

    Args:
        stratum: e.g. ``"class"``.
    """
    return STRATA.get(stratum, f"By {stratum.replace('_', ' ')}")


def value_name(value: str) -> str:
    """How a class, a plane or a stratum's value is shown.

    Args:
        value: e.g. ``"no_tumor"``.
    """
    return VALUES.get(value, value.replace("_", " "))


def write_number(value: float | None, kind: Kind = "ratio") -> str:
    """A metric's value as text.

    Args:
        value: as in ``metrics.json``.
        kind: how to write it.
    """
    if value is None:
        return NO_VALUE
    if kind == "px":
        return f"{value:.1f}{NBSP}px"
    if kind == "ratio":
        return f"{value:.3f}"
    return f"{value * 100:.{1 if kind == 'share' else 2}f}{NBSP}%"


def write_metric(metric: Mapping[str, Any], kind: Kind = "ratio") -> str:
    """A metric with its 95 % interval in brackets as text.

    Args:
        metric: ``{value, low, high, n}``, as in ``metrics.json``; older ones lack the ends.
        kind: how to write it.
    """
    said, interval = write_number(metric.get("value"), kind), write_interval(metric, kind)
    return f"{said} ({interval})" if interval else said


def write_interval(metric: Mapping[str, Any], kind: Kind = "ratio") -> str:
    """The ends of a metric as text, of none and of all slices the one that tells; empty without ends.

    Args:
        metric: ``{value, low, high, n}``, as in ``metrics.json``; older ones lack the ends.
        kind: how to write it.
    """
    value, low, high = (metric.get(name) for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return ""
    n = metric["n"]
    if kind == "share" and value == 0:
        return f"0 of {n:,}, at most{NBSP}{write_number(high, kind)}"
    if kind == "share" and value == 1:
        return f"{n:,} of {n:,}, at least{NBSP}{write_number(low, kind)}"
    return "–".join(write_number(end, kind).partition(NBSP)[0] for end in (low, high))
