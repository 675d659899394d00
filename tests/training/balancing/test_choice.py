"""Every name of a recipe is a balancing, and its settings arrive."""

from typing import get_args

import pytest
import torch

from brainmtl.training.balancing.choice import make_balancing
from brainmtl.training.recipe import BalancingPart

NAMES = get_args(BalancingPart.model_fields["name"].annotation)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_remembers_it_recalls(name, toy):
    one, other = make_balancing(BalancingPart(name=name)), make_balancing(BalancingPart(name=name))
    start = str(one.memory())
    for epoch in range(3):
        tasks = toy.tasks((1.0, 2.0), (3.0, 4.0))
        one.backward(tasks[0] + tasks[1], tasks, toy)
        if learnt := one.parameters():
            torch.optim.SGD(learnt, lr=0.1).step()
        one.end_epoch(1.0 + epoch, 2.0)
    assert (str(one.memory()) != start) == (name in ("uncertainty", "dwa", "gradnorm"))
    other.recall(one.memory())
    assert str(one.memory()) == str(other.memory())


def test_settings_arrive():
    average = make_balancing(BalancingPart(name="dwa", temperature=3))
    norm = make_balancing(BalancingPart(name="gradnorm", asymmetry=0.5, rate=0.1))
    assert (average.temperature, norm.asymmetry) == (3, 0.5)
    assert norm.optimizer.param_groups[0]["lr"] == 0.1
