"""A slice through one exported package and through eager torch; JPEG files to what is written of them.

python benchmarks/inference.py RUN           # this one alone
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from brainmtl.data.phantom import make_phantom
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.square import to_square
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.training.export import export_run
from brainmtl.training.recipe import write_recipe
from brainmtl.training.run import load_network, load_recipe, processor_name

RUNTIMES = ("cpu", "openvino")
EAGER = "torch, eager fp32"
OUT = Path(__file__).with_suffix(".md")
ORANGE = (230, 159, 0)
Ways = dict[str, Callable[[], object]]


def measure(run: Path, *, size: int = 256, slices: int = 24, repeats: int = 9) -> dict[str, dict[str, float]]:
    """Median seconds a slice, of all ways in turns: ``network`` alone, one slice a call, and ``files``.

    Args:
        run: a finished joint run; its network is exported for squares of ``size``.
        size: side of the square, in pixels.
        slices: JPEG files of 512×512 pixels.
        repeats: of the files; the network alone is run four times as often.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        resized, files = _resize(run, size, folder / "run"), _pictures(folder / "slices", slices)
        package = export_run(resized)
        network = load_network(resized)
        ours = [load_package(package, runtime) for runtime in RUNTIMES]
        square = to_square(np.asarray(Image.open(files[0]).convert("L")), size)[None]
        alone: Ways = {EAGER: lambda: _eager(network, square)}
        whole: Ways = {EAGER: lambda: loop(network, files, folder / "loop", size)}
        for one in ours:
            alone[one.runtime.name] = lambda one=one: one.run(square)
            whole[one.runtime.name] = lambda one=one: predict_files(one, files, folder / "out")
        medians = _medians(whole, repeats)
        return {
            "network": _medians(alone, 4 * repeats),
            "files": {name: seconds / slices for name, seconds in medians.items()},
        }


def loop(network: nn.Module, files: list[Path], out: Path, size: int) -> None:
    """What most projects write: mask, overlay and JSON, one slice after the other, with Pillow and torch."""
    out.mkdir(exist_ok=True)
    rows = []
    for file in files:
        image = Image.open(file).convert("L")
        small = image.resize((size, size), Image.Resampling.BILINEAR)
        chances, classes = _eager(network, np.asarray(small)[None])
        native = Image.fromarray(chances[0, 0].numpy()).resize(image.size, Image.Resampling.BILINEAR)
        mask = Image.fromarray(np.where(np.asarray(native) > 0.5, 255, 0).astype(np.uint8))
        mask.save(out / f"{file.stem}_mask.png")
        grey = image.convert("RGB")
        fill = Image.blend(grey, Image.new("RGB", image.size, ORANGE), 0.35)
        Image.composite(fill, grey, mask).save(out / f"{file.stem}_overlay.png")
        area = int(np.count_nonzero(np.asarray(mask)))
        rows.append(
            {"file": str(file), "sha256": file_sha256(file), "classes": classes[0].tolist(), "area": area}
        )
    (out / "results.json").write_text(json.dumps(rows, indent=2))


def _eager(network: nn.Module, squares: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(squares.copy())[:, None].float() / 255)
        return torch.sigmoid(outputs.mask_logits), torch.softmax(outputs.class_logits, dim=1)


def _resize(run: Path, size: int, folder: Path) -> Path:
    """The run with another size of slices: its network is convolutional."""
    folder.mkdir()
    for name in ("model.safetensors", "data.json"):
        (folder / name).write_bytes((run / name).read_bytes())
    recipe = load_recipe(run)
    changed = recipe.model_copy(update={"data": recipe.data.model_copy(update={"size": size})})
    (folder / "recipe.yaml").write_text(write_recipe(changed))
    return folder


def _pictures(folder: Path, slices: int) -> list[Path]:
    """Phantoms as JPEG files."""
    make_phantom(folder, slices=slices, size=512)
    return sorted((folder / "classification_task").rglob("*.jpg"))


def _medians(ways: Ways, repeats: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def page(found: dict[str, dict[str, float]], run: str, day: date) -> str:
    """What was measured, as Markdown; the machine is named."""
    lines = [
        "# A slice, and files to disk\n",
        f"{day}, {processor_name()}, {os.cpu_count()} cores; `{run}` at 256², medians of one run.",
        "Written by `python benchmarks/inference.py RUN`.\n",
        "| what | by | ms a slice | times eager torch |\n|---|---|---:|---:|",
    ]
    what = {"network": "the network alone", "files": "JPEG to mask, overlay and JSON on disk"}
    for way, medians in found.items():
        for name, seconds in medians.items():
            lines.append(f"| {what[way]} | {name} | {1000 * seconds:.1f} | {medians[EAGER] / seconds:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    run = Path(sys.argv[1])
    written = page(measure(run), run.name, date.today())
    OUT.write_text(written, encoding="utf-8")
    print(written)


if __name__ == "__main__":
    main()
