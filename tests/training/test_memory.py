"""Memory that is kept is not asked for again."""

import subprocess
import sys

import pytest

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


def _faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_twenty_large_blocks_cost_their_pages_once():
    assert _faults("kept") < 0.05 * _faults("given back")
