"""What the core weighs on the disk, and one cold prediction in memory, in an environment of its own.

python benchmarks/footprint.py base.onnx     # needs a package index or pip's cache
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRAW = (
    "import sys; import numpy as np; from PIL import Image; "
    "Image.fromarray(np.random.default_rng(0).integers(0, 255, (512, 512), np.uint8)).save(sys.argv[1])"
)
MEGABYTE = 1_000_000


def install(folder: Path) -> Path:
    """Make an environment with the core alone, bytecode and all; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", ROOT]
    subprocess.run(command, check=True)
    return python


def sizes(folder: Path) -> dict[str, int]:
    """Bytes on the disk that each installed package takes, the largest first; pip and setuptools left out."""
    (site,) = folder.glob("lib/python*/site-packages")
    found = {
        entry.name: sum(
            file.lstat().st_blocks * 512 for file in (entry, *entry.rglob("*")) if not file.is_dir()
        )
        for entry in site.iterdir()
        if entry.name.partition("-")[0] not in ("pip", "setuptools", "_distutils_hack")
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def peak(python: Path, package: Path, folder: Path) -> int:
    """Most bytes resident in one cold ``brainmtl predict`` of a 512×512 PNG.

    This process must be a small one: what it holds when it starts another counts as the other's.
    """
    subprocess.run([python, "-c", DRAW, folder / "slice.png"], check=True)
    command = [python.with_name("brainmtl"), "predict", folder / "slice.png", "--model", package]
    running = subprocess.Popen([*command, "-o", folder / "out"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    if status:
        raise SystemExit("the prediction failed")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("package", type=Path, help="a model package to predict with")
    options.add_argument("--keep", type=Path, help="make the environment here, and leave it")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.keep or Path(name) / "core"
        python = install(folder)
        weights = sizes(folder)
        print(f"installed core: {sum(weights.values()) / MEGABYTE:.0f} MB")
        for package, weight in list(weights.items())[:8]:
            print(f"  {package} {weight / MEGABYTE:.0f} MB")
        resident = peak(python, chosen.package.resolve(), Path(name))
        print(f"one cold prediction: {resident / MEGABYTE:.0f} MB resident at most")


if __name__ == "__main__":
    main()
