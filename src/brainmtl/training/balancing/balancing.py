"""What every balancing does: from the losses of two tasks to the gradient that a step follows."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

Weights = tuple[float, float]
"""What the mask loss and the class loss count for."""


class Balancing:
    """Fixed weights, those of the recipe's ``losses``: the gradient of the sum.

    Others derive from it, and say what they do otherwise.
    """

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """Leave a gradient in every weight that trains.

        Args:
            total: the sum of the tasks.
            tasks: the mask loss and the class loss, each times its weight; one without a gradient is of a
                task of which the batch knows nothing.
            network: an ``encoder`` that both tasks share, and their heads.

        Returns:
            What each task counted for in this step, where that is not fixed and both were known.
        """
        total.backward()  # type: ignore[no-untyped-call]
        return None

    def parameters(self) -> list[Tensor]:
        """What the optimiser of the network learns of the balance."""
        return []

    def end_epoch(self, mask_loss: float, class_loss: float) -> None:
        """Take note of an epoch of training.

        Args:
            mask_loss: its mean.
            class_loss: its mean.
        """

    def memory(self) -> dict[str, Any]:
        """What a checkpoint keeps: plain values and tensors."""
        return {}

    def recall(self, memory: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Args:
            memory: of :meth:`memory`.
        """


def known(tasks: Sequence[Tensor]) -> list[Tensor]:
    """The tasks that a batch tells something of.

    Args:
        tasks: losses.
    """
    return [task for task in tasks if task.requires_grad]
