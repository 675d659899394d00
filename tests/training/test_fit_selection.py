"""Which epoch a run keeps, and when it stops."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from brainmtl.training.log import read_log


def read(run, name):
    return json.loads((run / name).read_text())


def column(run, name):
    return [float(row[name]) for row in read_log(run / "log.csv")]


def test_the_best_epoch_by_the_monitor_is_kept(run):
    swaying = run("schedule={name: constant, epochs: 5}", "optimizer={name: sgd, lr: 1, momentum: 0.9}")
    losses = column(swaying, "validation_loss")
    best = int(np.argmin(losses))
    assert best < 4, "the run should get worse at its end"
    result = read(swaying, "result.json")
    assert result["best_epoch"] == best + 1
    assert result["best_score"] == pytest.approx(losses[best], rel=1e-5)
    kept = torch.load(swaying / "checkpoints" / "best.ckpt", weights_only=True)
    torch.testing.assert_close(
        load_file(swaying / "model.safetensors"),
        {name.removeprefix("network."): value for name, value in kept["state_dict"].items()},
    )
    last = torch.load(swaying / "checkpoints" / "last.ckpt", weights_only=True)
    assert (kept["epoch"], last["epoch"]) == (best, 4)


def test_early_stopping_stops(stopped_early, steady):
    accuracy = column(stopped_early, "validation_accuracy")
    assert len(set(accuracy)) == 1
    assert len(accuracy) == 1 + steady.schedule.stop_after < steady.schedule.epochs
    assert read(stopped_early, "result.json")["epochs"] == 4


def test_plateau_lowers_the_rate_as_torch_does(stopped_early):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1e-6)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0)
    expected = []
    for accuracy in column(stopped_early, "validation_accuracy"):
        expected.append(optimizer.param_groups[0]["lr"])
        plateau.step(accuracy)
    assert column(stopped_early, "lr") == pytest.approx(expected)
    assert expected[-1] < expected[0]
