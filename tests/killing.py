"""Kill work in a process of its own at a moment of its processor's time, and say what it was at."""

import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import torch

from brainmtl.training.run import TEMPORARY

Work = Callable[[Path], None]
"""What begins, or goes on with, the work that a folder holds."""
TICKS = os.sysconf("SC_CLK_TCK")
STAGES = ("start", "first epoch", "later epoch", "checkpoint", "evaluation", "between runs, or the summary")
ENDED = "it had ended"
EPOCHS = re.compile(r"^\d+,", re.MULTILINE)


def process_server(*modules: str) -> ForkServerContext:
    """Where processes come from that have imported what they need, so that few kills meet an import."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*modules])
    return context


def kill_at(server: ForkServerContext, work: Work, out: Path, moment: float, worker: bool) -> str:
    """Send SIGKILL to work that has used so much of a processor.

    Args:
        server: from :func:`process_server`.
        work: what to do.
        out: its folder.
        moment: seconds of the processor, of all its processes.
        worker: kill one that it has started, where there is any; it may do as it likes about it.

    Returns:
        what it was at.
    """
    process = server.Process(target=work, args=(out,))
    process.start()
    while process.is_alive() and processor_seconds(process.pid) < moment:
        process.join(0.005)
    if not process.is_alive():
        return ENDED
    workers = _children(process.pid) if worker else []
    os.kill(workers[-1] if workers else process.pid, signal.SIGKILL)
    if not workers:
        process.join()
    at = _busy_with(out)
    process.join()
    return at


def finish(server: ForkServerContext, work: Work, out: Path) -> tuple[float, float]:
    """Let work come to its end.

    Returns:
        seconds of a processor: until its first run began, and all.
    """
    process: ForkServerProcess = server.Process(target=work, args=(out,))
    process.start()
    begun = spent = 0.0
    while process.is_alive():
        spent = max(spent, processor_seconds(process.pid))
        if not _runs(out):
            begun = spent
        process.join(0.02)
    assert process.exitcode == 0
    return begun, spent


def processor_seconds(process: int) -> float:
    """Of a process and of those that it has started."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / TICKS
    return own + sum(processor_seconds(child) for child in _children(process))


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _busy_with(out: Path) -> str:
    """What the run that has come farthest without having ended was at."""
    runs = _runs(out)
    if not runs:
        return "start"
    begun = [run for run in runs if len(list(run.glob("evaluation/*/metrics.json"))) < _parts(run)]
    return max((_stage(run) for run in begun), key=STAGES.index, default=STAGES[-1])


def _runs(out: Path) -> list[Path]:
    """Walked, not globbed: folders are renamed meanwhile."""
    whole = [Path(root) for root, _, files in os.walk(out) if "data.json" in files]
    return [run for run in whole if not run.name.startswith(".")]


def _parts(run: Path) -> int:
    return 1 if run.name.startswith("trial") else 3 if run.name.startswith("fold") else 2


def _stage(run: Path) -> str:
    if (run / "model.safetensors").exists():
        return "evaluation"
    last, log = run / "checkpoints" / "last.ckpt", run / "log.csv"
    writing = any(TEMPORARY.fullmatch(path.name) for path in (run / "checkpoints").iterdir())
    logged = len(EPOCHS.findall(log.read_text())) if log.exists() else 0
    kept = torch.load(last, weights_only=True)["epoch"] + 1 if last.exists() else 0
    if writing or logged > kept:
        return "checkpoint"
    return "later epoch" if kept else "first epoch"


def train(recipe: Path, manifest: Path, out: Path) -> None:
    """Train a network and measure it."""
    from brainmtl.training import fit
    from brainmtl.training.evaluate import evaluate
    from brainmtl.training.recipe import read_recipe
    from brainmtl.training.run import has_finished

    if not out.exists():
        fit.train(read_recipe(recipe), manifest, out, bar=False)
    elif not has_finished(out):
        fit.resume(out, bar=False)
    for part in ("validation", "test"):
        if not (out / "evaluation" / part / "metrics.json").exists():
            evaluate(out, part)


def cross_validate(recipe: Path, manifest: Path, out: Path) -> None:
    """Two folds at a time."""
    from brainmtl.study import crossval
    from brainmtl.study.workers import Workers
    from brainmtl.training.recipe import read_recipe

    crossval.cross_validate(read_recipe(recipe), manifest, out, folds=2, test_share=0.25, workers=Workers(2))


def sweep(recipe: Path, manifest: Path, out: Path) -> None:
    """Two trials at a time."""
    from brainmtl.study.space import Sweep
    from brainmtl.study.sweep import run_sweep
    from brainmtl.study.workers import Workers
    from brainmtl.training.recipe import read_recipe

    objective = {"metric": "classification.accuracy"}
    plan = Sweep(name="rates", recipe="tiny", grid={"optimizer.lr": [1e-2, 3e-3]}, objective=objective)
    run_sweep(plan, read_recipe(recipe), manifest, out, workers=Workers(2))


def table(fell: Mapping[str, Mapping[str, int]]) -> str:
    """Where kills fell, as Markdown."""
    stages = [stage for stage in (*STAGES, ENDED) if any(stage in counts for counts in fell.values())]
    lines = [["work", "kills", *stages], ["---"] * (2 + len(stages))]
    for kind, counts in fell.items():
        lines.append([kind, str(sum(counts.values())), *(str(counts.get(stage, 0)) for stage in stages)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def kill_on(server: ForkServerContext, work: Work, out: Path, event: str, ending: str = "") -> int:
    """Send SIGKILL to work that is about to do something.

    Args:
        server: from :func:`process_server`.
        work: what to do.
        out: its folder.
        event: one that Python audits, such as ``os.rename``.
        ending: of the path that it is about.

    Returns:
        the exit code.
    """
    process = server.Process(target=_until, args=(work, out, event, ending))
    process.start()
    process.join()
    return process.exitcode


def _until(work: Work, out: Path, event: str, ending: str) -> None:
    def stop(happens: str, about: tuple[object, ...]) -> None:
        if happens == event and str(about[1]).endswith(ending):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(stop)
    work(out)
