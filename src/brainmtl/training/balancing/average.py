"""Weights by how slowly each loss falls from epoch to epoch (Liu, Johns and Davison, CVPR 2019)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brainmtl.training.balancing.balancing import Balancing, Weights

Losses = tuple[float, float]


class DynamicWeightAverage(Balancing):
    """Weights ``2·softmax(r / T)``, where r is a task's loss of the last epoch over that of the one before
    (eq. 7): a loss that falls slowly counts more. Equal in the first two epochs.

    Args:
        temperature: T above 0; the higher, the more alike the weights.
    """

    def __init__(self, temperature: float = 2.0) -> None:
        self.temperature = temperature
        self.epochs: list[Losses] = []

    @property
    def weights(self) -> Weights:
        """Of this epoch."""
        if len(self.epochs) < 2:
            return 1.0, 1.0
        before, last = (torch.tensor(losses, dtype=torch.float64) for losses in self.epochs)
        mask, classes = (2 * torch.softmax(last / before / self.temperature, 0)).tolist()
        return mask, classes

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """See :meth:`Balancing.backward`."""
        weights = self.weights
        (weights[0] * tasks[0] + weights[1] * tasks[1]).backward()  # type: ignore[no-untyped-call]
        return weights

    def end_epoch(self, mask_loss: float, class_loss: float) -> None:
        """See :meth:`Balancing.end_epoch`."""
        if mask_loss > 0 and class_loss > 0:
            self.epochs = [*self.epochs, (mask_loss, class_loss)][-2:]

    def memory(self) -> dict[str, Any]:
        """The losses of the last two epochs."""
        return {"epochs": self.epochs}

    def recall(self, memory: dict[str, Any]) -> None:
        """See :meth:`Balancing.recall`."""
        self.epochs = [(float(mask), float(classes)) for mask, classes in memory["epochs"]]
