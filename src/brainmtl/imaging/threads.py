"""Threads for work on many files."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

THREADS: Final = "BRAINMTL_THREADS"
"""The variable that tells a process which is one of many on its machine how many threads it may use."""


def threads() -> ThreadPoolExecutor:
    """A pool of as many threads as this process has processors, or as it was allotted.

    Python's own default has four more; where half of the work is Python's, they fight over its lock, and six
    threads on two processors are as slow as one.
    """
    return ThreadPoolExecutor(allotted() or processors())


def allotted() -> int | None:
    """How many threads :data:`THREADS` allots to this process; ``None`` where it does not say."""
    told = os.environ.get(THREADS, "")
    return int(told) if told.isdecimal() and int(told) else None


def processors() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
