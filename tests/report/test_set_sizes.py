"""Sizes of conformal sets, against sets counted one by one."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES
from brainmtl.report.set_sizes import set_size_bars, set_sizes
from brainmtl.report.style import LIGHT


def rows(number: int, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    truth = chance.integers(4, size=number)
    logits = chance.normal(0, 1, (number, 4)) + 2.5 * np.eye(4)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = pd.DataFrame({"label": np.array(CLASSES)[truth], "group": np.arange(number)})
    return pd.concat([labels, pd.DataFrame(shares, columns=list(PROBABILITIES))], axis=1)


def tempered(slices: pd.DataFrame, temperature: float) -> pd.DataFrame:
    logits = np.log(slices[list(PROBABILITIES)].to_numpy()) / temperature
    return slices.assign(**dict(zip(PROBABILITIES, softmax(logits, axis=1).T, strict=True)))


def fitted(slices: pd.DataFrame) -> float:
    def nats(temperature: float) -> float:
        shares = tempered(slices, temperature)
        return -sum(np.log(shares[f"p_{name}"][slices["label"] == name]).sum() for name in CLASSES)

    return minimize_scalar(nats, bounds=(0.1, 10), method="bounded", options={"xatol": 1e-8}).x


def test_counts_are_those_of_sets_made_one_by_one():
    """A class is in a set where its lead reaches the ⌈(n + 1) · 90 %⌉-th largest of its own slices.

    Leads are of tempered probabilities, as the certainty table and a package have them.
    """

    def ahead(row: pd.Series, code: int) -> float:
        shares = list(row[list(PROBABILITIES)])
        return shares.pop(code) - max(shares)

    validation, shown = rows(400, 1), rows(90, 2)
    counts, held = set_sizes(validation, shown, 0.9)
    temperature = fitted(validation)
    assert abs(temperature - 1) > 0.02
    validation, shown = (tempered(part, temperature) for part in (validation, shown))
    expected, kept_true = np.zeros((4, 4), int), np.zeros(4, int)
    least = []
    for code, name in enumerate(CLASSES):
        some = validation[validation["label"] == name]
        own = np.sort([ahead(row, code) for _, row in some.iterrows()])[::-1]
        least.append(own[int(np.ceil((len(own) + 1) * 0.9)) - 1])
    for _, row in shown.iterrows():
        shares = row[list(PROBABILITIES)].to_numpy(float)
        kept = {code for code in range(4) if ahead(row, code) >= least[code]} | {int(shares.argmax())}
        code = CLASSES.index(row["label"])
        expected[code, len(kept) - 1] += 1
        kept_true[code] += code in kept
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(held, kept_true)


def test_no_class_no_sets():
    classless = rows(20, 1).assign(**dict.fromkeys(PROBABILITIES))
    assert set_sizes(classless, rows(20, 2)) is None
    assert set_sizes(rows(20, 2), classless) is None


def test_bars_are_shares_and_a_class_without_slices_has_none():
    counts = np.array([[3, 1, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 5]])
    axes = set_size_bars(counts, np.array([4, 3, 0, 5]), 0.99, LIGHT).axes[0]
    widths = np.array([[bar.get_width() for bar in bars] for bars in axes.containers]).T
    np.testing.assert_allclose(widths, [[0.75, 0.25, 0, 0], [0.5, 0.5, 0, 0], [0] * 4, [0, 0, 0, 1]])
    said = [text.get_text() for text in axes.texts][:4]
    assert said == ["100.0 %", "75.0 %", "–", "100.0 %"]


@pytest.mark.parametrize("seed", [3, 4])
def test_promised_coverage_is_about_kept(seed):
    counts, held = set_sizes(rows(2000, seed), rows(2000, seed + 10), 0.9)
    assert held.sum() / counts.sum() == pytest.approx(0.9, abs=0.04)
