"""What a full training of each published system takes on this machine, from a few of its steps.

One core, one thread. A batch of the recipe's own size of slice, the fastest turn of some seconds after one
that does not count, each in a process of its own: in float32, in bf16, and what the recipe takes itself.
Slices that train and validate are counted under the recipe's protocol; a slice of validation counts as a
third of one that trains, at the size it is validated at. Epochs are the most that a recipe takes: early
stopping makes it less.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cost
import numpy as np
import pandas as pd
import torch
from our_epoch import fastest, our_epoch
from rich.progress import track

from brainmtl.data.brisc import index_brisc
from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.data.phantom import make_phantom
from brainmtl.imaging.files import whole_file
from brainmtl.models.build import build_network
from brainmtl.training.batches import Slices
from brainmtl.training.learner import Learner
from brainmtl.training.memory import keep_freed_memory, use_large_pages
from brainmtl.training.precision import use_bf16
from brainmtl.training.recipe import Recipe, read_recipe, recipe_names
from brainmtl.training.run import processor_name
from brainmtl.training.sides import sides

PAGE = Path(__file__).with_suffix(".md")
DOCUMENTS = ("jalal2025-", "portfolio2026-", "gil2025-", "kotob2024-", "ferreira2024-")
OWN_DATA = {"kotob2024-": "figshare", "ferreira2024-": "both"}
"""Documents with other data than BRISC."""
SECONDS = 5
MOST = 8
"""Slices of a batch here: what a U-Net of 31 million parameters does a second changes little with more."""
TEXT = """# What a full training of each published system takes here

{day}, {machine}, one core of it, one thread. Written by
`python benchmarks/published.py`. Slices a second are measured, over a few steps at the recipe's own size;
**hours are computed from them**: all epochs that the recipe allows, each with its validation, nothing stopped
early; what those took that have come to their end is under *Cost* in
[reproduction.md](../docs/reproduction.md). *By itself* is what `precision: auto` takes on this processor, or
what the recipe asks for. The grid of portfolio-2026 is 20 runs of its U-Net, of 20 epochs each.

| recipe | slices | slice | epochs, at most | by itself | slices/s, fp32 | slices/s, bf16 | hours of a run |
|---|---:|---|---:|---|---:|---:|---:|
{rows}"""


@dataclass(frozen=True)
class Speed:
    """How fast a recipe trains.

    Attributes:
        recipe: any.
        slices: that train.
        held_out: that validate.
        itself: the precision it takes here, ``fp32`` or ``bf16``.
        rates: precision → slices a second.
    """

    recipe: Recipe
    slices: int
    held_out: int
    itself: str
    rates: dict[str, float]

    @property
    def hours(self) -> float:
        """Of a whole training, at most."""
        data, crop = self.recipe.data, self.recipe.augmentation.crop
        larger = 1.0 if crop is None else (data.size / crop) ** 2
        worth = self.slices + self.held_out * larger / cost.STEP
        return self.recipe.schedule.epochs * worth / self.rates[self.itself] / 3600

    @property
    def row(self) -> str:
        """Of the table."""
        data, crop = self.recipe.data, self.recipe.augmentation.crop
        cells = (
            f"`{self.recipe.name}`",
            f"{self.slices:,} + {self.held_out:,}",
            f"{data.size}²" + ("" if crop is None else f", trained on {crop}²"),
            self.recipe.schedule.epochs,
            self.itself,
            *(f"{self.rates[kind]:.1f}" for kind in ("fp32", "bf16")),
            f"{self.hours:.1f}",
        )
        return f"| {' | '.join(map(str, cells))} |\n"


def speed(name: str, table: pd.DataFrame) -> Speed:
    """Measure a recipe.

    Args:
        name: of a shipped recipe.
        table: the manifest of its data.
    """
    recipe = read_recipe(name, ["network.encoder.pretrained=false"])
    part = sides(table, recipe)
    masks_alone = recipe.network.task == "segmentation" and not recipe.data.healthy_masks
    teaches = table["mask"].notna().to_numpy() if masks_alone else np.ones(len(table), bool)
    counts = [int(((part == side) & teaches).sum()) for side in ("train", "validation")]
    use_large_pages()  # of the processes that follow
    rates = {}
    for kind in ("fp32", "bf16"):
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            rates[kind] = process.submit(_rate, recipe, kind == "bf16").result()
    itself = "bf16" if use_bf16(recipe, build_network(recipe.network, pretrained=False)) else "fp32"
    return Speed(recipe, *counts, itself, rates)


def _rate(recipe: Recipe, fast: bool) -> float:
    """Slices a second, on phantoms: what they show takes no time."""
    keep_freed_memory()
    torch.set_num_threads(1)
    batch = min(recipe.data.batch_size, MOST)
    data = recipe.data.model_copy(update={"batch_size": batch})
    recipe = recipe.model_copy(update={"data": data})
    with TemporaryDirectory() as home:
        make_phantom(Path(home) / "set", slices=4 * batch, size=128)
        table = index_brisc(Path(home) / "set")[0]
        table = table[table["mask"].notna()].head(batch).reset_index(drop=True)
        cache = open_cache(table, data.size, data.fit, Path(home))
        slices = Slices(table, cache, True, recipe.network.classes)
        learner = Learner(build_network(recipe.network, pretrained=False), recipe).train()
        turn = our_epoch(learner, slices, np.arange(len(table)), fast)
        best = fastest(turn, 1)
        if again := int(SECONDS / best):
            best = min(best, fastest(turn, again))
        return len(table) / best


def page(speeds: Sequence[Speed]) -> str:
    """The table, as Markdown."""
    rows = "".join(found.row for found in speeds)
    return TEXT.format(day=date.today(), machine=processor_name(), rows=rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    for name, said in (("brisc", "BRISC"), ("figshare", "Figshare"), ("both", "Figshare joined with SARTAJ")):
        options.add_argument(f"--{name}", type=Path, required=True, help=f"a manifest of {said}")
    chosen = vars(options.parse_args())
    tables = {name: read_manifest(path) for name, path in chosen.items()}
    found = []
    names = [name for name in recipe_names() if name.startswith(DOCUMENTS)]
    for name in track(names, "Measuring"):
        owner = next((data for document, data in OWN_DATA.items() if name.startswith(document)), "brisc")
        found.append(speed(name, tables[owner]))
        with whole_file(PAGE) as temporary:
            temporary.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
