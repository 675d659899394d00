"""Cold starts: the command's help and one prediction, against importing NumPy and Pillow."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SCRIPT = str(Path(sys.executable).parent / "brainmtl")


def measure(package: Path, repeats: int = 9) -> dict[str, float]:
    """Median seconds of each command, taken in turns, and of loading the model."""
    with tempfile.TemporaryDirectory() as folder:
        slice_ = Path(folder) / "slice.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)).save(slice_)
        commands = {
            "import numpy, PIL.Image": [sys.executable, "-c", "import numpy, PIL.Image"],
            "brainmtl --help": [SCRIPT, "--help"],
            "brainmtl predict": [
                SCRIPT,
                "predict",
                str(slice_),
                "--model",
                str(package),
                "-o",
                f"{folder}/out",
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in [*commands, "loading the model"]}
        for _ in range(repeats):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                times[name].append(time.perf_counter() - start)
            times["loading the model"].append(_load(package))
    return {name: statistics.median(values) for name, values in times.items()}


def _load(package: Path) -> float:
    code = (
        "import time, onnxruntime; s = time.perf_counter(); "
        f"onnxruntime.InferenceSession({str(package)!r}, providers=['CPUExecutionProvider']); "
        "print(time.perf_counter() - s)"
    )
    return float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )
