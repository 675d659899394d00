"""What a slice costs by one package or by several: ``python -m brainmtl.study.joint_cost PACKAGE…``."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from brainmtl.errors import BrainmtlError
from brainmtl.inference.package import load_package

WARM, TIMED = 3, 20
"""Slices before the clock counts, and slices that it times."""
KIBIBYTES_OR_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""The unit in which a system tells the peak of memory."""


def measure_cost(runs: Mapping[str, Path], out: Path) -> dict[str, dict[str, Any]]:
    """Measure one joint network beside both specialists, each set in a process of its own.

    Args:
        runs: finished run folders of ``joint``, ``segmentation`` and ``classification``.
        out: a folder; ``packages/`` in it takes their model packages.

    Returns:
        ``{joint | both specialists: {parameters, size_mb, ms, memory_mb}}``.
    """
    from brainmtl.training.export import export_run

    packages = {arm: out / "packages" / f"{arm}.onnx" for arm in runs}
    for arm, path in packages.items():
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            export_run(runs[arm], path)
    both = [packages["segmentation"], packages["classification"]]
    return {"joint": _in_a_process([packages["joint"]]), "both specialists": _in_a_process(both)}


def cost(paths: Sequence[Path]) -> dict[str, Any]:
    """Load packages, and run a slice of noise through all of them, again and again.

    Args:
        paths: model packages.

    Returns:
        ``parameters``; ``size_mb`` of the files; ``ms``, the median over slices; ``memory_mb``, by how much
        the peak of the process grew.
    """
    before = _peak()
    loaded = [load_package(path) for path in paths]
    chance, times = np.random.default_rng(0), []
    for _ in range(WARM + TIMED):
        squares = [chance.integers(0, 256, (1, one.info.size, one.info.size), np.uint8) for one in loaded]
        started = time.perf_counter()
        for package, square in zip(loaded, squares, strict=True):
            package.run(square)
        times.append(time.perf_counter() - started)
    return {
        "parameters": sum(package.info.parameters for package in loaded),
        "size_mb": round(sum(path.stat().st_size for path in paths) / 1e6, 3),
        "ms": round(median(times[WARM:]) * 1000, 3),
        "memory_mb": round((_peak() - before) / 1e6, 1),
    }


def _peak() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTES_OR_BYTES


def _in_a_process(paths: Sequence[Path]) -> dict[str, Any]:
    words = [sys.executable, "-m", "brainmtl.study.joint_cost", *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BrainmtlError(f"the cost could not be measured: {done.stderr.strip()[-300:]}")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(cost([Path(word) for word in sys.argv[1:]])))
