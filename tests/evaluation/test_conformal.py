"""Sets agree with crepes' class by class, are never empty, and hold the truth as promised."""

import numpy as np
import pytest
from crepes import ConformalClassifier
from crepes.extras import margin
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from brainmtl.evaluation.conformal import class_sets, coverage, fit_class_sets, held_out_sets
from brainmtl.labels import CLASSES


def sample(slices: int, seed: int = 0, signal: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.choice(4, slices, p=[0.4, 0.3, 0.2, 0.1])
    logits = random.normal(0, 1.5, (slices, 4)) + signal * np.eye(4)[truth] * (1 + (truth[:, None] == 0))
    return truth, softmax(logits, axis=1)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_agrees_with_crepes(confidence):
    truth, shares = sample(900)
    _, new = sample(200, seed=1)
    judge = ConformalClassifier().fit(margin(shares, classes=np.arange(4), y=truth), bins=truth)
    alphas = margin(new)
    held = [
        judge.predict_set(alphas[:, [code]], np.full(200, code), confidence=confidence, smoothing=False)
        for code in range(4)
    ]
    expected = np.concatenate(held, axis=1).astype(bool)
    expected[np.arange(200), new.argmax(axis=1)] = True
    assert (class_sets(fit_class_sets(truth, shares, confidence), new) == expected).all()


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.floats(0.5, 0.999))
def test_a_set_is_never_empty_and_grows_with_the_promise(seed, slices, confidence):
    truth, shares = sample(slices, seed)
    sets = class_sets(fit_class_sets(truth, shares, confidence), shares)
    assert sets.any(axis=1).all()
    assert sets[np.arange(slices), shares.argmax(axis=1)].all()
    wider = class_sets(fit_class_sets(truth, shares, (1 + confidence) / 2), shares)
    assert (wider >= sets).all()


def test_too_few_slices_rule_nothing_out():
    truth, shares = np.repeat([0, 1], [99, 98]), np.tile([0.7, 0.1, 0.1, 0.1], (197, 1))
    fitted = fit_class_sets(truth, shares, 0.99)
    assert np.isfinite(fitted.lead).tolist() == [True, False, False, False]
    assert fitted.n.tolist() == [99, 98, 0, 0]


def test_every_class_is_held_as_promised():
    held = np.zeros(4)
    for seed in range(40):
        truth, shares = sample(600, seed)
        new, others = sample(600, 1000 + seed)
        sets = class_sets(fit_class_sets(truth, shares, 0.9), others)[np.arange(600), new]
        held += [sets[new == code].mean() for code in range(4)]
    assert (held / 40 > 0.885).all()


def test_coverage_of_persons_left_out():
    truth, shares = sample(1500, signal=0.5)
    groups = np.arange(1500) % 300
    found = coverage(truth, held_out_sets(truth, shares, groups, confidence=0.9), groups)
    assert set(found) == {*CLASSES, "all"}
    for interval in found.values():
        assert interval.low < 0.93
        assert interval.high > 0.9
    ill = truth < 3
    sets = held_out_sets(truth[ill], shares[ill], groups[ill])
    assert np.isnan(coverage(truth[ill], sets, groups[ill])["no_tumor"].value)
