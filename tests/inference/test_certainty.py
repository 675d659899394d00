"""Formulas that a package is used with agree with SciPy and crepes; a package applies them to its slices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crepes import ConformalClassifier
from crepes.extras import margin
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from brainmtl.errors import InputError
from brainmtl.inference.certainty import ClassSets, in_class_set, temper
from brainmtl.inference.familiarity import FeatureSpace, pack
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.labels import CLASSES

MakePackage = Callable[..., Path]
Taught = Callable[..., dict[str, Any]]
Halves = Callable[..., np.ndarray]
SIZE = 64
OUTPUTS = ["mask_probability", "class_probability", "features"]


@given(st.integers(0, 10**6), st.floats(0.06, 19))
def test_tempering_is_scipys_softmax_of_divided_logits(seed, temperature):
    logits = np.random.default_rng(seed).normal(0, 3, (9, 4))
    expected = softmax(logits / temperature, axis=1)
    assert temper(softmax(logits, axis=1), temperature) == pytest.approx(expected, abs=1e-9)


def test_a_class_that_cannot_be_named_stays_so_however_hot():
    tempered = temper(np.array([[0.7, 0.3, 0, 0]]), 100.0)
    assert tempered[0, 2:].tolist() == [0, 0]
    assert tempered.sum() == pytest.approx(1)


def test_tempering_of_certain_answers_is_finite():
    assert temper(np.eye(4, dtype=np.float32), 0.05) == pytest.approx(np.eye(4))


def test_sets_agree_with_crepes():
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, 800)
    shares = softmax(random.normal(0, 1.5, (800, 4)) + 2 * np.eye(4)[truth], axis=1)
    new = softmax(random.normal(0, 2, (100, 4)), axis=1)
    behind, alphas = margin(shares, classes=np.arange(4), y=truth), margin(new)
    judge = ConformalClassifier().fit(behind, bins=truth)
    expected = [
        judge.predict_set(alphas[:, [code]], np.full(100, code), confidence=0.9, smoothing=False)[:, 0]
        for code in range(4)
    ]
    lead = []
    for code in range(4):
        own = np.sort(-behind[truth == code])[::-1]
        lead.append(own[int(np.ceil((len(own) + 1) * 0.9 - 1e-9)) - 1])
    expected = np.stack(expected, axis=1).astype(bool)
    expected[np.arange(100), new.argmax(axis=1)] = True
    assert (in_class_set(np.array(lead), new) == expected).all()


def test_a_set_goes_from_the_likeliest_class_down_and_is_never_empty(taught: Taught):
    def rule(**lead: float | None) -> dict[str, Any]:
        sets = taught()["class_sets"]
        return {**sets, "lead": sets["lead"] | lead}

    chances = dict(zip(CLASSES, (0.1, 0.55, 0.05, 0.3), strict=True))
    assert ClassSets(**rule()).of(chances) == ("meningioma", "no_tumor")
    assert ClassSets(**rule(pituitary=None)).of(chances) == ("meningioma", "no_tumor", "pituitary")
    assert ClassSets(**rule(meningioma=0.9, no_tumor=0.9)).of(chances) == ("meningioma",)
    with pytest.raises(ValueError, match="class sets are of glioma"):
        ClassSets(**rule() | {"lead": {"glioma": 0.5}})


@pytest.fixture(scope="module")
def sure(make_package: MakePackage, taught: Taught) -> ModelPackage:
    return load_package(make_package(outputs=OUTPUTS, temperature=2.0, certainty=taught()))


def test_a_package_says_how_sure_it_is(sure: ModelPackage, bright, halves: Halves):
    pixels = halves(2, 150)
    result = sure.predict(pixels)
    chances = bright.classes(pixels.mean() / 255, 2.0)
    assert list(result.probabilities.values()) == pytest.approx(chances.tolist(), abs=1e-5)
    ranked = [CLASSES[code] for code in np.argsort(-chances) if chances[code] - chances.max() >= -0.3]
    assert result.class_set == tuple(ranked)
    away = ((pixels.mean() / 255 - 0.3) / 0.1) ** 2 + ((150 / 255 - 0.6) / 0.1) ** 2
    assert result.outlier_score == pytest.approx(away / 9, abs=1e-3)
    assert result.mask_margin_px == pytest.approx(0.05 * SIZE)


def test_the_margin_grows_with_the_slice_and_belongs_to_a_mask(sure: ModelPackage, halves: Halves):
    assert sure.predict(halves(2, 150, width=2 * SIZE)).mask_margin_px == pytest.approx(0.1 * SIZE)
    assert sure.predict(halves(2, 100)).mask_margin_px is None


def test_an_abstained_slice_keeps_its_class_and_mask(sure: ModelPackage, halves: Halves):
    strange = sure.predict(halves(200, 250))
    assert strange.status == "abstained"
    assert "unlike the slices the model knows" in strange.reason
    assert strange.outlier_score > 1
    assert strange.class_name == max(strange.probabilities, key=strange.probabilities.__getitem__)
    assert strange.mask_area_px == SIZE * SIZE


def test_a_slice_of_unsure_class_is_withheld(make_package: MakePackage, taught: Taught, halves: Halves):
    strict = taught(abstention={**taught()["abstention"], "least": 0.99})
    result = load_package(make_package(outputs=OUTPUTS, certainty=strict)).predict(halves(2, 150))
    assert (result.status, result.outlier_score <= 1) == ("abstained", True)
    assert result.reason.startswith("unsure of the class: probability 0.")


def test_a_package_of_before_knows_nothing_and_works(make_package: MakePackage, halves: Halves):
    result = load_package(make_package()).predict(halves(2, 150))
    assert result.status == "ok"
    assert (result.class_set, result.outlier_score, result.mask_margin_px) == (None, None, None)


def test_numbers_for_other_features_are_refused(make_package: MakePackage, taught: Taught):
    space = FeatureSpace(
        np.zeros(3, np.float32),
        np.ones(3, np.float32),
        np.eye(1, 3, dtype=np.float32),
        np.ones(1, np.float32),
        np.asarray(1, np.float32),
    )
    wrong = taught(familiarity={"space": pack(space), "farthest": 9.0, "alarms": 0.01, "slices": 200})
    with pytest.raises(InputError, match=r"features: .*not float \(B, 3\)"):
        load_package(make_package(outputs=OUTPUTS, certainty=wrong))
