"""Weights learned with the network, by how uncertain each task is (Kendall, Gal and Cipolla, CVPR 2018)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brainmtl.training.balancing.balancing import Balancing, Weights


class Uncertainty(Balancing):
    """Minimise ``Σ exp(-s)·L + s/2``, where ``s = log σ²`` of a task is learned (eq. 10, both tasks being of
    the kind that has a likelihood of classes).

    It starts at the fixed weights, s = 0. Left to itself a weight goes to ``1 / 2L``: the smaller a loss has
    become, the more it counts. A task of which a batch knows nothing leaves its s alone: each is a tensor of
    its own, without a gradient then, which optimisers pass over.
    """

    def __init__(self) -> None:
        self.log_variances = [torch.zeros((), requires_grad=True) for _ in range(2)]

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """See :meth:`Balancing.backward`; s gets a gradient too."""
        terms = [
            torch.exp(-s) * task + s / 2
            for task, s in zip(tasks, self.log_variances, strict=True)
            if task.requires_grad
        ]
        torch.stack(terms).sum().backward()  # type: ignore[no-untyped-call]
        mask, classes = (float(torch.exp(-s.detach())) for s in self.log_variances)
        return mask, classes

    def parameters(self) -> list[Tensor]:
        """Both s."""
        return self.log_variances

    def memory(self) -> dict[str, Any]:
        """Both s."""
        return {"log_variances": [s.item() for s in self.log_variances]}

    def recall(self, memory: dict[str, Any]) -> None:
        """See :meth:`Balancing.recall`."""
        for s, value in zip(self.log_variances, memory["log_variances"], strict=True):
            s.data.fill_(value)
