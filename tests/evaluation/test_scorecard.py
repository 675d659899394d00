"""The scorecard holds its contract, and its numbers are those of hand-made slices and of plain loops."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import compute_dice
from torch import from_numpy

from brainmtl.evaluation.rates import wilson
from brainmtl.evaluation.scorecard import score_slice, summarise
from brainmtl.labels import CLASSES

SECTIONS = {
    "segmentation": {
        "dice",
        "dice_pooled",
        "dice_median",
        "dice_all_slices",
        "iou",
        "miou_weighted",
        "hd95_px",
        "surface_dice_2px",
        "pixel_accuracy",
        "false_mask_rate",
        "lesion_sensitivity",
        "lesion_precision",
    },
    "classification": {
        "accuracy",
        "f1_macro",
        "f1_weighted",
        "precision_macro",
        "recall_macro",
        "auroc",
        "miss_rate",
        "ece",
        "ece_adaptive",
        "brier",
        "nll",
        "aurc",
        "confusion",
    },
    "joint": {"both_right"},
}
COLUMNS = {
    "true_px",
    "predicted_px",
    "overlap_px",
    "dice",
    "iou",
    "hd95_px",
    "surface_dice_2px",
    "pixel_accuracy",
    "true_lesions",
    "predicted_lesions",
    "matched_lesions",
    "size",
    "lesions",
    "bin_pixels",
    "bin_tumour_pixels",
    "bin_probability",
    "pixel_squares",
    "pixel_nats",
    "predicted",
    "p_glioma",
    "p_meningioma",
    "p_pituitary",
    "p_no_tumor",
    "right",
    "miss",
    "mask_right",
    "both_right",
}
RATES = {"accuracy", "miss_rate", "false_mask_rate", "both_right"}
SHAPE = (60, 80)


def square(top: int, left: int, side: int = 20) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def sure(name: str) -> list[float]:
    return [0.91 if name == one else 0.03 for one in CLASSES]


EMPTY = np.zeros(SHAPE, bool)
SLICES = [
    ("glioma", "axial", square(5, 5), square(5, 5), "glioma"),
    ("glioma", "axial", square(5, 5), square(5, 15), "meningioma"),
    ("meningioma", "coronal", square(5, 5), EMPTY, "no_tumor"),
    ("pituitary", "coronal", square(5, 5, 4), square(5, 5, 4), "pituitary"),
    ("no_tumor", "coronal", EMPTY, EMPTY, "no_tumor"),
    ("no_tumor", "axial", EMPTY, square(5, 5, 1), "no_tumor"),
]


def table(slices=SLICES) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"label": label, "plane": plane}
            | score_slice(truth=truth, prediction=said, label=label, probabilities=called and sure(called))
            for label, plane, truth, said, called in slices
        ]
    )


def values(section: dict) -> dict:
    return {name: one["value"] for name, one in section.items()}


def of(one: dict) -> tuple:
    """A metric without its interval."""
    return one["value"], one["n"]


def check_contract(metrics: dict) -> None:
    assert set(metrics) == {*SECTIONS, "strata", "intervals"}
    told_apart = [part for stratum in metrics["strata"].values() for part in stratum.values()]
    assert all(set(part) == set(SECTIONS) for part in told_apart)
    for part in [metrics, *told_apart]:
        for name, keys in SECTIONS.items():
            if part[name] is not None:
                assert set(part[name]) == keys
                for key, one in part[name].items():
                    assert set(one) == {"value", "low", "high", "n"}
                    assert (one["n"] > 0) >= (one["value"] is not None) >= (one["low"] is not None)
                    assert (one["low"] is None) == (one["high"] is None)
                    if key in RATES:
                        assert (one["low"] is None) == (one["n"] == 0)
                    if one["low"] is not None:
                        assert one["low"] <= one["value"] <= one["high"]
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_a_row_of_a_tumour_slice():
    row = score_slice(
        truth=square(5, 5),
        prediction=square(5, 15),
        label="glioma",
        probabilities=np.float32([0.6, 0.2, 0.1, 0.1]),
    )
    assert set(row) == COLUMNS
    assert row["true_px"] == row["predicted_px"] == 400
    assert (row["overlap_px"], row["dice"], row["iou"]) == (200, 0.5, pytest.approx(1 / 3))
    assert (row["hd95_px"], row["size"]) == (10, "large")
    assert row["pixel_accuracy"] == pytest.approx(1 - 400 / 4800)
    assert (row["predicted"], row["p_glioma"]) == ("glioma", pytest.approx(0.6))
    assert (row["right"], row["miss"], row["mask_right"], row["both_right"]) == (True, False, True, True)
    json.dumps(row, allow_nan=False)


@pytest.mark.parametrize(
    ("truth", "said", "label", "called", "right", "miss", "mask_right", "both_right"),
    [
        (square(5, 5), square(5, 16), "glioma", "glioma", True, False, False, False),
        (square(5, 5), square(5, 5), "glioma", "no_tumor", False, True, True, False),
        (square(5, 5), EMPTY, "glioma", "glioma", True, False, False, False),
        (EMPTY, EMPTY, "no_tumor", "no_tumor", True, None, True, True),
        (EMPTY, square(5, 5, 1), "no_tumor", "no_tumor", True, None, False, False),
        (EMPTY, EMPTY, "no_tumor", "glioma", False, None, True, False),
        (None, square(5, 5), "glioma", "glioma", True, False, None, None),
        (square(5, 5), square(5, 5), None, "glioma", None, None, True, None),
        (square(5, 5), square(5, 5), "glioma", None, None, None, True, None),
        (square(5, 5), None, "glioma", "glioma", True, False, None, None),
    ],
)
def test_what_is_right(truth, said, label, called, right, miss, mask_right, both_right):
    row = score_slice(truth=truth, prediction=said, label=label, probabilities=called and sure(called))
    assert (row["right"], row["miss"]) == (right, miss)
    assert (row["mask_right"], row["both_right"]) == (mask_right, both_right)


def test_a_row_of_nothing():
    row = score_slice(truth=None, prediction=None, label=None, probabilities=None)
    assert set(row) == COLUMNS
    assert set(row.values()) == {None}


def test_a_class_called_against_the_probabilities():
    row = score_slice(
        truth=None, prediction=None, label="pituitary", probabilities=sure("glioma"), predicted="pituitary"
    )
    assert (row["predicted"], row["right"], row["p_glioma"]) == ("pituitary", True, 0.91)


@pytest.mark.parametrize(
    ("side", "size"), [(0, None), (4, "small"), (5, "medium"), (9, "medium"), (10, "large")]
)
def test_size_is_the_share_of_the_slice(side, size):
    """Half a percent of 60×80 is 24 pixels, two percent 96."""
    row = score_slice(truth=square(5, 5, side), prediction=None, label=None, probabilities=None)
    assert row["size"] == size


def test_probabilities_of_another_class_set():
    with pytest.raises(ValueError, match=r"must be \(4,\), not \(3,\)"):
        score_slice(truth=None, prediction=None, label=None, probabilities=[0.2, 0.3, 0.5])


def test_segmentation_of_hand_made_slices():
    """True: 400, 400, 400, 16 pixels; painted: 400, 400, 0, 16, and 1 on a healthy slice; shared: 616."""
    found = values(summarise(table())["segmentation"])
    assert found["dice"] == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert found["dice_median"] == pytest.approx(0.75)
    assert found["dice_pooled"] == pytest.approx(2 * 616 / (1216 + 817))
    assert found["dice_all_slices"] == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6)
    assert found["iou"] == pytest.approx((1 + 1 / 3 + 0 + 1) / 4)
    assert found["miou_weighted"] == pytest.approx((2 * 600 / 1000 + 0 + 1) / 4)
    assert found["hd95_px"] == pytest.approx((0 + 10 + 100 + 0) / 4)
    assert found["pixel_accuracy"] == pytest.approx(1 - (400 + 400 + 1) / 6 / 4800)
    assert found["false_mask_rate"] == 0.5


def test_classes_of_hand_made_slices():
    metrics = summarise(table())
    found = values(metrics["classification"])
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["miss_rate"] == 0.25
    assert found["confusion"] == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 2]]
    assert found["recall_macro"] == pytest.approx((0.5 + 0 + 1 + 1) / 4)
    assert of(metrics["joint"]["both_right"]) == (3 / 6, 6)
    assert metrics["classification"]["miss_rate"]["n"] == 4


def test_how_many_slices_each_number_comes_from():
    section = summarise(table())["segmentation"]
    numbers = {name: one["n"] for name, one in section.items()}
    tumour = {"dice", "dice_median", "iou", "miou_weighted", "hd95_px", "surface_dice_2px"}
    tumour |= {"lesion_sensitivity", "lesion_precision"}
    assert {name for name, n in numbers.items() if n == 4} == tumour
    assert {name for name, n in numbers.items() if n == 6} == {
        "dice_pooled",
        "dice_all_slices",
        "pixel_accuracy",
    }
    assert numbers["false_mask_rate"] == 2


def test_strata():
    rows = table()
    rows["leaked"] = pd.array([True, False, None, True, None, None], "boolean")
    rows["source"] = "phantom"
    metrics = summarise(rows, strata=("label", "plane", "leaked", "size", "source", "scanner"))
    check_contract(metrics)
    assert {name: list(parts) for name, parts in metrics["strata"].items()} == {
        "class": ["glioma", "meningioma", "pituitary", "no_tumor"],
        "plane": ["axial", "coronal"],
        "leaked": ["false", "true"],
        "size": ["small", "large"],
    }
    classes = metrics["strata"]["class"]
    assert of(classes["glioma"]["segmentation"]["dice"]) == (0.75, 2)
    assert of(classes["glioma"]["segmentation"]["miou_weighted"]) == (0.6, 2)
    assert of(classes["glioma"]["segmentation"]["false_mask_rate"]) == (None, 0)
    assert of(classes["glioma"]["classification"]["auroc"]) == (None, 2)
    assert of(classes["no_tumor"]["segmentation"]["dice"]) == (None, 0)
    assert of(classes["no_tumor"]["classification"]["miss_rate"]) == (None, 0)
    assert of(metrics["strata"]["leaked"]["true"]["segmentation"]["dice"]) == (1.0, 2)
    assert metrics["strata"]["size"]["small"]["segmentation"]["dice"]["n"] == 1


@pytest.mark.parametrize("name", ["label", "plane"])
def test_a_stratum_holds_what_its_rows_alone_would(name):
    rows = table(SLICES * 3)
    told_apart = summarise(rows)["strata"]["class" if name == "label" else name]
    for value, part in told_apart.items():
        alone = summarise(rows[rows[name] == value], strata=())
        assert part == {section: alone[section] for section in SECTIONS}


def test_masks_without_classes():
    rows = table([(None, None, truth, said, None) for _, _, truth, said, _ in SLICES])
    metrics = summarise(rows)
    check_contract(metrics)
    assert (metrics["classification"], metrics["joint"]) == (None, None)
    assert set(metrics["strata"]) == {"size"}
    assert of(metrics["segmentation"]["miou_weighted"]) == (None, 0)
    assert of(metrics["segmentation"]["false_mask_rate"]) == (0.5, 2)
    assert summarise(rows.drop(columns=["label", "plane"])) == metrics


def test_classes_without_masks():
    metrics = summarise(table([(label, plane, None, None, called) for label, plane, _, _, called in SLICES]))
    check_contract(metrics)
    assert (metrics["segmentation"], metrics["joint"]) == (None, None)
    assert of(metrics["classification"]["accuracy"]) == (4 / 6, 6)


def test_classes_without_probabilities():
    rows = pd.DataFrame(
        [
            {"label": label}
            | score_slice(truth=None, prediction=None, label=label, probabilities=None, predicted=called)
            for label, _, _, _, called in SLICES
        ]
    )
    metrics = summarise(rows)
    check_contract(metrics)
    assert of(metrics["classification"]["accuracy"]) == (4 / 6, 6)
    for name in ("auroc", "ece", "brier", "nll", "aurc"):
        assert of(metrics["classification"][name]) == (None, 0)


MASKS = st.one_of(st.none(), st.just(np.zeros((6, 7), bool)), arrays(bool, (6, 7)))
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from(CLASSES)),
        st.one_of(st.none(), st.sampled_from(["axial", "sagittal"])),
        MASKS,
        MASKS,
        st.one_of(st.none(), st.sampled_from(CLASSES)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_any_partial_answers_hold_the_contract(slices):
    check_contract(summarise(table(slices), strata=("label", "plane", "size"), resamples=40))


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_dice_is_monais_over_slices_with_a_tumour(slices):
    pairs = [(truth, said) for _, _, truth, said, _ in slices if truth is not None and said is not None]
    scores = [
        compute_dice(from_numpy(said)[None, None], from_numpy(truth)[None, None]).item()
        for truth, said in pairs
    ]
    scores = [score for score in scores if not np.isnan(score)]
    section = summarise(table(slices), strata=(), resamples=1)["segmentation"]
    if scores:
        assert of(section["dice"]) == (pytest.approx(np.mean(scores), abs=1e-6), len(scores))
        assert section["dice_median"]["value"] == pytest.approx(np.median(scores), abs=1e-6)
    elif pairs:
        assert of(section["dice"]) == (None, 0)
    else:
        assert section is None


def test_rows_mean_the_same_from_disk(tmp_path):
    rows = table()
    rows.to_parquet(tmp_path / "per_image.parquet", index=False)
    assert summarise(pd.read_parquet(tmp_path / "per_image.parquet")) == summarise(rows)


def cohort(slices: int, persons: int, seed: int = 0) -> pd.DataFrame:
    """Rows that a network might leave, of persons who differ."""
    random = np.random.default_rng(seed)
    group = random.integers(persons, size=slices)
    shift = random.integers(0, 12, persons)[group]
    picks = [
        (CLASSES[code], "axial", EMPTY, EMPTY, CLASSES[code])
        if code == 3
        else (CLASSES[code], "axial", square(5, 5), square(5, 5 + move), CLASSES[code if move < 10 else 0])
        for code, move in zip(group % 4, shift, strict=True)
    ]
    return table(picks).assign(group=[f"P{number}" for number in group])


def test_intervals_say_how_they_were_made():
    rows = cohort(60, 20)
    assert summarise(rows)["intervals"] == {
        "level": 0.95,
        "method": "bootstrap, bias-corrected and accelerated, Student's tails",
        "rates": "Wilson, on the effective number of slices, Student's quantile",
        "resamples": 2000,
        "by": "group",
        "seed": 0,
    }
    assert summarise(rows.drop(columns="group"), resamples=50)["intervals"]["by"] == "slice"


def test_no_false_mask_is_not_no_risk():
    """None of 15 healthy slices painted is at most 20.4 %."""
    rows = table([("no_tumor", "axial", EMPTY, EMPTY, "no_tumor")] * 15)
    found = summarise(rows, strata=())["segmentation"]["false_mask_rate"]
    assert found == {"value": 0, "low": 0, "high": pytest.approx(wilson(0, 15).high), "n": 15}
    assert round(found["high"], 3) == 0.204


def test_the_order_of_rows_changes_no_number():
    rows = cohort(60, 20)
    found, shuffled = (summarise(one, strata=()) for one in (rows, rows.sample(frac=1, random_state=3)))
    for name, section in SECTIONS.items():
        for key in section - {"confusion"}:
            assert of(found[name][key]) == pytest.approx(of(shuffled[name][key]))


def test_persons_seen_twice_teach_nothing_new():
    """Each slice doubled: by slice the intervals shrink, by person they stay.

    A rate's may grow, since all that is known of a binomial variance is then taken for persons'.
    """
    rows = cohort(60, 20)
    doubled = pd.concat([rows, rows], ignore_index=True)

    def width(table: pd.DataFrame, by: str) -> np.ndarray:
        found = summarise(table, strata=(), by=by)
        picks = [found["segmentation"]["dice"], found["classification"]["accuracy"]]
        return np.array([one["high"] - one["low"] for one in picks])

    (dice, rate), (dice_before, rate_before) = width(doubled, "group"), width(rows, "group")
    assert dice == pytest.approx(dice_before, rel=0.01)
    assert 0.99 * rate_before < rate < 1.25 * rate_before
    assert (width(doubled, "none") < 0.8 * width(rows, "none")).all()


def test_lesions_count_over_all_slices():
    """True lesions: 2 and 1; predicted: 1 and 2; one pair each."""
    two = square(5, 5) | square(35, 50)
    rows = table(
        [
            ("glioma", "axial", two, square(5, 5), "glioma"),
            ("glioma", "axial", square(5, 5), two, "glioma"),
            ("no_tumor", "axial", EMPTY, EMPTY, "no_tumor"),
        ]
    )
    assert rows["lesions"].tolist()[:2] == ["several", "one"]
    section = summarise(rows, strata=())["segmentation"]
    assert of(section["lesion_sensitivity"]) == (pytest.approx(2 / 3), 2)
    assert of(section["lesion_precision"]) == (pytest.approx(2 / 3), 2)


def test_pixel_probabilities_are_kept_as_counts(tmp_path):
    """Two slices of 4,800 pixels; 400 tumour pixels at .9 in the one, none at .1 in the other."""
    rows = pd.DataFrame(
        [
            {"label": "glioma"}
            | score_slice(
                truth=truth,
                prediction=stated > 0.5,
                label="glioma",
                probabilities=None,
                mask_probabilities=stated,
            )
            for truth, stated in (
                (square(5, 5), np.where(square(5, 5), 0.9, 0.0)),
                (square(5, 5), np.full(SHAPE, 0.1)),
            )
        ]
    )
    rows.to_parquet(tmp_path / "rows.parquet")
    for table_ in (rows, pd.read_parquet(tmp_path / "rows.parquet")):
        section = summarise(table_, strata=())["segmentation"]
        assert of(section["mask_ece"]) == (pytest.approx((400 * 0.1 + abs(480 - 400)) / 9600), 2)
        assert of(section["mask_ece_uncertain"]) == (pytest.approx((400 * 0.1 + abs(480 - 400)) / 5200), 2)
        brier = (400 * 0.01 + 400 * 0.81 + 4400 * 0.01) / 9600
        assert of(section["mask_brier"]) == (pytest.approx(brier), 2)
