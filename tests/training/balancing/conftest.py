"""What the tests of balancing share: two tasks over one vector of weights."""

import pytest
import torch
from torch import nn


class Toy(nn.Module):
    """An encoder that is a vector of two weights, and a weight a head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 1, bias=False)
        self.heads = nn.ParameterList([torch.tensor(1.0), torch.tensor(1.0)])
        with torch.no_grad():
            self.encoder.weight.zero_()

    def tasks(self, one, other):
        """Losses whose gradients over the encoder are these two vectors, and 1 over each head."""
        gradients = torch.tensor([one, other])
        return tuple(
            (self.encoder.weight[0] * gradient).sum() + head
            for gradient, head in zip(gradients, self.heads, strict=True)
        )


@pytest.fixture
def toy():
    return Toy()


@pytest.fixture
def step():
    """Take a step on tasks with these gradients: what encoder and heads got, what the balancing says."""

    def take(balancing, one, other):
        network = Toy()
        tasks = network.tasks(one, other)
        weights = balancing.backward(tasks[0] + tasks[1], tasks, network)
        return network.encoder.weight.grad[0].tolist(), [head.grad.item() for head in network.heads], weights

    return take
