"""A screening design tells every main effect apart from every other."""

import numpy as np
import pytest
from scipy.linalg import hadamard

from brainmtl.study.screen import MOST, SPARE, screening_design


@pytest.mark.parametrize("factors", range(1, MOST + 1))
def test_each_is_on_in_half_of_the_trials_and_any_two_together_in_a_quarter(factors):
    design = screening_design(factors)
    trials = len(design)
    assert design.shape == (trials, factors)
    assert trials % 4 == 0
    assert trials - factors - 1 >= SPARE
    assert not design[0].any()
    together = design.T.astype(int) @ design
    assert (np.diag(together) == trials // 2).all()
    assert (together[~np.eye(factors, dtype=bool)] == trials // 4).all()


def test_no_smaller_design_would_do():
    sizes = {factors: len(screening_design(factors)) for factors in range(1, MOST + 1)}
    assert all(trials - 4 < factors + 1 + SPARE for factors, trials in sizes.items())


def test_eight_trials_are_hadamard_s_up_to_the_order_of_trials_and_factors():
    """The Gram matrices of both are eight times the identity."""
    ours = np.column_stack([np.ones(8), 2 * screening_design(5) - 1.0])
    theirs = hadamard(8)[:, :6]
    assert np.array_equal(ours.T @ ours, theirs.T @ theirs)


@pytest.mark.parametrize(("factors", "most"), [(5, 1), (9, 1 / 3), (13, 1), (17, 0.6), (21, 1 / 3)])
def test_what_two_factors_do_together_lies_on_a_third_s_effect_by_so_much(factors, most):
    signs = 2 * screening_design(factors) - 1.0
    pairs = np.stack([signs[:, a] * signs[:, b] for a in range(factors) for b in range(a)], axis=1)
    shared = np.abs(pairs.T @ signs) / len(signs)
    assert shared.max() == pytest.approx(most)
