"""The processes that train one network together, each on its share of every batch.

Torchrun starts them and tells each its number. A batch's slices are dealt out, each process computes the
gradient of its part of the batch's loss, and all take the step of the sum of these gradients. So their number
changes a run by rounding alone, but for three things: augmentation and dropout are drawn by each for itself,
off an accelerator batch norm knows its own share only, and a Dice over a batch becomes one over each share.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning.strategies import DDPStrategy, Strategy
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from brainmtl.errors import InterruptedRun

T = TypeVar("T")


def count() -> int:
    """How many there are; one where torchrun has not started this process."""
    return int(os.environ["WORLD_SIZE"]) if distributed.is_torchelastic_launched() else 1


def rank() -> int:
    """The number of this one, from 0; the first alone writes files and speaks."""
    return int(os.environ["RANK"]) if count() > 1 else 0


def meet() -> None:
    """Wait until all have come as far; the first time they get to know one another."""
    if count() == 1:
        return
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    with _others():
        distributed.barrier()


def gathered(value: T) -> list[T]:
    """What each of them hands over, in their order.

    Args:
        value: anything plain; all must call.
    """
    if count() == 1:
        return [value]
    found: list[T] = [value] * count()
    with _others():
        distributed.all_gather_object(found, value)
    return found


def own(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The share of a batch that is this process's.

    Args:
        rows: of the whole batch.
    """
    return rows if count() == 1 else np.array_split(rows, count())[rank()]


def shares(counts: Tensor) -> Tensor:
    """The part that this process has of what all have.

    Args:
        counts: of its own, ``(N,)``; all must call.

    Returns:
        In [0, 1], float32 ``(N,)``; 0 where nobody has any.
    """
    mine = counts.float()
    whole = _summed(mine.clone())
    return mine / whole.clamp(min=1)


@torch.no_grad()
def add_gradients(weights: Iterable[Tensor]) -> None:
    """Leave the sum of all processes' gradients in each.

    Args:
        weights: the same in all; what none of them has a gradient of keeps none.
    """
    if count() == 1:
        return
    held = [weight for weight in weights if weight.requires_grad]
    has = torch.tensor([float(weight.grad is not None) for weight in held], device=held[0].device)
    grads = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in held]
    flat = _summed(torch.cat([has, *(grad.reshape(-1) for grad in grads)]))
    sums = torch.split(flat[len(held) :], [weight.numel() for weight in held])
    for weight, known, total in zip(held, flat[: len(held)].tolist(), sums, strict=True):
        weight.grad = total.view_as(weight).clone() if known else None


@torch.no_grad()
def average_statistics(network: nn.Module) -> None:
    """Give all the mean of what batch norm has measured on their shares.

    Args:
        network: the same in all.
    """
    norms = [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.training and module.track_running_stats
    ]
    if count() == 1 or not norms:
        return
    kept = [value for norm in norms for value in (norm.running_mean, norm.running_var) if value is not None]
    flat = _summed(torch.cat(kept)) / count()
    for value, mean in zip(kept, torch.split(flat, [len(value) for value in kept]), strict=True):
        value.copy_(mean)


def _summed(values: Tensor) -> Tensor:
    """The sum over all processes, in place."""
    if count() > 1:
        with _others():
            distributed.all_reduce(values)
    return values


@contextmanager
def _others() -> Iterator[None]:
    """A process that waits for one that is no more has been interrupted."""
    try:
        yield
    except RuntimeError as error:
        raise InterruptedRun(
            "another process is gone", mend="go on with `brainmtl train --resume`"
        ) from error


class SharedBatches(DDPStrategy):
    """Lightning's processes and devices; the sum of the gradients is :func:`add_gradients`.

    Torch's own wrapper, which this leaves out, is told at the start which weights train and expects each in
    every step; here stages thaw, and a share may lack masks or labels.
    """

    def configure_ddp(self) -> None:
        """Leave the network as it is."""


def strategy() -> Strategy | str:
    """How Lightning runs this process."""
    return "auto" if count() == 1 else SharedBatches()
