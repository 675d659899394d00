"""Run the benchmarks that are not on their own and write benchmarks/results.md."""

import argparse
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pipeline
import resampling
import startup
import torch
import training_step

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import read_manifest
from brainmtl.data.phantom import make_phantom
from brainmtl.training.run import processor_name


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--manifest", type=Path, help="slices to load; default: phantoms of 512×512")
    options.add_argument("--package", type=Path, required=True, help="a model package for the cold start")
    chosen = options.parse_args()
    step = training_step.measure()
    with tempfile.TemporaryDirectory() as folder:
        rates = pipeline.measure(_slices(chosen.manifest, Path(folder)))
    cold = startup.measure(chosen.package)
    base = cold["import numpy, PIL.Image"]
    model = cold["loading the model"]
    drawn = resampling.measure()
    share = (16 / rates["ours"]) / step["ours"]
    rows = [
        (
            "training step, 16 slices at 192²",
            "segmentation_models_pytorch, eager fp32 NCHW",
            step["theirs"] / step["ours"],
        ),
        ("input pipeline", "share of a training step", share),
        (
            "input pipeline",
            "DataLoader + PIL + albumentations, uncached",
            rates["ours"] / rates["albumentations, uncached"],
        ),
        ("input pipeline", "the same, decoded in advance", rates["ours"] / rates["albumentations, cached"]),
        (
            "a bootstrap sample, 22 metrics",
            "a loop, pandas and scikit-learn",
            drawn["loop, all"] / drawn["ours, all"],
        ),
        (
            "a bootstrap sample, mean Dice",
            "a loop, NumPy",
            drawn["loop, mean Dice"] / drawn["ours, mean Dice"],
        ),
        ("`brainmtl --help`", "`import numpy, PIL.Image`", cold["brainmtl --help"] / base),
        (
            "cold `brainmtl predict`, less loading the model",
            "`import numpy, PIL.Image`",
            (cold["brainmtl predict"] - model) / base,
        ),
    ]
    lines = [
        "# Ratios measured in one run\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {processor_name()}, {os.cpu_count()} cores, {_bf16()}, "
        f"torch {torch.__version__}. Written by `benchmarks/run.py`.\n",
        "| what | against | ratio |\n|---|---|---|",
        *(f"| {what} | {against} | {ratio:.3g} |" for what, against, ratio in rows),
        "\nSlices a second into the loop: "
        + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
        + ".",
        f"\nSeconds: step of ours {step['ours']:.2f}, theirs {step['theirs']:.2f}; "
        + ", ".join(f"{name} {seconds:.2f}" for name, seconds in cold.items())
        + ".",
    ]
    results = Path(__file__).parent / "results.md"
    _, heading, rest = results.read_text(encoding="utf-8").partition("\n## ")  # measured by other files
    results.write_text("\n".join(lines) + "\n" + heading + rest, encoding="utf-8")
    print("\n".join(lines))


def _bf16() -> str:
    if torch.cpu._is_amx_tile_supported():
        return "AMX"
    return "bf16 by AVX-512, no AMX" if torch.cpu._is_avx512_bf16_supported() else "no bf16"


def _slices(manifest: Path | None, folder: Path) -> pd.DataFrame:
    if manifest is not None:
        return read_manifest(manifest).sample(640, random_state=0).reset_index(drop=True)
    make_phantom(folder, slices=640, size=512)
    return index_brisc(folder)[0]


if __name__ == "__main__":
    main()
