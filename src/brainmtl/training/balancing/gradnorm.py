"""Weights that make the tasks' gradients equally long (Chen et al., GradNorm, ICML 2018)."""

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from brainmtl.training.balancing.balancing import Balancing, Weights, known
from brainmtl.training.balancing.gradients import gramian, shared_weights, task_gradients

LEAST: Final = 0.01
"""A weight never falls below it, before both are brought to their sum."""


class GradNorm(Balancing):
    """Learn weights w, of sum 2, by which ``Σ |w·g - mean(w·g)·r^α|`` falls (algorithm 1).

    g is the length of a task's gradient over the last convolution that the tasks share, and r what is left of
    its first loss, over the mean of both: a task that lags behind gets the longer gradient.

    Args:
        asymmetry: α, 0 or more; at 0 both gradients become equally long.
        rate: learning rate of the weights, above 0; they have an Adam of their own.
    """

    def __init__(self, asymmetry: float = 1.5, rate: float = 0.025) -> None:
        self.asymmetry = asymmetry
        self.weights = torch.ones(2, requires_grad=True)
        self.optimizer = torch.optim.Adam([self.weights], lr=rate)
        self.first: Tensor | None = None

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """See :meth:`Balancing.backward`; where both tasks are known the weights learn too."""
        mask, classes = self.weights.tolist()
        last = _last_shared(network)
        if len(known(tasks)) == 2 and last is not None:
            lengths = gramian(task_gradients(tasks, [last])).diagonal().sqrt().float()
            self._learn(lengths, torch.stack([task.detach().cpu() for task in tasks]))
        (mask * tasks[0] + classes * tasks[1]).backward()
        return mask, classes

    def _learn(self, lengths: Tensor, losses: Tensor) -> None:
        """One step of the weights.

        Args:
            lengths: of the unweighted gradients, ``(2,)``.
            losses: ``(2,)``.
        """
        if self.first is None:
            self.first = losses
        left = losses / self.first
        if not (torch.isfinite(left).all() and torch.isfinite(lengths).all()):
            return
        weighted = self.weights * lengths
        aim = (weighted.mean() * (left / left.mean()) ** self.asymmetry).detach()
        self.optimizer.zero_grad()
        (weighted - aim).abs().sum().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        with torch.no_grad():
            self.weights.clamp_(min=LEAST).mul_(2 / self.weights.sum())

    def memory(self) -> dict[str, Any]:
        """The weights, their optimiser, and the first losses."""
        return {
            "weights": self.weights.detach().clone(),
            "optimizer": self.optimizer.state_dict(),
            "first": self.first,
        }

    def recall(self, memory: dict[str, Any]) -> None:
        """See :meth:`Balancing.recall`."""
        self.weights.data.copy_(memory["weights"])
        self.optimizer.load_state_dict(memory["optimizer"])
        self.first = memory["first"]


def _last_shared(network: nn.Module) -> Tensor | None:
    """The last weight of the encoder that is no vector; ``None`` where all are frozen."""
    return next((weight for weight in reversed(shared_weights(network)) if weight.ndim > 1), None)
