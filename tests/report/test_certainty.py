"""Certainty is judged on persons that calibrated nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES
from brainmtl.report.certainty import Calibration, calibration_of, can_calibrate, certainty_table
from brainmtl.report.folder import Evaluation, Run

PERSONS, SLICES = 300, 4


def said(part: str, seed: int, sharpness: float) -> Evaluation:
    """Slices whose classes are drawn from what a network should have said; it says it too sharply."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (PERSONS * SLICES, len(CLASSES)))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    drawn = (true.cumsum(1) > rng.random((len(true), 1))).argmax(1)
    stated = np.exp(sharpness * logits)
    stated /= stated.sum(1, keepdims=True)
    rows = pd.DataFrame(stated, columns=list(PROBABILITIES))
    rows["label"] = [CLASSES[code] for code in drawn]
    rows["group"] = np.repeat([f"person{n}" for n in range(PERSONS)], SLICES)
    return Evaluation(part, Path("nowhere"), {}, rows)


def values(evaluation: Evaluation, validation: pd.DataFrame | None = None) -> dict[str, float]:
    calibration = None if validation is None else Calibration(validation, "on the validation part")
    table = certainty_table(evaluation, calibration)
    assert table is not None
    return {row[0].text: row[1].value for row in table.rows}


@pytest.mark.parametrize("part", ["validation", "test"])
def test_scaling_mends_a_network_that_is_too_sure(part):
    calibrating = said("validation", 0, 3.0)
    shown = calibrating if part == "validation" else said("test", 1, 3.0)
    found = values(shown, None if part == "validation" else calibrating.slices)
    assert found["ECE, as stated"] > 0.1
    assert found["ECE, after temperature scaling"] < 0.04
    assert found["NLL, nats, after temperature scaling"] < found["NLL, nats, as stated"]


def test_sets_hold_the_class_as_often_as_promised():
    found = values(said("validation", 2, 1.0))
    assert found["class sets hold the class"] > 0.975
    assert 1 <= found["classes in a set, mean"] <= 4


def test_sets_of_slices_that_are_not_in_train_are_told_apart():
    """Those in train are made certain, so that the others' sets are the larger; alone they give the same."""
    validation, test = said("validation", 0, 1.0).slices, said("test", 1, 1.0).slices
    assert validation is not None
    assert test is not None
    test["leaked"] = np.arange(len(test)) % 2 == 0
    test.loc[test["leaked"], list(PROBABILITIES)] = np.eye(4)[
        [CLASSES.index(label) for label in test["label"][test["leaked"]]]
    ]
    found = values(Evaluation("test", Path("nowhere"), {}, test), validation)
    clean = test[~test["leaked"]]
    alone = values(Evaluation("test", Path("nowhere"), {}, clean.drop(columns="leaked")), validation)
    for name in ("class sets hold the class", "classes in a set, mean"):
        assert found[f"{name}, slices not in train"] == alone[name]
    assert found["classes in a set, mean"] < alone["classes in a set, mean"]
    assert not any("not in train" in name for name in alone)


def test_without_classes_or_with_one_person_there_is_no_table():
    known = said("validation", 3, 1.0)
    assert known.slices is not None
    blank = known.slices.assign(**dict.fromkeys(PROBABILITIES, np.nan))
    alone = known.slices.assign(group="one")
    for slices in (blank, alone, None):
        assert certainty_table(Evaluation("validation", Path("nowhere"), {}, slices)) is None


def test_slices_that_a_run_learnt_from_calibrate_its_other_parts_where_folds_answered_them():
    validation, test, folds = (
        said(part, n, 1.0) for n, part in enumerate(("validation", "test", "out-of-fold"))
    )
    assert folds.slices is not None
    folds.slices["side"] = np.resize(["train", "validation", "test"], len(folds.slices))

    def calibrated(*evaluations: Evaluation) -> dict[str, tuple[int, str] | None]:
        run = Run(Path("nowhere"), {}, "", {}, {}, {}, {}, None, evaluations)
        found = {one.part: (calibration_of(run, one), one) for one in evaluations}
        assert all(can_calibrate(one, it) or it is None for it, one in found.values())
        return {part: None if it is None else (len(it.slices), it.where) for part, (it, _) in found.items()}

    third = (len(folds.slices) // 3, "out of fold on the training part")
    assert calibrated(folds, test, validation) == {"out-of-fold": None, "test": third, "validation": third}
    alone = (len(folds.slices), "on the validation part")
    assert calibrated(test, validation) == {"test": alone, "validation": None}
    assert calibrated(test) == {"test": None}
    assert not can_calibrate(test, None)
    assert can_calibrate(folds, None)
