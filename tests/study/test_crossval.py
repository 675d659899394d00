"""Cross-validation on phantoms: the same for any number of workers, and resumable."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd
import pytest

from brainmtl.errors import InputError
from brainmtl.study.crossval import cross_validate
from brainmtl.study.records import read_record
from brainmtl.study.workers import Workers
from brainmtl.training.recipe import read_recipe

OPTIONS = {"folds": 2, "by": "person", "test_share": 0.25, "seed": 3}


@pytest.fixture(scope="module")
def one_worker(recipe, manifest, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study") / "one"
    cross_validate(recipe, manifest, out, **OPTIONS)
    return out


@pytest.fixture(scope="module")
def found(one_worker) -> dict:
    return json.loads((one_worker / "crossval.json").read_text())


def _numbers(out: Path) -> dict:
    """The summary without what the clock says."""
    found = json.loads((out / "crossval.json").read_text())
    del found["cost"]
    return found


def test_a_mean_and_its_sd_are_those_of_the_folds(one_worker, found):
    for part in ("train", "validation", "test"):
        folds = [
            json.loads((one_worker / f"fold-{fold}" / "evaluation" / part / "metrics.json").read_text())
            for fold in range(2)
        ]
        values = [fold["classification"]["accuracy"]["value"] for fold in folds]
        metric = found["parts"][part]["classification"]["accuracy"]
        assert metric["values"] == values
        assert metric["mean"] == pytest.approx(fmean(values))
        assert metric["sd"] == pytest.approx(stdev(values))


def test_every_learning_slice_is_predicted_once_out_of_its_fold(one_worker, found):
    rows = pd.read_parquet(one_worker / "oof.parquet")
    table = pd.read_parquet(one_worker / "manifest.parquet")
    learning = table[table["split"] == "train"]
    assert sorted(rows["id"]) == sorted(learning["id"])
    assert rows.set_index("id")["fold"].to_dict() == learning.set_index("id")["fold"].to_dict()
    assert found["out_of_fold"]["classification"]["accuracy"]["value"] == pytest.approx(rows["right"].mean())
    assert found["out_of_fold"]["classification"]["accuracy"]["n"] == len(learning)


def test_the_test_part_is_read_in_one_row(one_worker, found):
    ledger = (one_worker.parent / "test-ledger.md").read_text().splitlines()
    rows = [line for line in ledger if line.startswith("| 2")]
    assert len(rows) == 1
    assert "| one | tiny | 2 folds by person |" in rows[0]
    assert f"{found['parts']['test']['segmentation']['dice']['mean']:.4f}" in rows[0]


def test_a_fold_is_an_ordinary_run(one_worker):
    fold = one_worker / "fold-1"
    recipe = read_recipe(fold / "recipe.yaml")
    assert (recipe.data.protocol, recipe.data.fold) == ("folds", 1)
    assert {"log.csv", "network.json", "result.json", "data.json"} <= {path.name for path in fold.iterdir()}


def test_tables_and_figures_are_written(one_worker, found):
    written = {path.relative_to(one_worker).as_posix() for path in one_worker.glob("*/*")}
    assert {"tables/crossval.md", "tables/crossval.csv", "figures/folds-loss.svg"} <= written
    assert {"figures/folds-class-loss.png", "figures/folds-mask-loss.png"} <= written
    assert found["cost"]["parameters"] > 0


def test_the_weights_that_its_runs_were_handed_stand_in_the_record(
    one_worker, recipe, manifest, given_weights
):
    out = given_weights(one_worker, "crossval.json")
    assert cross_validate(recipe, manifest, out, **OPTIONS)["encoder_weights"]["file"] == "mine.safetensors"
    assert read_record(out).encoder_weights == "mine.safetensors (0123456789ab)"
    assert read_record(one_worker).encoder_weights is None


def test_called_again_it_does_nothing(one_worker, recipe, manifest):
    before = {path: path.stat().st_mtime_ns for path in one_worker.rglob("*") if path.is_file()}
    assert cross_validate(recipe, manifest, one_worker, workers=Workers(2), **OPTIONS)["recipe"] == "tiny"
    assert {path: path.stat().st_mtime_ns for path in one_worker.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("change", [{"folds": 3}, {"by": "random"}, {"seed": 4}])
def test_another_cross_validation_in_the_folder_is_refused(one_worker, recipe, manifest, change):
    with pytest.raises(InputError, match=next(iter(change))):
        cross_validate(recipe, manifest, one_worker, **(OPTIONS | change))


def test_a_folder_with_something_else_in_it_is_refused(recipe, manifest, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        cross_validate(recipe, manifest, tmp_path, **OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_killed_and_called_again_with_two_workers_it_ends_as_one_worker_did_without_a_break(
    one_worker, recipe_file, manifest, tmp_path
):
    """The parent is killed once the first fold is under way; its worker ends with it."""
    out = tmp_path / "one"
    code = (
        "import sys; from pathlib import Path; from brainmtl.study.crossval import cross_validate\n"
        "from brainmtl.training.recipe import read_recipe\n"
        "recipe, manifest, out = map(Path, sys.argv[1:])\n"
        f"cross_validate(read_recipe(recipe), manifest, out, **{OPTIONS!r})\n"
    )
    words = [sys.executable, "-c", code, str(recipe_file), str(manifest), str(out)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (out / "fold-0" / "recipe.yaml").exists():
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    assert not (out / "crossval.json").exists()
    cross_validate(read_recipe(recipe_file), manifest, out, workers=Workers(2), **OPTIONS)
    for fold in range(OPTIONS["folds"]):
        one, two = (folder / f"fold-{fold}" / "model.safetensors" for folder in (one_worker, out))
        assert one.read_bytes() == two.read_bytes()
    assert _numbers(out) == _numbers(one_worker)
