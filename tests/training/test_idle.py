"""What is said to do nothing does nothing."""

import pytest
import torch
from safetensors.torch import load_file

from brainmtl.training.idle import USED_BY, idle_settings
from brainmtl.training.recipe import read_recipe, recipe_names

PLAIN = ("optimizer={name: adam, lr: 1e-2}", "schedule={name: constant, epochs: 2}")
IDLE = {
    "data.fold": 3,
    "balancing.temperature": 5.0,
    "balancing.asymmetry": 0.5,
    "balancing.rate": 0.5,
    "balancing.radius": 0.1,
    "optimizer.momentum": 0.9,
    "schedule.warmup": 0.5,
    "schedule.factor": 0.1,
    "schedule.patience": 1,
}


def test_a_run_with_every_idle_setting_is_the_run_without(run, tiny):
    changed = (*PLAIN, *(f"{path}={value}" for path, value in IDLE.items()))
    said = idle_settings(tiny(*changed))
    assert [sentence.split("=")[0] for sentence in said] == list(IDLE) == list(USED_BY)
    plain, idle = (
        load_file(run(*how, name=name) / "model.safetensors")
        for how, name in ((PLAIN, "plain"), (changed, "idle"))
    )
    assert all(torch.equal(plain[name], value) for name, value in idle.items())


@pytest.mark.parametrize("path", IDLE)
def test_nothing_is_said_of_what_is_used(tiny, path):
    choice, users = USED_BY[path]
    section, _ = path.split(".")
    for user in users:
        assert idle_settings(tiny(*PLAIN, f"{section}.{choice}={user}", f"{path}={IDLE[path]}")) == []


def test_the_sentence_says_what_would_use_it(tiny):
    assert idle_settings(tiny("schedule.patience=3")) == [
        "schedule.patience=3 does nothing: schedule.name is one-cycle, not plateau or plateau-keras"
    ]


@pytest.mark.parametrize("name", recipe_names())
def test_no_shipped_recipe_has_an_idle_setting(name):
    assert idle_settings(read_recipe(name)) == []
