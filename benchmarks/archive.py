"""The rate of `predict --ray` with 1 and 2 workers, a core, against one process on one core; then what a
billion slices would take at that rate, written into docs/archives.md.

python benchmarks/archive.py --package base.onnx
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from brainmtl.archive.predict import RESULTS, SIZE
from brainmtl.data.phantom import make_phantom
from brainmtl.imaging.threads import THREADS
from brainmtl.inference.package import load_package
from brainmtl.training.run import processor_name

PAGE = Path(__file__).parents[1] / "docs" / "archives.md"
BEGIN, END = "<!-- arithmetic:begin -->", "<!-- arithmetic:end -->"
BAR = 0.85
BILLION = 10**9
CORES = 64
"""Of a machine in the arithmetic."""
HOURS = 24, 24 * 7, 24 * 30
ALONE = """
import os, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pathlib import Path
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
package, out, *files = map(Path, sys.argv[1:])
model = load_package(package)
predict_files(model, files[:16], out / "warm", overlay=False)
start = time.perf_counter()
predict_files(model, files, out / "all", overlay=False)
print(time.perf_counter() - start)
"""


class Measured(NamedTuple):
    """What was measured.

    Attributes:
        alone: slices a second of one process on one core.
        workers: number of workers → slices a second of all of them.
        bytes_in: of a slice's file.
        bytes_out: of its row, mask and all.
    """

    alone: float
    workers: dict[int, float]
    bytes_in: float
    bytes_out: float


def measure(package: Path, slices: int, parts: int, repeats: int) -> Measured:
    """Rates on the same files, in turns.

    Args:
        package: the model.
        slices: of 512×512 pixels.
        parts: partitions that they are cut into.
        repeats: of everything; medians are told.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _files(folder, slices)
        alone: list[float] = []
        rates: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(repeats):
            alone.append(slices / _alone(package, files, folder / f"alone-{turn}"))
            _say(f"one process: {alone[-1]:.1f} slices a second")
            for workers, found in rates.items():
                found.append(_ray(package, folder, slices, parts, workers))
                _say(f"{workers} workers: {found[-1]:.1f} slices a second")
        written = sum(path.stat().st_size for path in (folder / "out" / RESULTS).iterdir())
        return Measured(
            statistics.median(alone),
            {workers: statistics.median(found) for workers, found in rates.items()},
            sum(file.stat().st_size for file in files) / slices,
            written / slices,
        )


def _files(folder: Path, slices: int) -> list[Path]:
    """Phantoms as JPEG files; many more slices than are drawn are copies."""
    make_phantom(folder / "drawn", slices=min(60, slices), size=512)
    drawn = sorted((folder / "drawn" / "classification_task").rglob("*.jpg"))
    (folder / "slices").mkdir()
    for number, path in enumerate(islice(cycle(drawn), slices)):
        shutil.copy(path, folder / "slices" / f"{number:06}.jpg")
    return sorted((folder / "slices").iterdir())


def _alone(package: Path, files: list[Path], out: Path) -> float:
    words = [sys.executable, "-c", ALONE, package, out, *files]
    said = subprocess.run(
        list(map(str, words)), check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, THREADS: "1"}
    )
    return float(said.stdout)


def _ray(package: Path, folder: Path, slices: int, parts: int, workers: int) -> float:
    """From when each worker has finished a partition to the end: beginning a cluster is no part of a rate."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    size = -(-slices // parts)
    words = ["predict", folder / "slices", "--model", package, "-o", out, "--ray", "local"]
    words += ["--workers", workers, "--partition", size]
    subprocess.run(
        [sys.executable, "-m", "brainmtl.cli", *map(str, words)], check=True, stdout=subprocess.PIPE
    )
    finished = sorted(path.stat().st_mtime_ns for path in (out / RESULTS).glob("part-*.parquet"))
    return (len(finished) - workers) * size / (finished[-1] - finished[workers - 1]) * 1e9


def arithmetic(measured: Measured, model: str, cores: int) -> str:
    """What was measured, and what follows for a billion slices, as Markdown."""
    rate = measured.workers[2] / 2
    hours = BILLION / rate / 3600
    shares = {workers: found / workers / measured.alone for workers, found in measured.workers.items()}
    machine = f"{processor_name()}, {cores} cores"
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}: {model}, phantoms of 512² as JPEG, from files "
        "to rows. Beside 1 worker a core is free for reading ahead and for Ray; beside 2 there is none.",
        "",
        "| | slices a second | a core | of one process |",
        "|---|---:|---:|---:|",
        f"| one process on one core, `predict` | {measured.alone:.1f} | {measured.alone:.1f} | 1 |",
        *(
            f"| {workers} worker{'s' if workers > 1 else ''}, `predict --ray` | {found:.1f} | "
            f"{found / workers:.1f} | {shares[workers]:.2f} |"
            for workers, found in measured.workers.items()
        ),
        "",
        f"The aim is {BAR:.2f} or more. A slice brings {measured.bytes_in / 1e3:.1f} kB in and "
        f"{measured.bytes_out / 1e3:.1f} kB out.",
        "",
        f"A billion slices at {rate:.1f} a second and core, computed and not measured: {hours:,.0f} "
        f"core-hours, {BILLION * measured.bytes_in / 1e12:,.1f} TB in, "
        f"{BILLION * measured.bytes_out / 1e12:,.1f} TB out, {-(-BILLION // SIZE):,} partitions.",
        "",
        f"| within | cores | machines of {CORES} cores | in, of all | in, a machine | out, of all |",
        "|---|---:|---:|---:|---:|---:|",
        *(_within(measured, hours, limit) for limit in HOURS),
    ]
    return "\n".join(lines)


def _within(measured: Measured, hours: float, limit: int) -> str:
    cores = -(-hours // limit)
    machines = -(-cores // CORES)
    rate_in, rate_out = (BILLION * size / (3600 * limit) / 1e6 for size in measured[2:])
    return (
        f"| {limit // 24} day{'s' if limit > 24 else ''} | {cores:,.0f} | {machines:,.0f} "
        f"| {rate_in:,.0f} MB/s | {rate_in / machines:,.1f} MB/s | {rate_out:,.1f} MB/s |"
    )


def write(text: str, page: Path = PAGE) -> None:
    """Put it between the page's markers."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--package", type=Path, required=True, help="a model package")
    options.add_argument("--slices", type=int, default=1200, help="files to predict")
    options.add_argument("--parts", type=int, default=24, help="partitions; more than twice the workers")
    options.add_argument("--repeats", type=int, default=3, help="of everything, in turns")
    options.add_argument("--dry", action="store_true", help="print, and leave the page as it is")
    chosen = options.parse_args()
    measured = measure(chosen.package, chosen.slices, chosen.parts, chosen.repeats)
    info = load_package(chosen.package).info
    model = f"`{info.name}` ({info.parameters / 1e6:.1f} M parameters, {info.size}²)"
    text = arithmetic(measured, model, os.cpu_count() or 1)
    print(text)
    if not chosen.dry:
        write(text)
    return int(min(rate / workers for workers, rate in measured.workers.items()) < BAR * measured.alone)


if __name__ == "__main__":
    sys.exit(main())
