"""Jobs on the machines of a cluster; one whose machine or process dies goes on elsewhere."""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from brainmtl.cluster import cluster
from brainmtl.errors import BrainmtlError, InputError, InterruptedRun
from brainmtl.study.jobs import BUSY, POLL_SECONDS, Ended, Job, outcome, start
from brainmtl.study.workers import Workers

RETRIES: Final = 5
"""How often a job that was killed goes on; what it has done stays done."""


class StoppedJob(Exception):
    """A job's process was killed, stopped, or kept from its run, on a machine that goes on.

    Args:
        code: that it ended with.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class UnsharedFolder(Exception):
    """A machine does not see a job's folder; the argument is its name."""


def run_on_cluster(
    jobs: Sequence[Job], workers: Workers, address: str, tick: Callable[[], None]
) -> Iterator[Ended]:
    """Run jobs as Ray's tasks, each of which starts the process that would run here.

    Args:
        jobs: that are not done.
        workers: tasks at a time, which wait for a machine with room; as many processors are a task's own as
            it has threads, and a GPU, where the cluster has any.
        address: see :func:`~brainmtl.cluster.cluster`.
        tick: called several times a second.

    Yields:
        each job as it ends, with what went wrong. Closing the iterator stops the others; they can be resumed.

    Raises:
        BrainmtlError: there is no such cluster.
    """
    waiting, running = [_absolute(job) for job in jobs], dict[Any, Job]()
    given = {_absolute(job): job for job in jobs}
    with cluster(address) as ray:
        work = ray.remote(_work).options(
            num_cpus=workers.threads,
            num_gpus=min(1, ray.cluster_resources().get("GPU", 0)),
            max_retries=RETRIES,
            retry_exceptions=[StoppedJob],
        )
        while waiting or running:
            while waiting and len(running) < workers.number:
                job = waiting.pop(0)
                running[work.remote(job.to_json(), workers.threads)] = job
            ended, _ = ray.wait(list(running), timeout=POLL_SECONDS)
            for task in ended:
                job = running.pop(task)
                yield given[job], _outcome(ray, task, job)
            tick()


def _absolute(job: Job) -> Job:
    """A task begins in a folder of Ray's."""
    run, recipe, manifest = (str(Path(path).resolve()) for path in (job.run, job.recipe, job.manifest))
    weights = None if job.encoder_weights is None else str(Path(job.encoder_weights).resolve())
    return replace(job, run=run, recipe=recipe, manifest=manifest, encoder_weights=weights)


def _work(written: str, threads: int) -> int:
    """What a machine of the cluster does; the exit code of the job's process."""
    job = Job.from_json(written)
    if not Path(job.recipe).is_file():
        raise UnsharedFolder(socket.gethostname())
    code = start(job, threads).wait()
    if code < 0 or code in (InterruptedRun.exit_code, BUSY):
        raise StoppedJob(code)
    return code


def _outcome(ray: Any, task: Any, job: Job) -> BrainmtlError | None:
    try:
        return outcome(job, ray.get(task))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, StoppedJob):
            return outcome(job, error.cause.code)
        if isinstance(error.cause, UnsharedFolder):
            return InputError(
                f"{error.cause} does not see it",
                where=job.recipe,
                mend="name a folder that all machines share",
            )
        return BrainmtlError(f"the cluster could not run it: {error.cause}", where=job.run)
    except ray.exceptions.RayError as error:
        said = str(error).strip().partition("\n")[0]
        return BrainmtlError(f"the cluster lost it: {said}", where=job.run, mend="call again to go on")
