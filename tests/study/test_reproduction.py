"""The page of all systems."""

import shutil
from pathlib import Path
from statistics import mean, stdev

import pandas as pd
import pytest

from brainmtl.evaluation.published import published_numbers
from brainmtl.study.records import read_record
from brainmtl.study.reproduction import read_records, status, write_page
from brainmtl.study.space import read_sweep
from brainmtl.training.recipe import read_recipe, write_recipe


def test_the_page_has_every_system_run_or_not(unet):
    page = write_page([read_record(unet)])
    systems = {number.recipe for number in published_numbers()} - {None}
    assert len(systems) == 4 + 7 + 9 + 2 + 2
    assert all(f"| {recipe} |" in page for recipe in systems)
    assert "not run yet" in page
    assert "0.9000 \\[0.8800, 0.9200\\]" in page


def test_a_system_without_numbers_of_its_document_stands_among_ours_with_its_status(tmp_path, write):
    run = tmp_path / "joint"
    write(run / "data.json", {"sources": ["brisc2025"], "protocol": "official"})
    write(run / "result.json", {"status": "finished"})
    dice = {"value": 0.75, "low": 0.7, "high": 0.8, "n": 860}
    write(run / "evaluation/test/metrics.json", {"segmentation": {"dice": dice}})
    (run / "recipe.yaml").write_text(write_recipe(read_recipe("gil2025-joint", ["schedule.epochs=2"])))
    rows = [row for row in write_page([read_record(run)]).splitlines() if "| gil2025-joint |" in row]
    aim, ours, _cost = rows
    assert "not reached" in aim
    assert "0.750 \\[0.700, 0.800\\]" in ours
    assert all("with schedule.epochs 2 for 40" in row for row in (aim, ours))


def test_the_status_names_what_differs_from_the_recipe(tmp_path, write):
    shipped = read_recipe("demo-joint")
    write(tmp_path / "as/data.json", {"sources": ["phantom"], "protocol": "official"})
    write(tmp_path / "as/result.json", {"status": "finished"})
    (tmp_path / "as/recipe.yaml").write_text(write_recipe(shipped))
    shutil.copytree(tmp_path / "as", tmp_path / "short")
    short = read_recipe("demo-joint", ["schedule.epochs=2", "data.fold=3"])
    (tmp_path / "short/recipe.yaml").write_text(write_recipe(short))
    assert status(read_record(tmp_path / "as")) == "as the recipe"
    assert status(read_record(tmp_path / "short")) == "with schedule.epochs 2 for 16"
    given = {"file": "mine.safetensors", "sha256": "0123456789abcdef" * 4}
    about = {"sources": ["phantom"], "protocol": "official", "encoder_weights": given}
    write(tmp_path / "short/data.json", about)
    assert status(read_record(tmp_path / "short")).endswith("; encoder: mine.safetensors (0123456789ab)")
    write(tmp_path / "short/data.json", {**about, "encoder_weights": None})
    other = read_recipe("small", ["network.encoder.options.drop_rate=0.1"])
    (tmp_path / "short/recipe.yaml").write_text(write_recipe(other))
    assert status(read_record(tmp_path / "short")) == "with network.encoder.options.drop_rate 0.1"


def test_the_status_of_a_sweep_names_what_differs_from_its_plan(tmp_path, write):
    best = {"trial": 0, "value": 0.8}
    found = {
        "name": "portfolio2026-grid",
        "best": 0,
        "trials": [best],
        "sources": ["brisc2025"],
        "hours": 1.0,
    }
    write(tmp_path / "sweep.json", found | {"objective": {"metric": "segmentation.dice"}})
    plan = read_sweep("portfolio2026-grid")
    recipe = read_recipe(plan.recipe, ["schedule.epochs=20"])
    (tmp_path / "recipe.yaml").write_text(write_recipe(recipe))
    assert status(read_record(tmp_path)) == "as the recipe"
    (tmp_path / "recipe.yaml").write_text(write_recipe(read_recipe(plan.recipe, ["schedule.epochs=3"])))
    assert status(read_record(tmp_path)) == "with schedule.epochs 3 for 20"


def test_the_committed_page_is_what_the_committed_records_give():
    docs = Path(__file__).parents[2] / "docs"
    records = read_records(sorted(path for path in (docs / "results").iterdir() if path.is_dir()))
    assert (docs / "reproduction.md").read_text(encoding="utf-8") == write_page(records), (
        "run: brainmtl compare docs/results/* --page docs/reproduction.md"
    )


@pytest.mark.parametrize("page", ["README.md", "docs/leakage.md"])
@pytest.mark.parametrize("folds", ["random", "person"])
def test_what_pages_say_of_the_leak_is_what_its_records_give(page, folds):
    root = Path(__file__).parents[2]
    record = read_record(root / "docs/results" / f"ferreira2024-mtl-{folds}")
    said = (root / page).read_text(encoding="utf-8")
    for metric in ("classification.accuracy", "segmentation.iou"):
        number = record.find(metric, "test")
        assert number is not None
        assert number.sd is not None
        assert f"{number.value:.1%} ± {number.sd:.1%}".replace("%", "") + " %" in said


def test_what_is_said_of_the_epochs_that_were_kept_is_what_the_logs_give():
    results = Path(__file__).parents[2] / "docs/results"
    logs = [pd.read_csv(path) for path in sorted(results.glob("ferreira2024-st-random/fold-*/log.csv"))]
    kept = [log.loc[log["validation_loss"].idxmin()] for log in logs]
    said = (results / "README.md").read_text(encoding="utf-8")
    for scores in (
        [row["validation_accuracy"] for row in kept],
        [log["validation_accuracy"].max() for log in logs],
    ):
        assert f"{100 * mean(scores):.1f} ± {100 * stdev(scores):.1f} %" in said
    epochs = sorted(int(row["epoch"]) for row in kept)
    assert f"{epochs[0]}th to the {epochs[-1]}rd" in said
