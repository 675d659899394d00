"""An epoch of training as ours is: the set on the device, augmented there; and the clock."""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from brainmtl.training.batches import Slices, loader
from brainmtl.training.learner import Learner
from brainmtl.training.optimization import make_optimizer

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def our_epoch(learner: Learner, slices: Slices, rows: NDArray[np.int64], bf16: bool) -> Callable[[], None]:
    """What runs an epoch each time it is called.

    Args:
        learner: on the device.
        slices: of a set.
        rows: which of them train.
        bf16: compute in it.
    """
    learner.to(DEVICE)
    optimizer = make_optimizer(learner.network, learner.recipe.optimizer)

    def epoch() -> None:
        learner.means.clear()
        for number, given in enumerate(loader(slices, rows, learner.recipe.data, seed=0)):
            optimizer.zero_grad()
            batch = learner.transfer_batch_to_device(given, DEVICE, 0)
            with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
                loss = learner.training_step(batch, number)
            loss.backward()
            optimizer.step()

    return epoch


def fastest(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of several turns, after one that does not count."""
    work()
    best = float("inf")
    for _ in range(repeats):
        _wait()
        start = time.perf_counter()
        work()
        _wait()
        best = min(best, time.perf_counter() - start)
    return best


def _wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
