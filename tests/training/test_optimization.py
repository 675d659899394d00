"""Optimisers and schedules by name against torch's own, stepped by hand."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop, lr_scheduler

from brainmtl.training.optimization import make_optimizer, make_schedule
from brainmtl.training.recipe import OptimizerPart, SchedulePart

STEPS = 12


class Pair(nn.Module):
    """Something with an encoder."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.encoder(x)))


def trained(network, optimizer, schedule=None):
    """Weights after some steps, and the rates of the first group on the way."""
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return [p.detach().clone() for p in network.parameters()], rates


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("adam", lambda p: Adam(p, lr=0.03, weight_decay=0.1)),
        ("adamw", lambda p: AdamW(p, lr=0.03, weight_decay=0.1)),
        ("sgd", lambda p: SGD(p, lr=0.03, weight_decay=0.1, momentum=0.9)),
        ("rmsprop", lambda p: RMSprop(p, lr=0.03, weight_decay=0.1, momentum=0.9)),
    ],
)
def test_an_optimiser_is_torch_s(name, reference):
    one, other = Pair(), Pair()
    part = OptimizerPart(name=name, lr=0.03, weight_decay=0.1, momentum=0.9)
    same(
        trained(one, make_optimizer(one, part))[0],
        trained(other, reference(other.parameters()))[0],
    )


def test_the_encoder_may_learn_at_another_rate():
    one, other = Pair(), Pair()
    part = OptimizerPart(name="sgd", lr=0.1, encoder_lr=0.25)
    reference = SGD(
        [{"params": other.encoder.parameters(), "lr": 0.025}, {"params": other.head.parameters()}], lr=0.1
    )
    same(trained(one, make_optimizer(one, part))[0], trained(other, reference)[0])


def test_what_is_frozen_stays():
    network = Pair()
    network.encoder.requires_grad_(False)
    start = [p.clone() for p in network.encoder.parameters()]
    optimizer = make_optimizer(network, OptimizerPart(name="adamw", lr=0.1, weight_decay=0.5))
    trained(network, optimizer)
    same(list(network.encoder.parameters()), start)
    listed = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert listed == {id(p) for p in network.head.parameters()}


def test_a_network_without_an_encoder():
    network = nn.Linear(3, 2)
    groups = make_optimizer(network, OptimizerPart(lr=0.1, encoder_lr=0.5)).param_groups
    assert [(group["lr"], len(group["params"])) for group in groups] == [(0.1, 2)]


@pytest.mark.parametrize(
    ("part", "reference"),
    [
        (
            {"name": "cosine"},
            lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, STEPS),
        ),
        (
            {"name": "one-cycle", "warmup": 0.25},
            lambda optimizer: lr_scheduler.OneCycleLR(
                optimizer, [0.1, 0.05], STEPS, pct_start=0.25, cycle_momentum=False
            ),
        ),
    ],
)
def test_a_schedule_is_torch_s(part, reference):
    one, other = Pair(), Pair()
    optimizers = [
        make_optimizer(network, OptimizerPart(name="sgd", lr=0.1, momentum=0.9, encoder_lr=0.5))
        for network in (one, other)
    ]
    made = make_schedule(optimizers[0], SchedulePart(epochs=3, **part), STEPS)
    assert made["interval"] == "step"
    weights, rates = trained(one, optimizers[0], made["scheduler"])
    expected, torch_rates = trained(other, optimizers[1], reference(optimizers[1]))
    same(weights, expected)
    assert rates == pytest.approx(torch_rates)
    assert max(rates) == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("warmup", [0, 0.5, 1])
@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_one_cycle_of_any_length(warmup, steps):
    optimizer = make_optimizer(Pair(), OptimizerPart(name="sgd", lr=0.1))
    schedule = make_schedule(optimizer, SchedulePart(name="one-cycle", epochs=1, warmup=warmup), steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule["scheduler"].step()
    assert min(rates) > 0
    assert max(rates) <= 0.1 + 1e-9


def test_a_constant_rate_needs_no_schedule():
    assert make_schedule(make_optimizer(Pair(), OptimizerPart()), SchedulePart(), STEPS) is None


@pytest.mark.parametrize(
    ("monitor", "values", "lowered"),
    [
        ("validation_loss", [5, 4, 4, 4], True),
        ("validation_loss", [5, 4, 3, 2], False),
        ("validation_score", [0.5, 0.6, 0.6, 0.6], True),
        ("validation_score", [0.5, 0.6, 0.7, 0.8], False),
    ],
)
def test_plateau_knows_which_way_is_better(monitor, values, lowered):
    optimizer = make_optimizer(Pair(), OptimizerPart(name="sgd", lr=0.1))
    part = SchedulePart(name="plateau", epochs=4, patience=1, factor=0.2, monitor=monitor)
    made = make_schedule(optimizer, part, STEPS)
    assert (made["interval"], made["frequency"], made["monitor"]) == ("step", STEPS // 4, monitor)
    for value in values:
        made["scheduler"].step(value)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.02 if lowered else 0.1)
