"""Optimisers and schedules by name against torch's own and Keras's, stepped by hand."""

import copy
import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop, lr_scheduler

from brainmtl.models.build import build_network
from brainmtl.training.log import read_log
from brainmtl.training.optimization import KerasRMSprop, make_optimizer, make_schedule
from brainmtl.training.recipe import OptimizerPart, SchedulePart, read_recipe

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


@pytest.mark.parametrize(("name", "reference"), [("adam", Adam), ("adamw", AdamW), ("sgd", SGD)])
def test_where_nothing_is_said_weights_decay_as_torch_s_own_default_has_it(name, reference):
    one = Pair()
    made = make_optimizer(one, OptimizerPart(name=name))
    assert made.defaults["weight_decay"] == reference(one.parameters()).defaults["weight_decay"]


def test_adamw_with_nothing_said_is_not_adam():
    one, other = Pair(), Pair()
    adam = trained(one, make_optimizer(one, OptimizerPart(name="adam", lr=0.03)))[0]
    adamw = trained(other, make_optimizer(other, OptimizerPart(name="adamw", lr=0.03)))[0]
    assert not torch.equal(adam[0], adamw[0])


@pytest.mark.parametrize("scale", [1.0, 1e-3])
@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"weight_decay": 0.1}])
def test_keras_s_rmsprop_is_keras_s(keras, settings, scale):
    """Small gradients too, where ε decides."""
    chance = torch.Generator().manual_seed(0)
    gradients = [torch.randn(5, generator=chance) * scale for _ in range(STEPS)]
    weight, variable = nn.Parameter(torch.ones(5)), keras.Variable(torch.ones(5))
    ours = make_optimizer(
        nn.ParameterList([weight]), OptimizerPart(name="rmsprop-keras", lr=1e-3, **settings)
    )
    theirs = keras.optimizers.RMSprop(**settings)
    for gradient in gradients:
        weight.grad = gradient
        ours.step()
        theirs.apply([gradient], [variable])
        torch.testing.assert_close(weight.data, variable.value.data, atol=1e-6, rtol=1e-5)
    assert (weight.data - 1).abs().min() > 1e-4


def test_keras_s_rmsprop_by_the_formula():
    weight = nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    optimizer, velocity, expected = KerasRMSprop([weight], lr=0.1), [0.0, 0.0], [2.0, -1.0]
    for gradients in ([0.5, -1e-4], [1e-5, 3.0], [0.0, 0.2]):
        weight.grad = torch.tensor(gradients, dtype=torch.float64)
        optimizer.step()
        velocity = [0.9 * v + 0.1 * g * g for v, g in zip(velocity, gradients, strict=True)]
        expected = [
            w - 0.1 * g / (v + 1e-7) ** 0.5 for w, g, v in zip(expected, gradients, velocity, strict=True)
        ]
        assert weight.tolist() == pytest.approx(expected)


def test_keras_s_rmsprop_leaves_what_has_no_gradient_and_calls_a_closure():
    still, moved = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = KerasRMSprop([still, moved], weight_decay=0.5)

    def closure():
        optimizer.zero_grad()
        loss = moved.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2
    assert torch.equal(still.data, torch.ones(2))
    assert (moved < 1).all()


def test_keras_s_rmsprop_goes_on_from_its_state():
    one, other = Pair(), Pair()
    part = OptimizerPart(name="rmsprop-keras", lr=0.01, momentum=0.5)
    optimizer = make_optimizer(one, part)
    trained(one, optimizer)
    other.load_state_dict(one.state_dict())
    again = make_optimizer(other, part)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    same(trained(one, optimizer)[0], trained(other, again)[0])


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


def test_a_whole_classifiers_encoder_is_all_but_its_last_layer():
    network = build_network(read_recipe("portfolio2026-mobilenetv2").network, pretrained=False)
    groups = make_optimizer(network, OptimizerPart(lr=0.1, encoder_lr=0.5)).param_groups
    counts = {group["lr"]: sum(p.numel() for p in group["params"]) for group in groups}
    # 1280 features for 4 classes, and their biases; 2 228 420 in all, as the recipe states.
    assert counts == {0.1: 1280 * 4 + 4, 0.05: 2_228_420 - 1280 * 4 - 4}


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


def rates(name, values, **settings):
    """The rates that a plateau makes of monitored values."""
    optimizer = make_optimizer(Pair(), OptimizerPart(name="sgd", lr=1))
    made = make_schedule(optimizer, SchedulePart(name=name, epochs=4, **settings), STEPS)
    found = []
    for value in values:
        made["scheduler"].step(value)
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.fixture(scope="module")
def keras_rates(keras):
    """The rates that Keras's own callback makes of monitored values."""
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    def run(values, mode="min", **settings):
        callback = keras.callbacks.ReduceLROnPlateau(monitor="watched", mode=mode, **settings)
        callback.set_model(model)
        model.optimizer.learning_rate = 1.0
        callback.on_train_begin()
        found = []
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {"watched": value})
            found.append(float(model.optimizer.learning_rate))
        return found

    return run


@given(
    values=st.lists(st.sampled_from([1.0, 0.9, 0.89995, 0.89985, 0.5, 0.49999]), min_size=1, max_size=15),
    patience=st.integers(0, 4),
    higher=st.booleans(),
)
def test_plateau_keras_lowers_when_keras_does(keras_rates, values, patience, higher):
    monitor, mode = ("validation_dice", "max") if higher else ("validation_loss", "min")
    found = rates("plateau-keras", values, patience=patience, factor=0.5, monitor=monitor)
    assert found == pytest.approx(keras_rates(values, mode, patience=patience, factor=0.5))


def test_patience_is_one_epoch_longer_in_torch(keras_rates):
    """Halved "every 3 epochs without a decrease" (Ferreira et al. 2024) is what Keras means by patience 3."""
    assert rates("plateau-keras", [1.0] * 8, patience=3) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert rates("plateau", [1.0] * 8, patience=3) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]


def test_a_run_stops_and_keeps_what_keras_would(keras, stopped_early):
    values = [float(row["validation_accuracy"]) for row in read_log(stopped_early / "log.csv")]
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    callback = keras.callbacks.EarlyStopping("watched", patience=3, mode="max")
    callback.set_model(model)
    callback.on_train_begin()
    asked = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"watched": value})
        asked.append(getattr(model, "stop_training", False))
    assert asked == [False] * (len(values) - 1) + [True]
    result = json.loads((stopped_early / "result.json").read_text())
    assert result["best_epoch"] == callback.best_epoch + 1
