"""Fixed weights: the gradient of the sum, and nothing to remember."""

import pytest
import torch

from brainmtl.training.balancing.balancing import Balancing, known


def test_the_gradient_of_the_sum(step):
    assert step(Balancing(), (1.0, 2.0), (-3.0, 1.0)) == ([-2.0, 3.0], [1.0, 1.0], None)


def test_nothing_is_learned_or_kept():
    assert Balancing().parameters() == []
    assert Balancing().memory() == {}


@pytest.mark.parametrize("other", [0.0, 3.0])
def test_a_task_without_a_gradient_is_unknown(other):
    task = torch.ones((), requires_grad=True) * 2
    assert known([task, torch.tensor(other)]) == [task]
