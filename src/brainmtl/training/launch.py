"""Several processes on one machine that go on with a run, through torchrun's own launcher."""

import logging
import os
import sys
from pathlib import Path

from brainmtl.errors import BrainmtlError, InputError, InterruptedRun, UsageError
from brainmtl.imaging.threads import processors
from brainmtl.training import processes

PATIENCE_SECONDS = 15
"""How long processes that were told to stop may take."""


def launch(run: Path, devices: int) -> None:
    """Go on with a run in several processes, each on a device of its own or its share of the cores.

    Args:
        run: a run folder that has not finished.
        devices: how many.

    Raises:
        UsageError: torchrun has started several already.
        InputError: what the processes say cannot be used.
        InterruptedRun: one of them was stopped or killed, and so the others were stopped.
        BrainmtlError: one of them failed.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    if processes.count() > 1:
        raise UsageError("torchrun says how many processes there are", mend="leave out --devices")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, processors() // devices)))
    logging.getLogger("torch.distributed.elastic").setLevel(
        logging.CRITICAL
    )  # the processes say what went wrong
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=devices,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        shutdown_timeout=PATIENCE_SECONDS,
    )
    mend = f"go on with `brainmtl train --resume {run} --devices {devices}`"
    try:
        elastic_launch(config, sys.executable)("-m", "brainmtl.cli", "train", "--resume", str(run))
    except SignalException as stop:
        raise InterruptedRun("stopped", where=run, mend=mend) from stop
    except ChildFailedError as failed:
        raise _explained([failure.exitcode for failure in failed.failures.values()], run, mend) from failed


def _explained(codes: list[int], run: Path, mend: str) -> BrainmtlError:
    if any(code < 0 or code == InterruptedRun.exit_code for code in codes):
        return InterruptedRun("a process was stopped", where=run, mend=mend)
    if InputError.exit_code in codes:
        return InputError("a process could not go on", where=run, mend="see above")
    return BrainmtlError("a process failed", where=run, mend=f"see above; {mend}")
