"""Memory that a training asks for once: kept when it is freed, in large pages, not filled beforehand."""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Numbers of mallopt(3)."""
LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""What torch looks for before its first tensor."""


def use_large_pages() -> None:
    """Have torch ask Linux for pages of 2 MB for its tensors, of which there are fewer to find.

    It must be called before anything makes a tensor, importing Lightning or timm included; later it does
    nothing, and neither where a user has chosen already.
    """
    os.environ.setdefault(LARGE_PAGES, "1")


def keep_freed_memory() -> None:
    """Have glibc keep what is freed, for the whole process; nothing happens where there is no glibc.

    By itself it maps every large tensor anew and hands it back when freed, so that each step of a training
    pays for all its pages again: a third more time for a U-Net on two cores.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


def leave_new_memory_unfilled() -> None:
    """Have torch not write NaN into every new tensor, as it does where algorithms are to be deterministic.

    Nothing here reads what it has not written, so that no result changes; the writing takes a seventh of a
    step at 256 pixels.
    """
    import torch

    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
