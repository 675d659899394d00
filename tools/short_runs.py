"""Train the published systems that take an accelerator a short while on small slices, and share the records.

    python tools/short_runs.py --brisc brisc.parquet --figshare figshare.parquet -o runs/short

None of it is a reproduction: `docs/reproduction.md` says of each which settings differ from its recipe.
Networks begin with random weights. Call it again to go on; a name or several train these alone.
"""

import argparse
from pathlib import Path

from brainmtl.evaluation.strata import TUMOUR
from brainmtl.report.share import share_records
from brainmtl.training import fit
from brainmtl.training.evaluate import evaluate
from brainmtl.training.recipe import read_recipe
from brainmtl.training.run import has_finished, read_json, write_json

ROOT = Path(__file__).parents[1]
RANDOM = ("network.encoder.pretrained=false",)
ONCE, TWICE = "schedule.epochs=1", "schedule.epochs=2"
SMALL, MEDIUM = (ONCE, "data.size=64"), (ONCE, "data.size=128")
CROPPED = (TWICE, "data.size=256", "augmentation.crop=128")
SHORT: dict[str, tuple[str, ...]] = {
    "jalal2025-unet": SMALL,
    "jalal2025-attention-unet": SMALL,
    "jalal2025-classifier": (TWICE, "data.size=64"),
    "jalal2025-joint-unet": SMALL,
    "portfolio2026-unet": SMALL,
    "portfolio2026-attention-unet": SMALL,
    "portfolio2026-joint": SMALL,
    "portfolio2026-efficientnet-b0": (TWICE, "data.size=128"),
    "portfolio2026-densenet121": MEDIUM,
    "gil2025-baseline": CROPPED,
    "gil2025-resnet34": CROPPED,
    "gil2025-densenet121": (ONCE, *CROPPED[1:]),
    "gil2025-efficientnet-unet": CROPPED,
    "gil2025-mobilenet-unet": CROPPED,
    "gil2025-joint": CROPPED,
    "kotob2024-attention-unet-resnet50": MEDIUM,
    "kotob2024-resnet50": (*MEDIUM, "fine_tuning=null"),
}
"""Recipe → what is smaller than in it, besides :data:`RANDOM`."""


def short_run(name: str, manifest: Path, run: Path) -> None:
    """Train, measure on both parts, and share the records without their strata, which nobody would believe.

    Those of tumour slices stay: what others publish is often of these alone.

    What is done already is not done again.
    """
    if not (run / "recipe.yaml").is_file():
        fit.train(read_recipe(name, [*RANDOM, *SHORT[name]]), manifest, run, bar=True)
    elif not has_finished(run):
        fit.resume(run, bar=True)
    for part in ("validation", "test"):
        if not (run / "evaluation" / part / "metrics.json").is_file():
            evaluate(run, part, ledger=ROOT / "docs" / "test-ledger.md")
    for path in share_records(run, ROOT / "docs" / "results" / run.name):
        if path.name == "metrics.json":
            metrics = read_json(path)
            kept = {name: values for name, values in metrics["strata"].items() if name == TUMOUR}
            write_json(path, metrics | {"strata": kept})


def main() -> None:
    """Read the command line and run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("names", nargs="*", metavar="RECIPE", help="default: all")
    options.add_argument("--brisc", type=Path, required=True, help="a manifest of BRISC")
    options.add_argument("--figshare", type=Path, required=True, help="a manifest of Figshare")
    options.add_argument("-o", "--out", type=Path, required=True, help="a folder for the runs")
    chosen = options.parse_args()
    for name in chosen.names or SHORT:
        manifest = chosen.figshare if name.startswith("kotob") else chosen.brisc
        short_run(name, manifest, chosen.out / f"{name}-short")


if __name__ == "__main__":
    main()
