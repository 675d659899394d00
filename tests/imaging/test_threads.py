"""As many threads as the process may use processors."""

import os
import subprocess
import sys

import pytest

from brainmtl.imaging.threads import THREADS, allotted, processors, threads


def test_a_pool_has_a_thread_a_processor():
    with threads() as pool:
        assert pool._max_workers == processors() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("told", "found"), [("3", 3), ("", None), ("0", None), ("many", None)])
def test_a_process_uses_the_threads_that_it_was_allotted(monkeypatch, told, found):
    monkeypatch.setenv(THREADS, told)
    assert allotted() == found
    with threads() as pool:
        assert pool._max_workers == (found or processors())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to processors")
def test_a_process_bound_to_one_processor_has_one():
    bound = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})"
    said = "from brainmtl.imaging.threads import processors; print(processors())"
    found = subprocess.run(
        [sys.executable, "-c", f"{bound}; {said}"], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "1"
