"""A known validation part teaches what it should, and says what it is too small for."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binomtest

from brainmtl.evaluation.certainty import HeldOut, fit_certainty
from brainmtl.evaluation.class_answers import ClassAnswers
from brainmtl.evaluation.conformal import fit_class_sets
from brainmtl.inference.certainty import in_class_set, temper
from brainmtl.labels import CLASSES

SLICES = 1200


def honest(slices: int, factor: float, signal: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that were honest before their logits were multiplied."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, signal, (slices, 4))
    truth = (softmax(logits, axis=1).cumsum(axis=1) < random.random((slices, 1))).sum(axis=1)
    return truth, softmax(logits * factor, axis=1)


def validation(slices: int = SLICES, factor: float = 2.0, **changes) -> HeldOut:
    truth, shares = honest(slices, factor)
    random = np.random.default_rng(1)
    said = {
        "groups": np.arange(slices).astype(str).astype(object),
        "truth": truth,
        "probabilities": shares,
        "needed": np.where(truth == 3, np.nan, random.uniform(0, 0.1, slices)),
        "features": random.normal(size=(slices, 6)),
    }
    return HeldOut(**said | changes)


def test_everything_is_learnt_from_enough_slices():
    said = validation()
    temperature, known = fit_certainty(said)
    assert temperature == pytest.approx(2.0, rel=0.15)
    assert (known.slices, known.persons, known.notes) == (SLICES, SLICES, ())
    truth, new = honest(20_000, 2.0, seed=7)
    chances = temper(new, temperature)
    limits = np.array([known.class_sets.lead[name] for name in CLASSES])
    for code in range(len(CLASSES)):
        held = in_class_set(limits, chances[truth == code])[:, code].mean()
        assert held == pytest.approx(0.99, abs=0.012)
    rule = known.abstention
    answered = chances.max(axis=1) >= rule.least
    wrong = chances.argmax(axis=1) != truth
    assert wrong[answered].mean() <= 0.05 < wrong.mean()
    assert answered.mean() == pytest.approx(rule.answered, abs=0.05)
    assert known.margin.share == pytest.approx(0.09, abs=0.004)
    assert known.margin.held == pytest.approx(0.9, abs=0.03)
    strange = known.familiarity.score(np.random.default_rng(5).normal(size=(5000, 6)))
    assert (strange > 1).mean() == pytest.approx(0.01, abs=0.01)
    assert (known.familiarity.score(np.full((1, 6), 9.0)) > 1).all()


def test_the_promise_of_abstention_is_clopper_and_pearsons():
    said = validation()
    temperature, known = fit_certainty(said)
    chances = temper(said.probabilities, temperature)
    answered = chances.max(axis=1) >= known.abstention.least
    wrong = int((chances.argmax(axis=1) != said.truth)[answered].sum())
    bound = binomtest(wrong, int(answered.sum()), alternative="less").proportion_ci(0.95).high
    assert bound <= 0.05
    assert known.abstention.wrong == pytest.approx(wrong / answered.sum(), abs=1e-4)


def test_a_small_part_promises_nothing_and_says_so():
    temperature, known = fit_certainty(validation(40))
    assert set(known.class_sets.lead.values()) == {None}
    assert known.class_sets.of(dict.fromkeys(CLASSES, 0.25)) == CLASSES
    assert (known.abstention, known.familiarity) == (None, None)
    assert 0.05 <= temperature <= 20
    told = "; ".join(known.notes)
    for name in CLASSES:
        assert f"{name} is in every class set" in told
    for words in ("99% needs 99", "withheld as unsure: 40 persons", "40 validation slices, too few"):
        assert words in told


def test_a_network_without_a_head_learns_nothing_of_it():
    _, masks = fit_certainty(validation(probabilities=None))
    assert (masks.class_sets, masks.abstention) == (None, None)
    assert masks.margin is not None
    _, names = fit_certainty(validation(needed=None, features=None))
    assert (names.margin, names.familiarity) == (None, None)
    assert names.class_sets is not None
    _, none = fit_certainty(validation(truth=np.full(SLICES, -1), needed=np.full(SLICES, np.nan)))
    assert (none.class_sets, none.margin) == (None, None)
    assert any("no tumour is masked" in note for note in none.notes)


def test_tumours_without_a_mask_make_the_margin_endless():
    needed = np.where(np.arange(SLICES) % 5 == 0, np.inf, 0.02)
    _, known = fit_certainty(validation(needed=needed))
    assert known.margin is None
    assert any("240 have a slice on which it got no mask" in note for note in known.notes)


def test_slices_of_one_person_count_once():
    said = validation(groups=np.array(["one"] * SLICES, object))
    temperature, known = fit_certainty(said)
    assert temperature == 1
    assert known.persons == 1
    assert (known.abstention, known.margin, known.familiarity) == (None, None, None)


def test_limits_are_as_rounded_as_results_and_never_stricter():
    _, known = fit_certainty(validation())
    for limit in (*known.class_sets.lead.values(), known.abstention.least):
        assert limit == round(limit, 6)


def test_siblings_teach_what_validation_is_too_small_for():
    """Their many slices decide temperature, sets and abstention; validation says what came of it."""
    truth, shares = honest(20_000, 2.0, seed=3)
    persons = np.arange(len(truth)).astype(str).astype(object)
    said = validation(300)
    temperature, known = fit_certainty(said, ClassAnswers(truth, shares, persons))
    assert temperature == pytest.approx(2.0, rel=0.03)
    expected = fit_class_sets(truth, temper(shares, temperature)).lead
    assert list(known.class_sets.lead.values()) == pytest.approx(expected, abs=1e-5)
    assert sum(known.class_sets.slices.values()) == 20_000
    chances = temper(said.probabilities, temperature)
    kept = in_class_set(expected, chances)
    for code, name in enumerate(CLASSES):
        held = kept[said.truth == code, code].mean()
        assert known.class_sets.held[name] == pytest.approx(held, abs=1e-4)
    answered = chances.max(axis=1) >= known.abstention.least
    assert known.abstention.answered == pytest.approx(answered.mean(), abs=1e-4)
    assert known.slices == 300
