"""The command line: exit codes, messages, contracts that programs read."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from brainmtl.training.recipe import read_recipe

VERBS = (
    "fetch",
    "phantom",
    "index",
    "join",
    "pack",
    "audit",
    "train",
    "crossval",
    "sweep",
    "joint-vs-single",
    "evaluate",
    "out-of-fold",
    "score",
    "robustness",
    "ensemble",
    "explain",
    "compare",
    "report",
    "card",
    "export",
    "models",
    "predict",
    "serve",
    "recipes",
    "demo",
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(run, verb):
    shown = run(verb, "--help")
    assert shown.code == 0
    assert f"Example: brainmtl {verb}" in shown.out


def test_the_version_is_that_of_the_package(run):
    shown = run("--version")
    assert (shown.code, shown.out.strip()) == (0, version("brainmtl"))


def test_a_table_that_no_terminal_shows_has_whole_lines(run):
    lines = run("recipes").out.splitlines()
    (row,) = [line for line in lines if "gil2025-improved-baseline" in line]
    assert "classification" in row
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) > 80


def test_help_and_a_usage_error_load_neither_torch_nor_pandas():
    code = (
        "import sys, brainmtl.cli as cli; sys.argv = ['brainmtl', '--help']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "assert not {'torch', 'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["no-such-verb"], "no-such-verb"),
        (["train"], "--manifest"),
        (["train", "--resume", "x", "base-128"], "--resume"),
        (["train", "demo-joint", "-m", "m.parquet", "-o", "o", "--set", "optimizer.lr"], "optimizer.lr"),
        (["evaluate", "x", "--part", "train"], "train"),
        (["explain", __file__, "-m", "m.parquet", "-o", "o"], "is no folder"),
        (["train", "--resume", "x", "--set", "seed=1"], "--resume"),
        (["predict", "x.png", "--partition", "7"], "--partition"),
        (["report", "x", "--weights"], "--share"),
        (["report", "x", "--beside", "y"], "--readme"),
        (["phantom", "x", "--slices", "1"], "slices"),
        (["crossval", "demo-joint", "-m", "m.parquet", "-o", "o", "--by", "slice"], "person"),
        (["crossval", "demo-joint", "-m", "m.parquet", "-o", "o", "--folds", "1"], "folds"),
        (["crossval", "small", "-m", "m", "-o", "o", "--set", "data.fold=1"], "folds are the study's"),
        (
            ["joint-vs-single", "small", "-m", "m", "-o", "o", "--set", "data.protocol=official"],
            "folds are the study's",
        ),
    ],
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(run, words, named):
    shown = run(*words)
    assert shown.code == 2
    assert named in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["index", "nowhere"], "nowhere"),
        (["train", "base-18", "-m", "m.parquet", "-o", "o"], "base-128"),
        (["train", "demo-joint", "-m", "m.parquet", "-o", "o", "--set", "optimizer.lrr=1"], "optimizer.lrr"),
        (["train", "demo-joint", "-m", "m.parquet", "-o", "o", "--set", "optimizer.lr=-1"], "optimizer.lr"),
        (["train", "demo-joint", "-m", "m.parquet", "-o", "o"], "m.parquet"),
        (["train", "--resume", "nowhere"], "nowhere"),
        (["audit", "nowhere", "-o", "out"], "nowhere"),
        (["evaluate", "nowhere"], "nowhere"),
        (["robustness", "nowhere", "-m", "m.parquet", "-o", "o"], "nowhere"),
        (["robustness", "runs/nowhere", "-m", "m.parquet"], "no such run folder"),
        (["crossval", "demo-joint", "-m", "m.parquet", "-o", "o"], "m.parquet"),
        (["sweep", "demo-joint", "-m", "m.parquet", "-o", "o"], "grid"),
        (["compare", "nowhere"], "nowhere"),
        (["export", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
        (["predict", "slice.png", "--model", "nowhere.onnx"], "nowhere.onnx"),
        (["score", "--pred", "nowhere", "--truth", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_exits_3_names_it_and_leaves_nothing(run, words, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run(*words)
    assert shown.code == 3
    assert named in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_nothing_uses_is_said(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run("train", "demo-joint", "-m", "m.parquet", "-o", "o", "--set", "balancing.rate=0.1")
    assert "note: balancing.rate=0.1 does nothing: balancing.name is fixed, not gradnorm" in shown.err


def test_a_fault_of_ours_exits_1_without_a_traceback(run, monkeypatch):
    def broken() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("brainmtl.training.catalogue.list_recipes", broken)
    shown = run("recipes")
    assert shown.code == 1
    assert "by zero" in shown.err
    assert "--debug" in shown.err
    assert "Traceback" not in shown.err


def test_debug_shows_the_traceback(run, monkeypatch):
    with pytest.raises(Exception, match="nowhere"):
        run("index", "nowhere", "--debug")


def test_index_prints_the_contract(run, phantom_root, tmp_path):
    shown = run("index", phantom_root, "-o", tmp_path / "m.parquet", "--json")
    found = json.loads(shown.out)
    assert set(found) >= {"dataset", "slices", "by_split", "warnings"}
    masks = list(phantom_root.glob("segmentation_task/train/masks/*.png"))
    assert found["by_split"]["train"]["masks"] == len(masks)
    assert found["by_split"]["test"]["glioma"] == len(
        list(phantom_root.glob("classification_task/test/glioma/*"))
    )
    assert (tmp_path / "m.parquet").exists()


def test_index_names_the_mask_of_another_size(run, phantom_root, tmp_path):
    from PIL import Image

    copy = tmp_path / "set"
    shutil.copytree(phantom_root, copy)
    (copy / "manifest.csv").unlink()
    mask = sorted(copy.glob("segmentation_task/train/masks/*.png"))[0]
    Image.new("L", (20, 30)).save(mask)
    shown = run("index", copy, "-o", tmp_path / "m.parquet")
    assert shown.code == 3
    assert mask.name in shown.err
    assert "20×30" in shown.err
    assert not (tmp_path / "m.parquet").exists()


def test_recipes_prints_the_contract(run):
    shown = run("recipes", "--json")
    rows = json.loads(shown.out)
    names = {
        "name",
        "task",
        "description",
        "parameters",
        "trainable_parameters",
        "parameters_keras",
        "published",
    }
    assert all(set(row) >= names for row in rows)
    assert {"base-128", "demo-joint"} <= {row["name"] for row in rows}
    assert all(row["description"].endswith(".") for row in rows)


def test_a_printed_recipe_is_the_recipe(run, tmp_path):
    (tmp_path / "small.yaml").write_text(run("recipes", "small").out)
    assert read_recipe(tmp_path / "small.yaml") == read_recipe("small")
    assert json.loads(run("recipes", "small", "--json").out)["data"]["size"] == 128


def test_the_whole_way(run, phantom_root, tmp_path, monkeypatch):
    """Index, train, evaluate, export, predict, score and report on phantoms, with a network of two levels."""
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "cache"))
    recipe = {
        "name": "tiny",
        "data": {"size": 32, "batch_size": 8},
        "network": {
            "encoder": {"widths": [4, 8]},
            "decoder": {"widths": [4]},
            "classifier": {},
        },
        "schedule": {"epochs": 1},
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    manifest, folder, package = tmp_path / "m.parquet", tmp_path / "run", tmp_path / "tiny.onnx"
    assert run("index", phantom_root, "-o", manifest).code == 0
    trained = run("train", tmp_path / "tiny.yaml", "-m", manifest, "-o", folder)
    assert (trained.code, trained.out.strip()) == (0, str(folder))
    measured = run("evaluate", folder, "--part", "test", "--json")
    assert measured.code == 0
    assert json.loads(measured.out) == json.loads((folder / "evaluation/test/metrics.json").read_text())
    ledger = (tmp_path / "test-ledger.md").read_text()
    assert "| run | tiny | official |" in ledger
    again = run("evaluate", folder, "--part", "test")
    assert again.code == 3
    assert "--again" in again.err
    assert (tmp_path / "test-ledger.md").read_text() == ledger
    assert run("export", folder, "-o", package).code == 0
    slices = sorted(phantom_root.glob("classification_task/test/*/*.jpg"))[:3]
    (tmp_path / "bad.png").write_text("not a picture")
    said = run("predict", *slices, tmp_path / "bad.png", "--model", package, "-o", tmp_path / "out", "--json")
    assert said.code == 3
    assert "bad.png" in said.err
    rows = json.loads(said.out)
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "error"]
    assert rows == json.loads((tmp_path / "out" / "results.json").read_text())
    told = run("predict", slices[0], tmp_path / "bad.png", "--model", package, "-o", tmp_path / "told")
    good, bad = told.out.splitlines()
    assert good.endswith(" px")
    assert "px" not in bad.removeprefix(str(tmp_path))
    assert "1 of 2 could not be read" in told.err
    masks = folder / "evaluation/test/masks"
    scored = run("score", "--pred", masks, "--truth", masks, "--json")
    assert scored.code == 0
    page = run("report", folder)
    assert page.code == 0
    assert Path(page.out.strip()).read_text().startswith("<!")
