"""Combined gradients: a projection by hand, a quadratic programme by SciPy, a decomposition by NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from brainmtl.training.balancing.combination import aligned_mtl, cagrad, pcgrad

vectors = st.tuples(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32))


def gramian(one, other):
    return torch.tensor(np.array([one, other]) @ np.array([one, other]).T)


def test_a_projection_by_hand(step):
    """(1, 0) + ½·(-1, 1) = (½, ½); (-1, 1) + (1, 0) = (0, 1)."""
    encoder, heads, factors = step(pcgrad(), (1.0, 0.0), (-1.0, 1.0))
    assert encoder == pytest.approx([0.5, 1.5])
    assert heads == [1.0, 1.0]
    assert factors == pytest.approx((2.0, 1.5))


@pytest.mark.parametrize("make", [pcgrad, aligned_mtl, lambda: cagrad(0.5)])
def test_gradients_that_do_not_disturb_one_another_are_added(step, make):
    encoder, heads, factors = step(make(), (0.0, 2.0), (2.0, 0.0))
    assert encoder == pytest.approx([2.0, 2.0])
    assert heads == [1.0, 1.0]
    assert factors == pytest.approx((1.0, 1.0))


@given(vectors, vectors)
def test_pcgrad_opposes_neither_task(one, other):
    found = pcgrad().factors(gramian(one, other)).numpy() @ np.array([one, other])
    assert min(found @ np.array(one), found @ np.array(other)) >= -1e-6


@pytest.mark.parametrize("seed", range(6))
def test_with_two_tasks_pcgrad_is_upgrad(seed):
    """UPGrad: the sum over tasks of the v ≥ eᵢ whose combined gradient is shortest."""
    rows = np.random.default_rng(seed).normal(size=(2, 6))
    products = torch.from_numpy(rows @ rows.T)
    matrix = products.numpy()
    shortest = [
        minimize(
            lambda v: v @ matrix @ v, unit, jac=lambda v: 2 * matrix @ v, bounds=[(low, None) for low in unit]
        ).x
        for unit in np.eye(2)
    ]
    assert pcgrad().factors(products).numpy() == pytest.approx(sum(shortest), abs=1e-3)


@given(vectors, vectors)
def test_aligned_mtl_makes_every_component_as_long_as_the_shortest(one, other):
    matrix = np.array([one, other])
    left, lengths, right = np.linalg.svd(matrix)
    assume(lengths[1] > 1e-2)
    expected = (left * lengths[1] @ right).sum(axis=0)
    assert aligned_mtl().factors(gramian(one, other)).numpy() @ matrix == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("radius", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("seed", range(4))
def test_cagrad_helps_most_the_task_it_helps_least(seed, radius):
    """Every direction within the ball around the mean, tried in the plane of the two gradients."""
    rows = np.random.default_rng(seed).normal(size=(2, 2))
    mean = rows.mean(0)
    turn = np.linspace(0, 2 * np.pi, 20_001)
    ball = mean + radius * np.linalg.norm(mean) * np.column_stack([np.cos(turn), np.sin(turn)])
    best = (ball @ rows.T).min(1).max()
    found = cagrad(radius).factors(torch.from_numpy(rows @ rows.T)).numpy() @ rows * (1 + radius) / 2
    assert np.linalg.norm(found - mean) == pytest.approx(radius * np.linalg.norm(mean), rel=1e-3, abs=1e-6)
    assert (rows @ found).min() == pytest.approx(best, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("make", [pcgrad, aligned_mtl])
def test_a_batch_that_knows_one_task_is_a_plain_step(toy, make):
    mask, _ = toy.tasks((1.0, 2.0), (3.0, 4.0))
    assert make().backward(mask, (mask, torch.zeros(())), toy) is None
    assert toy.encoder.weight.grad.tolist() == [[1, 2]]
    assert toy.heads[1].grad is None


@pytest.mark.parametrize("make", [pcgrad, aligned_mtl])
def test_with_a_frozen_encoder_there_is_nothing_to_combine(toy, make):
    tasks = toy.tasks((1.0, 2.0), (3.0, 4.0))
    toy.encoder.requires_grad_(False)
    assert make().backward(tasks[0] + tasks[1], tasks, toy) is None
    assert [head.grad.item() for head in toy.heads] == [1, 1]


def test_gradients_that_are_no_numbers_are_added(step):
    encoder, _, factors = step(aligned_mtl(), (float("inf"), 0.0), (1.0, 1.0))
    assert factors == (1.0, 1.0)
    assert not np.isfinite(encoder).all()
