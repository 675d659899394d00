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
    become, the more it counts. A task of which a batch knows nothing leaves its s alone.
    """

    def __init__(self) -> None:
        self.log_variances = torch.zeros(2, requires_grad=True)

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """See :meth:`Balancing.backward`; s gets a gradient too."""
        terms = [
            torch.exp(-s) * task + s / 2
            for task, s in zip(tasks, self.log_variances.unbind(), strict=True)
            if task.requires_grad
        ]
        torch.stack(terms).sum().backward()  # type: ignore[no-untyped-call]
        mask, classes = torch.exp(-self.log_variances.detach()).tolist()
        return mask, classes

    def parameters(self) -> list[Tensor]:
        """Both s."""
        return [self.log_variances]

    def memory(self) -> dict[str, Any]:
        """Both s."""
        return {"log_variances": self.log_variances.detach().clone()}

    def recall(self, memory: dict[str, Any]) -> None:
        """See :meth:`Balancing.recall`."""
        self.log_variances.data.copy_(memory["log_variances"])
