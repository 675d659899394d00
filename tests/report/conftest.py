"""Run folders on phantoms, as training and evaluation leave them, in a second and without torch."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bright import certainty, write_package

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import content_hash, summary
from brainmtl.data.phantom import make_phantom
from brainmtl.data.splits import parts
from brainmtl.evaluation.scorecard import score_slice, summarise
from brainmtl.imaging.mask import read_mask, write_mask
from brainmtl.labels import CLASSES
from brainmtl.report.page import write_report

RECIPE = """name: tiny-joint
description: A network for tests.
data:
  protocol: official
  size: 64
  fit: pad
network:
  encoder:
    name: plain
"""
FLOORS = {
    "nearest_neighbour_accuracy": {"value": 0.4375, "n": 16},
    "nearest_mask_dice": {"value": 0.21875, "n": 12},
}
ENVIRONMENT = {
    "brainmtl": "0.1.0",
    "python": "3.11.7",
    "torch": "2.15.0",
    "platform": "Linux",
    "processor": "A processor",
    "cuda": None,
    "cores": 2,
    "started": "2026-11-21T08:18:54+00:00",
    "command": "brainmtl train tiny-joint -m phantoms.parquet -o run",
}


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    root = tmp_path_factory.mktemp("phantoms") / "set"
    make_phantom(root, slices=144, size=64)
    return index_brisc(root)[0]


@pytest.fixture(scope="session")
def reported(phantoms: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished joint run, measured on both parts, with its report; to be read only."""
    run = write_run(tmp_path_factory.mktemp("runs") / "joint-run", phantoms)
    write_report(run)
    return run


@pytest.fixture
def make_run(phantoms: pd.DataFrame, tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "a-run", **how: Any) -> Path:
        return write_run(tmp_path / name, phantoms, **how)

    return make


def write_run(
    run: Path,
    table: pd.DataFrame,
    *,
    task: str = "joint",
    measured: tuple[str, ...] = ("validation", "test"),
    finished: bool = True,
    epochs: int = 12,
    sources: tuple[str, ...] = ("phantom",),
) -> Path:
    """Write a run folder whose network errs at random; metrics and rows come from the scorecard itself."""
    run.mkdir(parents=True)
    part = parts(table)
    (run / "recipe.yaml").write_text(RECIPE)
    write_json(run / "environment.json", ENVIRONMENT)
    write_json(
        run / "network.json",
        {"task": task, "parameters": 1234567, "trainable_parameters": 1234500, "size_mb": 4.938},
    )
    data = {"manifest": "phantoms.parquet", "manifest_sha256": content_hash(table), "sources": list(sources)}
    data |= {"protocol": "official", "fold": 0, "counts": summary(table.assign(split=part))}
    write_json(run / "data.json", data)
    if epochs:
        write_log(run / "log.csv", task, epochs)
    if finished:
        best = {"monitor": "validation_score", "best_epoch": max(1, epochs - 2), "best_score": 0.8125}
        write_json(run / "result.json", {"status": "finished", "epochs": epochs, "hours": 0.4375, **best})
    for name in measured:
        write_evaluation(run / "evaluation" / name, table[part == name], task)
    return run


def write_log(path: Path, task: str, epochs: int) -> None:
    columns = [
        "epoch",
        "lr",
        "seconds",
        "slices_per_second",
        "train_loss",
        "train_mask_loss",
        "train_class_loss",
    ]
    columns += ["validation_loss", "validation_mask_loss", "validation_class_loss", "validation_dice"]
    columns += ["validation_accuracy", "validation_score"]
    noise = np.random.default_rng(5).normal(0, 0.02, (epochs, 4))
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        for number in range(epochs):
            rest = np.exp(-4 * number / max(epochs, 2))
            mask, kind = 0.25 + 1.4 * rest, 0.05 + 1.2 * rest**1.5
            rate = 1e-3 * np.sin(np.pi * (number + 0.6) / (epochs + 0.5)) ** 2 + 1e-6
            row = {
                "epoch": number + 1,
                "lr": rate,
                "seconds": 61.5 + noise[number, 0],
                "slices_per_second": 64.25,
            }
            if task != "classification":
                row |= {"train_mask_loss": mask * 0.9, "validation_mask_loss": mask + abs(noise[number, 1])}
                row |= {"validation_dice": 0.9 * (1 - rest) + noise[number, 2] * rest}
            if task != "segmentation":
                row |= {"train_class_loss": kind * 0.9, "validation_class_loss": kind + abs(noise[number, 3])}
                row |= {"validation_accuracy": 1 - 0.7 * rest}
            for side in ("train", "validation"):
                row[f"{side}_loss"] = row.get(f"{side}_mask_loss", 0) + row.get(f"{side}_class_loss", 0)
            writer.writerow(row)


def write_evaluation(folder: Path, table: pd.DataFrame, task: str) -> None:
    random = np.random.default_rng(11)
    rows = []
    for _, slice_ in table.iterrows():
        shape = (int(slice_["height"]), int(slice_["width"]))
        truth = read_mask(Path(slice_["mask"]), shape) if pd.notna(slice_["mask"]) else np.zeros(shape, bool)
        said = None
        if task != "classification":
            said = guess_mask(truth, random)
            write_mask(folder / "masks" / f"{slice_['id']}.png", said)
        chances = guess_class(slice_["label"], random) if task != "segmentation" else None
        stated = None if said is None else np.where(said, 0.9, 0.02)
        rows.append(
            score_slice(
                truth=truth,
                prediction=said,
                label=slice_["label"],
                probabilities=chances,
                mask_probabilities=stated,
            )
        )
    kept = ["id", "label", "plane", "group", "source", "image", "mask", "width", "height"]
    scored = pd.concat([table[kept].reset_index(drop=True), pd.DataFrame(rows)], axis=1)
    strata = ["label", "plane"]
    if folder.name == "test":
        scored["leaked"] = random.random(len(scored)) < 0.5
        strata.append("leaked")
    write_json(folder / "metrics.json", summarise(scored, strata) | {"floors": FLOORS})
    scored.to_parquet(folder / "per_image.parquet", index=False)


def guess_mask(truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The truth, shifted; now and then far off, missing, or on a healthy slice."""
    if not truth.any():
        said = np.zeros_like(truth)
        if random.random() < 0.1:
            said[20:27, 30:39] = True
        return said
    if random.random() < 0.06:
        return np.zeros_like(truth)
    extent = int(np.sqrt(truth.sum())) + 1
    far = 0.8 if random.random() < 0.1 else 0.08
    return np.roll(truth, np.rint(random.normal(0, far * extent, 2)).astype(int), axis=(0, 1))


def guess_class(label: str, random: np.random.Generator) -> np.ndarray:
    logits = random.normal(0, 1.6, len(CLASSES))
    logits[CLASSES.index(label)] += 4.0
    return np.exp(logits) / np.exp(logits).sum()


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2))


@pytest.fixture
def taught_package(tmp_path: Path) -> Path:
    """A tiny package that knows how sure it is."""
    return write_package(
        tmp_path, outputs=["mask_probability", "class_probability", "features"], certainty=certainty()
    )
