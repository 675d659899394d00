"""Uncertainty weights, against the optimum of two constant losses and of two quadratics."""

import math

import pytest
import torch
from torch import nn

from brainmtl.training.balancing.uncertainty import Uncertainty


def test_it_starts_at_fixed_weights(step):
    assert step(Uncertainty(), (1.0, 2.0), (-3.0, 1.0)) == ([-2.0, 3.0], [1.0, 1.0], (1.0, 1.0))


def test_weights_go_to_half_over_the_loss(toy):
    """d/ds (exp(-s)·L + s/2) = 0 where exp(-s) = 1 / 2L."""
    balancing = Uncertainty()
    optimizer = torch.optim.SGD(balancing.parameters(), lr=0.5)
    for _ in range(300):
        optimizer.zero_grad()
        tasks = [torch.tensor(loss, requires_grad=True) for loss in (0.2, 3.0)]
        weights = balancing.backward(tasks[0] + tasks[1], tasks, toy)
        optimizer.step()
    assert weights == pytest.approx((1 / 0.4, 1 / 6), rel=1e-4)


def test_two_quadratics_end_between_their_optima_by_their_uncertainty():
    """Stationary points of Σ exp(-s)·L + s/2 with L = (x - a)² + c have (x-a)/L₁ + (x-b)/L₂ = 0."""
    balancing, x = Uncertainty(), nn.Parameter(torch.tensor(0.4))
    optimizer = torch.optim.SGD([x, *balancing.parameters()], lr=0.05)
    for _ in range(4000):
        optimizer.zero_grad()
        tasks = [x**2 + 1.0, (x - 1) ** 2 + 4.0]
        balancing.backward(tasks[0] + tasks[1], tasks, nn.Identity())
        optimizer.step()
    value = x.item()
    assert value / (value**2 + 1) + (value - 1) / ((value - 1) ** 2 + 4) == pytest.approx(0, abs=1e-4)
    assert [s.item() for s in balancing.log_variances] == pytest.approx(
        [math.log(2 * (value**2 + 1)), math.log(2 * ((value - 1) ** 2 + 4))], abs=1e-3
    )


def test_a_batch_that_knows_one_task_leaves_the_other_s_uncertainty(toy):
    """Also where an optimiser with momentum has moved it before."""
    balancing = Uncertainty()
    optimizer = torch.optim.Adam(balancing.parameters(), lr=0.1)
    tasks = toy.tasks((1.0, 2.0), (3.0, 4.0))
    balancing.backward(tasks[0] + tasks[1], tasks, toy)
    optimizer.step()
    optimizer.zero_grad()
    toy.zero_grad()
    before = [s.item() for s in balancing.log_variances]
    mask, _ = toy.tasks((1.0, 2.0), (3.0, 4.0))
    balancing.backward(mask, (mask, torch.zeros(())), toy)
    optimizer.step()
    assert balancing.log_variances[0].item() != before[0]
    assert balancing.log_variances[1].item() == before[1] != 0
