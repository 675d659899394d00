"""A temperature is found again where one was hidden, changes no answer, and is judged on other persons."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from brainmtl.evaluation.temperature import RANGE, best_temperature, fit_temperature, scale


def overconfident(slices: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that were honest before their logits were multiplied."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (slices, 4))
    truth = (softmax(logits, axis=1).cumsum(axis=1) < random.random((slices, 1))).sum(axis=1)
    return truth, softmax(logits * factor, axis=1)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_hidden_temperature_is_found(factor):
    assert best_temperature(*overconfident(4000, factor)) == pytest.approx(factor, rel=0.06)


def test_agrees_with_a_gradient_of_torch():
    truth, shares = overconfident(300, 2.0)
    logits, labels = torch.log(torch.from_numpy(shares)), torch.from_numpy(truth)
    free = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([free], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        value = torch.nn.functional.cross_entropy(logits / free.exp(), labels)
        value.backward()
        return value

    search.step(loss)
    assert best_temperature(truth, shares) == pytest.approx(free.exp().item(), rel=1e-3)


def test_calibration_on_other_persons_improves():
    truth, shares = overconfident(1200, 3.0)
    found = fit_temperature(truth, shares, np.arange(1200) % 100)
    assert found.ece_after < 0.5 * found.ece_before
    assert found.nll_after < found.nll_before
    assert found.n == 1200


@given(st.integers(0, 10**6), st.floats(0.5, 10))
def test_scaling_changes_no_answer(seed, temperature):
    shares = np.random.default_rng(seed).dirichlet(np.ones(4), 20)
    scaled = scale(shares, temperature)
    assert scaled.sum(axis=1) == pytest.approx(np.ones(20))
    assert (np.argsort(scaled, axis=1) == np.argsort(shares, axis=1)).all()
    assert scale(scaled, 1 / temperature) == pytest.approx(shares, abs=1e-6)


def test_ends_of_the_range():
    right = np.full((8, 4), 0.1) + 0.6 * np.eye(4)[np.arange(8) % 4]
    assert best_temperature(np.arange(8) % 4, right) == pytest.approx(RANGE[0], rel=0.1)
    with pytest.raises(ValueError, match="two persons"):
        fit_temperature(np.arange(8) % 4, right, np.zeros(8))
