"""Jobs: runs trained and measured side by side, each in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brainmtl.errors import BrainmtlError, InputError, InterruptedRun
from brainmtl.study.workers import Workers

POLL_SECONDS = 0.2
BUSY = 75
"""Exit code of a worker that found its run in another process's hands (as in BSD's sysexits)."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Fewer, larger pages to ask for: a seventh of a step's time. glibc reads it when a process begins."""


@dataclass(frozen=True)
class Job:
    """A run to train, or to go on with, and the parts to measure it on.

    Attributes:
        run: the run folder.
        recipe: a YAML file.
        overrides: ``field=value`` each.
        manifest: what to train on.
        parts: to measure once it has finished.
        encoder_weights: as ``brainmtl train`` takes them.
    """

    run: str
    recipe: str
    overrides: tuple[str, ...]
    manifest: str
    parts: tuple[str, ...]
    encoder_weights: str | None = None

    def is_done(self) -> bool:
        """Whether it has been trained and measured."""
        return all((Path(self.run) / "evaluation" / part / "metrics.json").is_file() for part in self.parts)

    def to_json(self) -> str:
        """The job as a worker reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, written: str) -> "Job":
        """Read what :meth:`to_json` wrote.

        Args:
            written: JSON.
        """
        content: dict[str, Any] = json.loads(written)
        return cls(**{**content, **{name: tuple(content[name]) for name in ("overrides", "parts")}})


Ended = tuple[Job, BrainmtlError | None]
"""A job that has ended, and what went wrong."""


def run_jobs(
    jobs: Sequence[Job], workers: Workers, tick: Callable[[], None] = lambda: None
) -> Iterator[Ended]:
    """Run jobs, each in a fresh process with a fixed number of threads, so that neither the number of workers
    nor their machine's other work touches a result.

    Args:
        jobs: those already done come back at once.
        workers: who does the others.
        tick: called several times a second.

    Yields:
        each job as it ends, with what went wrong. Closing the iterator stops the others; they can be resumed.

    Raises:
        BrainmtlError: there is no such cluster.
    """
    waiting = [job for job in jobs if not job.is_done()]
    yield from ((job, None) for job in jobs if job not in waiting)
    if workers.ray is None:
        yield from _run_here(waiting, workers, tick)
    elif waiting:
        from brainmtl.study.cluster_jobs import run_on_cluster

        yield from run_on_cluster(waiting, workers, workers.ray, tick)


def run_all(jobs: Sequence[Job], workers: Workers, epochs: int, progress: Callable[[int, int], None]) -> None:
    """Run jobs of which none may fail.

    Args:
        jobs: as for :func:`run_jobs`.
        workers: who does them.
        epochs: the most that a job may take.
        progress: called with epochs done and epochs in all.

    Raises:
        BrainmtlError: what went wrong with the first that failed; the others are stopped and can be resumed.
    """

    def tick() -> None:
        progress(sum(epochs_done(job, epochs) for job in jobs), epochs * len(jobs))

    for _, failure in run_jobs(jobs, workers, tick):
        if failure is not None:
            raise failure


def epochs_done(job: Job, epochs: int) -> int:
    """Epochs that a job has behind it; one that ended early counts as if it had gone on.

    Args:
        job: any.
        epochs: the most it may take.
    """
    if (Path(job.run) / "model.safetensors").is_file():
        return epochs
    log = Path(job.run) / "log.csv"
    return max(0, len(log.read_bytes().splitlines()) - 1) if log.is_file() else 0


def log_of(job: Job) -> Path:
    """The file that takes what a job says.

    Args:
        job: any.
    """
    run = Path(job.run)
    return run.parent / "logs" / f"{run.name}.log"


def start(job: Job, threads: int) -> "subprocess.Popen[bytes]":
    """Start the process of a job; it ends when the process that started it does.

    Args:
        job: any.
        threads: how many it may use.
    """
    log = log_of(job)
    log.parent.mkdir(parents=True, exist_ok=True)
    settings = LARGE_PAGES | os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    with log.open("ab") as written:
        return subprocess.Popen(
            [sys.executable, "-m", "brainmtl.study.worker", str(threads), job.to_json()],
            stdin=subprocess.PIPE,  # its end tells the worker that this process is no more
            stdout=written,
            stderr=subprocess.STDOUT,
            env=settings,
        )


def outcome(job: Job, code: int) -> BrainmtlError | None:
    """What went wrong.

    Args:
        job: any.
        code: that its process ended with; negative: the signal that killed it.
    """
    if code == 0:
        return None
    if code == BUSY:
        return InterruptedRun("another process is at it", where=job.run, mend="wait for it, then call again")
    log = log_of(job)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("error: ") if lines else "it said nothing"
    if code == InterruptedRun.exit_code:
        return InterruptedRun(said, where=log, mend="call again to go on")
    if code == InputError.exit_code:
        return InputError(said, where=log)
    return BrainmtlError(f"stopped with code {code}: {said}", where=log, mend="call again to go on")


def _run_here(jobs: Sequence[Job], workers: Workers, tick: Callable[[], None]) -> Iterator[Ended]:
    waiting, running = list(jobs), dict[Job, "subprocess.Popen[bytes]"]()
    try:
        while waiting or running:
            while waiting and len(running) < workers.number:
                job = waiting.pop(0)
                running[job] = start(job, workers.threads)
            for job, process in list(running.items()):
                if process.poll() is not None:
                    del running[job]
                    yield job, outcome(job, process.returncode)
            tick()
            time.sleep(POLL_SECONDS)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()
