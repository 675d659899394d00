"""Frozen stages and two phases in whole runs, against loops by hand."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.errors import InputError
from brainmtl.models.build import build_network
from brainmtl.models.freezing import thaw
from brainmtl.training.batches import Slices, loader
from brainmtl.training.learner import Learner
from brainmtl.training.log import read_log

FROZEN = "network.encoder.frozen=[stage1]"
STAGE = "encoder.levels.0."
FIRST = 9 * 4 + 9 * 4 * 4 + 4 * 4
"""Parameters of the first stage of the tiny network."""


def read(run, name):
    return json.loads((run / name).read_text())


def column(run, name):
    return [float(row[name]) for row in read_log(run / "log.csv")]


def start_of(recipe):
    torch.manual_seed(recipe.seed)
    return build_network(recipe.network)


@pytest.mark.parametrize("ema", ["null", "0.8"])
def test_a_frozen_stage_leaves_a_run_as_it_entered(run, tiny, ema):
    one = run(FROZEN, f"schedule.ema={ema}")
    state = load_file(one / "model.safetensors")
    before = start_of(tiny()).state_dict()
    for name, value in state.items():
        if name.startswith(STAGE):
            torch.testing.assert_close(
                value, before[name].contiguous(), atol=0 if ema == "null" else 1e-6, rtol=0
            )
        elif value.is_floating_point():
            assert not torch.allclose(value, before[name].contiguous()), name


def test_what_trains_is_told_and_kept(run, capfd):
    one = run(FROZEN, "schedule.epochs=1")
    about = read(one, "network.json")
    assert (about["parameters"], about["trainable_parameters"]) == (1725, 1725 - FIRST)
    assert capfd.readouterr().err.startswith(f"{1725 - FIRST:,} of 1,725 parameters train\n")


def test_the_optimiser_in_the_checkpoint_holds_what_trains(run, tiny):
    one = run(FROZEN, "schedule.epochs=1")
    checkpoint = torch.load(one / "checkpoints" / "last.ckpt", weights_only=True)
    held = [p for group in checkpoint["optimizer_states"][0]["param_groups"] for p in group["params"]]
    trains = [p for p in start_of(tiny(FROZEN)).parameters() if p.requires_grad]
    assert len(held) == len(trains)


TWO = (
    FROZEN,
    "optimizer={name: sgd, lr: 0.05, momentum: 0.9}",
    "schedule={name: one-cycle, epochs: 5, warmup: 0.4}",
    "fine_tuning={after: 2, lr: 0.01}",
)


class Untrained(Learner):
    """Told its epoch by the loop, not by a trainer."""

    current_epoch = 0


def test_two_phases_are_two_loops_by_hand(run, tiny, manifest, capfd):
    recipe = tiny(*TWO)
    learner = Untrained(start_of(recipe), recipe)
    table = read_manifest(manifest)
    slices = Slices(table, open_cache(table, recipe.data.size), True)
    rows = np.flatnonzero((table["split"] == "train") & ~table["validation"])
    rates, states = [], []
    for epochs, rate in ((range(2), 0.05), (range(2, 5), 0.01)):
        if rate == 0.01:
            thaw(learner.network)
        trains = [p for p in learner.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trains, lr=rate, momentum=0.9)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rate, total_steps=4 * len(epochs), pct_start=0.4, cycle_momentum=False
        )
        for epoch in epochs:
            torch.manual_seed(recipe.seed * 1_000_003 + epoch)
            rates.append(optimizer.param_groups[0]["lr"])
            learner.current_epoch = epoch
            for number, batch in enumerate(loader(slices, rows, recipe.data, recipe.seed, epoch)):
                optimizer.zero_grad()
                learner.training_step(batch, number).backward()
                optimizer.step()
                schedule.step()
        states.append({name: value.clone() for name, value in learner.network.state_dict().items()})
    one = run(*TWO)
    assert column(one, "lr") == pytest.approx(rates, rel=1e-5)
    last = torch.load(one / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    found = {name.removeprefix("network."): value for name, value in last.items()}
    torch.testing.assert_close(found, states[1], atol=1e-5, rtol=1e-4)
    before = start_of(recipe).state_dict()
    name = f"{STAGE}layers.0.weight"
    assert torch.equal(states[0][name], before[name])
    assert not torch.allclose(states[1][name], before[name])
    said = [line for line in capfd.readouterr().err.splitlines() if line.endswith("train")]
    assert said == [f"{1725 - FIRST:,} of 1,725 parameters train", "1,725 of 1,725 parameters train"]


def test_early_stopping_waits_for_the_second_phase(run):
    one = run(
        FROZEN,
        "schedule={name: plateau, patience: 0, stop_after: 1, epochs: 9, monitor: validation_accuracy}",
        "optimizer={name: sgd, lr: 1e-6}",
        "fine_tuning={after: 3, lr: 1e-7}",
    )
    accuracy = column(one, "validation_accuracy")
    assert len(set(accuracy)) == 1
    assert len(accuracy) == 3 + 1 + 1


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("fine_tuning={after: 1, lr: 1}",), r"network\.encoder\.frozen: nothing is frozen"),
        ((FROZEN, "fine_tuning={after: 3, lr: 1}"), r"fine_tuning\.after: 3 epochs of 3 leave none"),
        (("network.encoder.frozen=[stage3]",), r"network\.encoder\.frozen.*did you mean stage"),
        (
            ("network.classifier.classes=[glioma, pituitary]", "losses.label_smoothing=0.1"),
            r"losses\.label_smoothing: smoothing spreads",
        ),
        (("network.classifier.classes=[glioma, glioma]",), r"network\.classifier\.classes.*twice"),
    ],
)
def test_what_does_not_fit_is_said_before_a_folder_is_made(run, tmp_path, overrides, message):
    with pytest.raises(InputError, match=message):
        run(*overrides)
    assert list(tmp_path.iterdir()) == []
