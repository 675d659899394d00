"""The gradients of two tasks, each on its own, and how they lie to one another."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Gradient = tuple[Tensor | None, ...]
"""One entry a weight; ``None`` where the loss does not depend on it."""


def shared_weights(network: nn.Module) -> list[Tensor]:
    """The weights of the encoder that train.

    Args:
        network: with an ``encoder``.
    """
    return [weight for weight in network.get_submodule("encoder").parameters() if weight.requires_grad]


def task_gradients(tasks: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Gradient]:
    """The gradient of each loss; the graph stays, and no ``.grad`` changes.

    Args:
        tasks: scalars.
        weights: leaves of their graph.
    """
    return [torch.autograd.grad(task, weights, retain_graph=True, allow_unused=True) for task in tasks]


def gramian(gradients: Sequence[Gradient]) -> Tensor:
    """The inner products of gradients.

    Args:
        gradients: ``T`` of them, over the same weights.

    Returns:
        Float64 ``(T, T)``, on the processor.
    """
    products = torch.zeros(len(gradients), len(gradients), dtype=torch.float64)
    for row, one in enumerate(gradients):
        for column, other in enumerate(gradients[: row + 1]):
            pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
            found = sum(float((a * b).sum()) for a, b in pairs)
            products[row, column] = products[column, row] = found
    return products


def cosine(products: Tensor) -> float | None:
    """The cosine between two gradients: below 0 they are in conflict (Yu et al. 2020, definition 1).

    Args:
        products: their Gramian ``(2, 2)``.

    Returns:
        -1 to 1; ``None`` where one of them is 0 or not finite.
    """
    lengths = float((products[0, 0] * products[1, 1]).sqrt())
    if not 0 < lengths < float("inf"):
        return None
    return max(-1.0, min(1.0, float(products[0, 1]) / lengths))
