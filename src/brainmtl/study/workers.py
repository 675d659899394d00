"""Who trains a study's runs."""

import os
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Workers:
    """Processes, each of which trains one run at a time.

    Attributes:
        number: at a time. Results do not depend on it.
        threads: of each; results may depend on it in the last digits.
        ray: the cluster that they run on, as :func:`~brainmtl.cluster.cluster` takes it; its machines need
            the study's folder and the data under the same paths. ``None`` for here.
    """

    number: int = 1
    threads: int = 1
    ray: str | None = None


HERE: Final = Workers()


def fitting_workers(runs: int, number: int | None, threads: int, ray: str | None) -> Workers:
    """As many workers as asked for, or as there is room for.

    Args:
        runs: how many there are to train.
        number: asked for. ``None``: as the cores that this process may use allow; one where a GPU does the
            work; on a cluster, which knows itself what it has room for, one a run.
        threads: of each worker.
        ray: see :class:`Workers`.
    """
    if number is None:
        number = runs if ray is not None else _room(runs, threads)
    return Workers(number, threads, ray)


def _room(runs: int, threads: int) -> int:
    import torch

    if torch.cuda.is_available():
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(runs, cores // threads))
