"""Memory that is kept is not asked for again; in large pages there is less to ask for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brainmtl.training.memory import LARGE_PAGES

KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")
TENSOR = """
import sys
from brainmtl.training.memory import use_large_pages
if sys.argv[1] == "large":
    use_large_pages()
import torch
tensor = torch.ones(16 << 20)
print(next(line.split()[1] for line in open("/proc/self/smaps_rollup") if "AnonHugePages" in line))
"""
PROGRAM = """
import resource, sys
from brainmtl.training.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for turn in range(21):
    if turn == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

FILLED = """
import sys, torch
from brainmtl.training.memory import leave_new_memory_unfilled
torch.use_deterministic_algorithms(True)
if sys.argv[1] == "unfilled":
    leave_new_memory_unfilled()
print(int(torch.empty(4096).isnan().sum()))
"""


def _number(program: str, how: str, environment: dict[str, str] | None = None) -> int:
    called = [sys.executable, "-c", program, how]
    return int(subprocess.run(called, capture_output=True, text=True, check=True, env=environment).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_twenty_large_blocks_cost_their_pages_once():
    assert _number(PROGRAM, "kept") < 0.05 * _number(PROGRAM, "given back")


@pytest.mark.skipif(
    not KERNEL.is_file() or "[madvise]" not in KERNEL.read_text(), reason="it has no say here"
)
def test_a_tensor_lies_in_large_pages_where_they_are_asked_for():
    others = {name: value for name, value in os.environ.items() if name != LARGE_PAGES}
    assert _number(TENSOR, "small", others) == 0
    assert _number(TENSOR, "large", others) > 32_000
    assert _number(TENSOR, "large", others | {LARGE_PAGES: "0"}) == 0


def test_new_tensors_are_not_filled_with_nan_first():
    assert _number(FILLED, "as torch does") == 4096
    assert _number(FILLED, "unfilled") < 4096  # whatever lay there before may be NaN in places
