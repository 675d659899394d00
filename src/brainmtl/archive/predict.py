"""Predictions over an archive by the workers of a Ray cluster, one model a worker."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from brainmtl.archive.listing import list_files
from brainmtl.archive.partition import count_rows, predict_partition
from brainmtl.archive.plan import Partition, open_plan
from brainmtl.cluster import cluster
from brainmtl.errors import InputError, InterruptedRun
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.threads import THREADS
from brainmtl.inference.package import ModelPackage, load_package

RESULTS: Final = "results"
"""The folder of the partitions' files."""
MODEL: Final = "model.onnx"
"""The model that predicts, where each worker finds it."""
SIZE: Final = 4096
"""Inputs in a partition, about."""


@dataclass(frozen=True)
class Tally:
    """What a predicted archive holds.

    Attributes:
        results: the folder of Parquet files.
        partitions: how many there are.
        rows: in all of them.
        ok: rows with an answer.
        abstained: rows whose answer should not be relied on.
        error: rows of inputs that could not be read.
    """

    results: str
    partitions: int
    rows: int
    ok: int
    abstained: int
    error: int

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def predict_archive(
    model: Path,
    named: Iterable[str],
    out: Path,
    *,
    address: str,
    workers: int | None = None,
    size: int = SIZE,
    batch_size: int = 8,
    runtime: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """Predict every input of an archive once, whatever dies; finished partitions are kept.

    Args:
        model: file of the model package.
        named: files, folders, patterns, addresses; see :func:`~brainmtl.archive.listing.list_files`.
        out: the output folder, which every machine of the cluster sees under this path.
        address: of the cluster; see :func:`~brainmtl.cluster.cluster`.
        workers: processes with a model and a processor each; one a processor by default.
        size: inputs in a partition, about.
        batch_size: slices that the network sees at once.
        runtime: what computes it; ``"cuda"`` gives each worker an accelerator.
        progress: called with partitions done and partitions in all.

    Raises:
        UsageError: Ray is not installed, or there is no such address.
        InputError: the model or an address cannot be used, no cluster answers, the output folder cannot be
            written, holds other predictions, or is written by another process now.
        InterruptedRun: stopped from the keyboard.
    """
    out = out.absolute()
    package = load_package(model)
    batch = {
        "model_sha256": package.sha256,
        "version": package.blank(None).version,
        "runtime": runtime,
        "batch_size": batch_size,
    }
    with _alone(out):
        partitions = open_plan(out, list_files(named, out / RESULTS), size, batch)
        with whole_file(out / MODEL) as temporary:
            temporary.write_bytes(model.read_bytes())
        _remove(out / RESULTS, ".part-*.parquet")
        worker = (str(out), runtime, batch_size)
        try:
            _predict(partitions, out / RESULTS, worker, address, workers, progress)
        except KeyboardInterrupt as stop:
            raise InterruptedRun(
                "stopped", where=out, mend="the same command goes on after the finished partitions"
            ) from stop
        _remove(out / RESULTS, ".part-*")
        return _tally(partitions, out / RESULTS)


class Worker:
    """A process of the cluster with a model and one thread of its own.

    Args:
        out: the output folder.
        runtime: what computes the model.
        batch_size: slices that the network sees at once.
    """

    def __init__(self, out: str, runtime: str, batch_size: int) -> None:
        os.environ[THREADS] = "1"
        self.out, self.runtime, self.batch_size = Path(out), runtime, batch_size
        self.package: ModelPackage | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Predict the partition that a row names; tell what hindered it, as a sentence and a place."""
        partition, results = Partition.from_line(row["partition"]), self.out / RESULTS
        try:
            self.package = self.package or load_package(self.out / MODEL, self.runtime)
            if not (results / partition.name).is_file():
                predict_partition(self.package, partition, results, self.batch_size)
        except InputError as error:
            return {"hindered": error.what, "where": str(error.where), "mend": error.mend or ""}
        return {"hindered": "", "where": "", "mend": ""}


def _predict(
    partitions: Sequence[Partition],
    results: Path,
    worker: tuple[str, str, int],
    address: str,
    workers: int | None,
    progress: Callable[[int, int], None],
) -> None:
    """Hand out the partitions that are missing. Ray Data begins dead workers again, and what they did."""
    todo = [partition for partition in partitions if not (results / partition.name).is_file()]
    done = len(partitions) - len(todo)
    progress(done, len(partitions))
    if not todo:
        return
    with _quiet(), cluster(address) as ray:
        ray.data.DataContext.get_current().enable_progress_bars = False
        accelerated = worker[1] == "cuda"
        count = workers or int(ray.cluster_resources().get("GPU" if accelerated else "CPU", 1))
        lines = [{"partition": partition.line()} for partition in todo]
        answers = ray.data.from_items(lines, override_num_blocks=len(lines)).map(
            Worker,
            fn_constructor_args=worker,
            compute=ray.data.ActorPoolStrategy(size=min(count, len(todo))),
            num_cpus=1,
            num_gpus=1 if accelerated else None,
        )
        for number, answer in enumerate(answers.iter_rows(), done + 1):
            if answer["hindered"]:
                raise InputError(answer["hindered"], where=answer["where"], mend=answer["mend"])
            progress(number, len(partitions))


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray Data tells stderr of every step, and sets its own loggers' levels again and again."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _remove(results: Path, pattern: str) -> None:
    """Remove what workers left that died while they wrote."""
    for left in results.glob(pattern):
        left.unlink(missing_ok=True)


def _tally(partitions: Sequence[Partition], results: Path) -> Tally:
    counts: Counter[str] = sum(
        (count_rows(results / partition.name) for partition in partitions), Counter[str]()
    )
    return Tally(
        str(results), len(partitions), counts.total(), counts["ok"], counts["abstained"], counts["error"]
    )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep a second process out of the folder; the system lets go of the lock of one that dies."""
    lock = FileLock(out / ".lock")
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise InputError("another process predicts into it now", where=out, mend="wait for it") from error
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=out, mend="choose a folder you may write to"
        ) from error
    try:
        yield
    finally:
        lock.release()
