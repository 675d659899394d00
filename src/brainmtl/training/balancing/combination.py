"""Gradients of two tasks combined into one over the weights they share."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from brainmtl.errors import UsageError
from brainmtl.training.balancing.balancing import Balancing, Weights, known
from brainmtl.training.balancing.gradients import Gradient, gramian, shared_weights, task_gradients


class Combination(Balancing):
    """Over the encoder ``Σ f·g``, with factors f by how the tasks' gradients g lie; the sum elsewhere.

    Gradients that do not disturb one another, orthogonal and equally long, have the factors 1.

    Args:
        factors: from the Gramian of two gradients, float64 ``(2, 2)``, to ``(2,)``.
    """

    def __init__(self, factors: Callable[[Tensor], Tensor]) -> None:
        self.factors = factors

    def backward(self, total: Tensor, tasks: Sequence[Tensor], network: nn.Module) -> Weights | None:
        """See :meth:`Balancing.backward`."""
        shared = shared_weights(network)
        if len(known(tasks)) < 2 or not shared:
            return super().backward(total, tasks, network)
        inner = {id(weight) for weight in shared}
        heads = [
            weight for weight in network.parameters() if weight.requires_grad and id(weight) not in inner
        ]
        gradients = task_gradients(tasks, [*shared, *heads])
        products = gramian([gradient[: len(shared)] for gradient in gradients])
        finite = bool(torch.isfinite(products).all())
        mask, classes = self.factors(products).tolist() if finite else (1.0, 1.0)
        _add(shared, [gradient[: len(shared)] for gradient in gradients], (mask, classes))
        _add(heads, [gradient[len(shared) :] for gradient in gradients], (1.0, 1.0))
        return mask, classes


def pcgrad() -> Combination:
    """Each gradient loses what goes against the other (Yu et al., NeurIPS 2020, algorithm 1).

    With two tasks this is UPGrad too (Quinton and Rey, Jacobian descent, 2024): the projection onto the dual
    cone of two gradients changes the same component, so that no solver is needed.
    """
    from torchjd.aggregation import PCGradWeighting

    return Combination(PCGradWeighting())


def aligned_mtl() -> Combination:
    """Principal components of the gradients brought to the length of the shortest (Senushkin et al., CVPR
    2023, algorithm 1)."""
    from torchjd.aggregation import AlignedMTLWeighting

    return Combination(AlignedMTLWeighting(pref_vector=torch.ones(2, dtype=torch.float64)))


def cagrad(radius: float) -> Combination:
    """The step, within a ball around the mean gradient, that helps the task most that it helps least (Liu et
    al., NeurIPS 2021, algorithm 1); divided by 1 + radius, as its authors' code can, and doubled, a sum.

    Args:
        radius: of the ball, 0 to below 1, as a share of the mean gradient's length: its ``c``.

    Raises:
        UsageError: the solver is not installed.
    """
    from torchjd.aggregation import CAGradWeighting

    try:
        weighting = CAGradWeighting(c=radius)
    except ImportError as error:
        raise UsageError("cvxpy is not installed", mend="pip install 'brainmtl[cagrad]'") from error
    return Combination(lambda products: weighting(products) * (2 / (1 + radius)))


def _add(weights: Sequence[Tensor], gradients: Sequence[Gradient], factors: Weights) -> None:
    for number, weight in enumerate(weights):
        for gradient, factor in zip(gradients, factors, strict=True):
            one = gradient[number]
            if one is not None:
                weight.grad = one * factor if weight.grad is None else weight.grad.add_(one, alpha=factor)
