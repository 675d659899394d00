"""One job in a process of its own: ``python -m brainmtl.study.worker THREADS JOB``."""

import os
import sys
import threading
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from brainmtl.errors import BrainmtlError
from brainmtl.study.jobs import BUSY, Job
from brainmtl.training import fit
from brainmtl.training.evaluate import evaluate
from brainmtl.training.recipe import read_recipe
from brainmtl.training.run import has_finished

PATIENCE_SECONDS = 10
"""How long a worker waits for one that was killed to let go of the run."""


def perform(job: Job) -> None:
    """Train a run, or go on with it, and measure it; what is done already is not done again.

    Args:
        job: what to do.

    Raises:
        BrainmtlError: as ``brainmtl train`` and ``brainmtl evaluate`` raise it.
    """
    run = Path(job.run)
    if not (run / "recipe.yaml").is_file():
        weights = None if job.encoder_weights is None else Path(job.encoder_weights)
        recipe = read_recipe(Path(job.recipe), job.overrides)
        fit.train(recipe, Path(job.manifest), run, encoder_weights=weights, bar=False)
    elif not has_finished(run):
        fit.resume(run, bar=False)
    for part in job.parts:
        if not (run / "evaluation" / part / "metrics.json").is_file():
            evaluate(run, part, note=False)  # type: ignore[arg-type]


def main() -> int:
    """Run the job named on the command line; the exit codes are the command line's."""
    threads, job = int(sys.argv[1]), Job.from_json(sys.argv[2])
    torch.set_num_threads(threads)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    lock = Path(job.run).with_name(f".{Path(job.run).name}.lock")
    try:
        with FileLock(lock, timeout=PATIENCE_SECONDS):
            perform(job)
    except Timeout:
        return BUSY
    except BrainmtlError as error:
        print(f"error: {error}", flush=True)
        return error.exit_code
    return 0


def _die_with_the_parent() -> None:
    """Nobody but this process may go on with the run once whoever asked for it is gone."""
    while os.read(0, 1):
        pass
    os._exit(4)


if __name__ == "__main__":
    sys.exit(main())
