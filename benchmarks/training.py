"""Slices a second of training, and how much of the machine's matrix-multiply rate that is.

Ours: the cached set on the device, augmented there a batch at a time, channels_last, bf16 where it is quick.
Against it what most projects write: a network from segmentation_models_pytorch, eager fp32 NCHW, behind a
DataLoader with two workers that decode, resize and augment slice by slice; held against ours with the same
network, and with the recipe's own decoder. First epochs are not timed.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cost
import numpy as np
import pandas as pd
import pipeline
import torch
import training_step
from our_epoch import DEVICE, fastest, our_epoch
from torch import Tensor
from torch.utils.data import DataLoader

from brainmtl.data.brisc import index_brisc
from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.data.phantom import make_phantom
from brainmtl.models.build import build_network
from brainmtl.models.encoders import OWN
from brainmtl.training.batches import Slices
from brainmtl.training.learner import Learner
from brainmtl.training.losses import joint_loss
from brainmtl.training.memory import keep_freed_memory, use_large_pages
from brainmtl.training.precision import use_bf16
from brainmtl.training.recipe import Recipe, read_recipe
from brainmtl.training.run import processor_name

OUT = Path(__file__).with_suffix(".md")


def measure(table: pd.DataFrame, recipe: Recipe, like: Recipe | None, epochs: int = 1) -> dict[str, float]:
    """Rates of ours and theirs, in slices and in floating-point operations a second; ``like`` is the recipe
    with their network, where they have one. Each is in a process of its own: what ours asks of the memory
    holds for a whole one."""
    theirs = None if like is None else _apart(_their_rate, table, recipe, epochs)
    use_large_pages()  # of the processes that follow
    ours, operations = _apart(_our_rate, table, recipe, epochs)
    same = None if like is None else _apart(_our_rate, table, like, epochs)[0]
    kind = _kind(recipe)
    peak = _multiplying(torch.bfloat16 if kind == "bf16" else torch.float32)
    found = {
        "slices_per_second": ours,
        "gigaflop_per_slice": operations / 1e9,
        "teraflop_per_second": ours * operations / 1e12,
        "matrix_multiply_teraflop_per_second": peak / 1e12,
        "share_of_matrix_multiply": ours * operations / peak,
    }
    if same is not None and theirs is not None:
        found |= {
            "dataloader_eager_slices_per_second": theirs,
            "same_network_slices_per_second": same,
            "same_network_times_dataloader_eager": same / theirs,
            "times_dataloader_eager": ours / theirs,
        }
    return found


def _apart(rate: Callable[..., Any], *told: object) -> Any:
    """What a function finds in a fresh process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(rate, *told).result()


def _our_rate(table: pd.DataFrame, recipe: Recipe, epochs: int) -> tuple[float, int]:
    """Slices a second, and operations a slice."""
    keep_freed_memory()
    torch.manual_seed(0)
    rows = np.arange(len(table))
    with tempfile.TemporaryDirectory() as home:
        slices = Slices(table, open_cache(table, recipe.data.size, recipe.data.fit, Path(home)), True)
        slices.to(DEVICE)
        learner = Learner(build_network(recipe.network, pretrained=False).to(DEVICE), recipe).train()
        epoch = our_epoch(learner, slices, rows, use_bf16(recipe, learner.network))
        images = slices[rows[: recipe.data.batch_size]].images.to(DEVICE) / 255.0
        operations = cost.STEP * cost.operations(learner.network, images)
        return _rate(epoch, len(rows), epochs), operations


def _their_rate(table: pd.DataFrame, recipe: Recipe, epochs: int) -> float:
    return _rate(_theirs(table, recipe), len(table), epochs)


def _kind(recipe: Recipe) -> str:
    return "bf16" if use_bf16(recipe, build_network(recipe.network, pretrained=False)) else "fp32"


def _theirs(table: pd.DataFrame, recipe: Recipe) -> Callable[[], None]:
    network = training_step.Theirs(recipe.network.encoder.name).to(DEVICE).train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    pictures = pipeline.Pictures(table, recipe.data.size, cached=False)
    batches = DataLoader(
        pictures, recipe.data.batch_size, shuffle=True, num_workers=2, persistent_workers=True
    )

    def epoch() -> None:
        for images, masks in batches:
            images, masks = images.to(DEVICE), masks.to(DEVICE).float()
            labels = torch.zeros(len(images), dtype=torch.int64, device=DEVICE)
            known = torch.ones(len(images), dtype=torch.bool)
            optimizer.zero_grad()
            outputs = network(images)
            joint_loss(outputs, masks, labels, known, known, recipe.losses).total.backward()
            optimizer.step()

    return epoch


def _rate(epoch: Callable[[], None], slices: int, epochs: int) -> float:
    return slices / fastest(epoch, epochs)


def _multiplying(kind: torch.dtype, repeats: int = 10) -> float:
    """Operations a second of square matrices, the best of several."""
    side = 8192 if DEVICE.type == "cuda" else 2048
    one, other = (torch.rand(side, side, device=DEVICE).to(kind) for _ in range(2))

    def multiply() -> Tensor:
        return one @ other

    return 2 * side**3 / fastest(multiply, repeats)


def page(found: dict[str, float], recipe: Recipe, slices: int, day: date) -> str:
    """What was measured beside theirs, as Markdown; the machine is named."""
    theirs = found["dataloader_eager_slices_per_second"]
    rates = {
        f"`{recipe.name}` as it is": found["slices_per_second"],
        "their network on our path": found["same_network_slices_per_second"],
        "their network, eager fp32 behind a DataLoader": theirs,
    }
    kind = _kind(recipe)
    lines = [
        "# An epoch of training\n",
        f"{day}, {processor_name()}, {os.cpu_count()} cores, {DEVICE.type}; ours in {kind}. {slices} slices",
        f"of {recipe.data.size}², the fastest of several epochs after the first, all in one run.",
        "Written by `python benchmarks/training.py`.\n",
        "| what | slices a second | times eager behind a DataLoader |\n|---|---:|---:|",
        *(f"| {name} | {rate:.1f} | {rate / theirs:.2f} |" for name, rate in rates.items()),
        f"\nOurs reaches {found['share_of_matrix_multiply']:.0%} of the machine's matrix-multiply rate",
        f"({found['matrix_multiply_teraflop_per_second']:.2f} TFLOP/s, {kind}).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--manifest", type=Path, help="slices to train on; default: phantoms of 512×512")
    options.add_argument("--recipe", default="base-128")
    options.add_argument("--set", action="append", default=["network.encoder.pretrained=false"])
    options.add_argument("--slices", type=int, default=320)
    options.add_argument("--epochs", type=int, default=2, help="of which the fastest counts")
    chosen = options.parse_args()
    recipe = read_recipe(chosen.recipe, chosen.set)
    compared = recipe.network.task == "joint" and recipe.network.encoder.name not in OWN
    like = read_recipe(chosen.recipe, [*chosen.set, *training_step.SAME]) if compared else None
    with tempfile.TemporaryDirectory() as folder:
        if chosen.manifest is None:
            make_phantom(Path(folder), slices=chosen.slices, size=512)
            table = index_brisc(Path(folder))[0]
        else:
            table = read_manifest(chosen.manifest)
            table = table.sample(min(chosen.slices, len(table)), random_state=0).reset_index(drop=True)
        found = measure(table, recipe, like, chosen.epochs)
    print(json.dumps({"device": str(DEVICE), **found}, indent=2))
    if like is not None:
        OUT.write_text(page(found, recipe, len(table), date.today()), encoding="utf-8")


if __name__ == "__main__":
    main()
