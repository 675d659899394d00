"""What trainings cost in operations, and in hours on one accelerator: computed, not measured.

Operations are counted on the networks themselves, on tensors without values, so that the page is the same on
every machine. Slices are those of BRISC under the protocol ``official``, epochs the most that a recipe takes.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from brainmtl.evaluation.published import published_numbers
from brainmtl.imaging.files import whole_file
from brainmtl.models.build import build_network
from brainmtl.study.space import overrides, points, read_sweep
from brainmtl.training.recipe import Recipe, read_recipe

ROOT = Path(__file__).parents[1]
COUNTS = ROOT / "docs" / "results" / "base-official" / "data.json"
"""A run under ``official`` that was shared: how many slices train and validate."""
PAGE = Path(__file__).with_suffix(".md")
MAIN = ("unet", "attention-unet", "mobilenetv2", "efficientnet-b0", "densenet121", "joint")
GRID = "portfolio2026-grid"
PEAK = 989.5e12
"""Operations a second of an H200 (SXM) in dense bf16: NVIDIA's data sheet has 1,979e12 with sparsity."""
UTILISATION = 0.4
BATCH = 2
STEP = 3
"""Forward passes that a step of training is worth: a convolution's gradients, of what came in and of its
weights, take a convolution each. Torch's counter has them too high where channels are grouped."""
TRAINING = "brainmtl train {name} -m brisc.parquet -o runs/{name}"
PAGE_TEXT = """# What trainings cost: computed, not measured

Written by `python benchmarks/cost.py`. **Nothing here was run on an accelerator.** Operations are those of
the networks' convolutions and matrix products, counted by `torch.utils.flop_counter` (a multiplication and
its addition are two); a step of training is three passes forward. Slices are BRISC's under the protocol
`official`, each epoch with its validation; no training is ended early. Hours: at {utilisation} of {peak}
TFLOP/s, what an H200 (SXM) does in dense bf16 by NVIDIA's data sheet (1,979 with sparsity). The U-Nets of 31
million parameters, which are nearly all of the sum, may come to that share; small classifiers, whose time
goes into moving memory, will not.

| training | runs | epochs, at most | slice | train on | GFLOP a slice, forward | TFLOP | hours |
|---|---|---|---|---|---|---|---|
{rows}
Published: about {published} GPU-hours, on an RTX 3070 with 8 GB, for 27 trainings, of which the document
names {runs}.

What would measure it, on a machine with an accelerator:

```
python benchmarks/training.py --manifest brisc.parquet --recipe portfolio2026-unet --slices 4096
{unet}
{trainings}
brainmtl sweep portfolio2026-grid -m brisc.parquet -o sweeps/grid
```

The first prints slices a second, and the share of the device's own matrix-multiply rate that training
reaches; the hours of the others stand in their `result.json` and `sweep.json`.
"""


@dataclass(frozen=True)
class Cost:
    """A kind of training.

    Attributes:
        name: of its recipe or sweep.
        size: pixels, squared.
        forward: operations of a slice.
        slices: that train.
        held_out: that validate.
        epochs: at most.
        runs: how many such trainings there are.
    """

    name: str
    size: int
    forward: int
    slices: int
    held_out: int
    epochs: int
    runs: int = 1

    @property
    def total(self) -> int:
        """Operations of all its runs."""
        return self.runs * self.epochs * (STEP * self.slices + self.held_out) * self.forward

    @property
    def hours(self) -> float:
        """On the accelerator, at the stated utilisation."""
        return self.total / (PEAK * UTILISATION) / 3600


def operations(network: nn.Module, images: torch.Tensor) -> int:
    """Of one slice forward, in convolutions and matrix products."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(images)
    return counter.get_total_flops() // len(images)


def cost_of(name: str, recipe: Recipe, counts: dict[str, dict[str, int]], runs: int = 1) -> Cost:
    """What a recipe's training costs."""
    with torch.device("meta"):
        network = build_network(recipe.network, pretrained=False).train()
        images = torch.rand(BATCH, 1, recipe.data.size, recipe.data.size)
    masks_alone = recipe.network.task == "segmentation" and not recipe.data.healthy_masks
    slices, held_out = (_slices(counts[part], masks_alone) for part in ("train", "validation"))
    forward = operations(network, images)
    return Cost(name, recipe.data.size, forward, slices, held_out, recipe.schedule.epochs, runs)


def _slices(counts: dict[str, int], masks_alone: bool) -> int:
    return counts["masks"] if masks_alone else sum(counts.values()) - counts["masks"]


def costs() -> tuple[list[Cost], Cost]:
    """Those of portfolio-2026, one row a kind of network, and of jalal2025-unet."""
    counts = json.loads(COUNTS.read_text(encoding="utf-8"))["counts"]
    kinds = [cost_of(f"portfolio2026-{name}", read_recipe(f"portfolio2026-{name}"), counts) for name in MAIN]
    sweep = read_sweep(GRID)
    runs = points(sweep)
    recipe = read_recipe(sweep.recipe, [*overrides(sweep.set), *overrides(runs[0])])
    kinds.append(cost_of(GRID, recipe, counts, len(runs)))
    return kinds, cost_of("jalal2025-unet", read_recipe("jalal2025-unet"), counts)


def _published_hours() -> float:
    costs = (number for number in published_numbers() if number.document == "portfolio-2026")
    return next(cost.value for cost in costs if cost.metric.startswith("training of all") and cost.value)


def _row(cost: Cost) -> str:
    cells = [
        f"`{cost.name}`",
        cost.runs,
        cost.epochs,
        f"{cost.size}²",
        f"{cost.slices:,}",
        f"{cost.forward / 1e9:.2f}",
        f"{cost.total / 1e12:,.0f}",
        f"{cost.hours:.3f}",
    ]
    return f"| {' | '.join(map(str, cells))} |\n"


def page() -> str:
    """The table, as Markdown."""
    kinds, unet = costs()
    runs, total = sum(kind.runs for kind in kinds), sum(kind.total for kind in kinds)
    hours = sum(kind.hours for kind in kinds)
    whole = f"| **all {runs} named trainings of portfolio-2026** | {runs} | | | | "
    whole += f"| **{total / 1e12:,.0f}** | **{hours:.2f}** |\n"
    return PAGE_TEXT.format(
        utilisation=f"{UTILISATION * 100:g} %",
        peak=f"{PEAK / 1e12:,.1f}",
        rows="".join(map(_row, kinds)) + whole + _row(unet),
        published=f"{_published_hours():g}",
        runs=runs,
        trainings="\n".join(TRAINING.format(name=f"portfolio2026-{name}") for name in MAIN),
        unet=TRAINING.format(name="jalal2025-unet"),
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with whole_file(PAGE) as temporary:
        temporary.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
