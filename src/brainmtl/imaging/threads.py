"""Threads for work on many files."""

import os
from concurrent.futures import ThreadPoolExecutor


def threads() -> ThreadPoolExecutor:
    """A pool of as many threads as this process has processors.

    Python's own default has four more; where half of the work is Python's, they fight over its lock, and six
    threads on two processors are as slow as one.
    """
    return ThreadPoolExecutor(processors())


def processors() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
