"""Whole runs on the tiny manifest: what they leave, and where they start."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES
from brainmtl.training.evaluate import evaluate
from brainmtl.training.fit import train
from brainmtl.training.log import read_log
from brainmtl.training.recipe import read_recipe

FILES = {
    "recipe.yaml",
    "environment.json",
    "data.json",
    "network.json",
    "log.csv",
    "checkpoints/last.ckpt",
    "checkpoints/best.ckpt",
    "model.safetensors",
    "result.json",
}
"""What docs/architecture.md says a run leaves, before it is evaluated."""
MOVING = {"train_mask_weight", "train_class_weight"}
"""In the log of a run whose balancing moves them."""


def read(run, name):
    return json.loads((run / name).read_text())


def test_a_run_folder_holds_what_it_should(finished):
    found = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith("tensorboard/")} == FILES
    assert [name for name in found if "tfevents" in name]


def test_what_is_known_of_the_data(finished, manifest):
    data = read(finished, "data.json")
    table = pd.read_parquet(manifest)
    train_rows = table[(table["split"] == "train") & ~table["validation"]]
    expected = {name: int((train_rows["label"] == name).sum()) for name in CLASSES}
    assert data["counts"]["train"] == expected | {"masks": int(train_rows["mask"].notna().sum())}
    assert data["manifest"] == str(manifest)
    assert (data["protocol"], data["fold"]) == ("official", 0)


def test_what_is_known_of_the_network_and_the_place(finished):
    state = load_file(finished / "model.safetensors")
    counted = sum(
        value.numel() for name, value in state.items() if "running" not in name and "tracked" not in name
    )
    about = read(finished, "network.json")
    assert about["task"] == "joint"
    assert about["parameters"] == about["trainable_parameters"] == counted
    assert about["size_mb"] == round(counted * 4 / 1e6, 3)
    environment = read(finished, "environment.json")
    assert {"brainmtl", "python", "torch", "platform", "processor", "cores", "started", "command"} <= set(
        environment
    )


def test_one_row_an_epoch(finished):
    rows = read_log(finished / "log.csv")
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(value for row in rows for name, value in row.items() if name not in MOVING)
    result = read(finished, "result.json")
    assert (result["status"], result["epochs"], result["monitor"]) == ("finished", 3, "validation_loss")


def test_the_same_seed_gives_the_same_weights(run, finished):
    again, other = run(name="again"), run("seed=8", name="other")
    weights = [(one / "model.safetensors").read_bytes() for one in (finished, again, other)]
    assert weights[0] == weights[1] != weights[2]


def test_init_from_starts_from_the_weights(run, finished):
    barely = "optimizer={name: sgd, lr: 1e-12}"
    larger = run(barely, "data.size=48", "schedule={name: constant, epochs: 1}", init_from=finished)
    start, end = (load_file(one / "model.safetensors") for one in (finished, larger))
    parameters = [name for name in start if name.endswith(("weight", "bias"))]
    kept, expected = ({name: state[name] for name in parameters} for state in (end, start))
    torch.testing.assert_close(kept, expected)


def test_a_later_leg_is_no_first_one(run, finished, tmp_path):
    with pytest.raises(InputError, match=r"goes_on_from.*--init-from RUN; or, for a first leg"):
        run("goes_on_from=demo-joint", "schedule.epochs=1")
    assert not (tmp_path / "run").exists()
    later = run("goes_on_from=demo-joint", "schedule.epochs=1", init_from=finished)
    assert read_recipe(later / "recipe.yaml").goes_on_from == "demo-joint"


def test_init_from_another_network_or_no_run(run, finished, tmp_path):
    with pytest.raises(InputError, match="do not fit the network"):
        run("network.encoder.widths=[8, 8]", init_from=finished)
    with pytest.raises(InputError, match=r"not a run folder: no recipe\.yaml"):
        run(init_from=tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_run_begins_with_none_that_has_learnt_from_what_it_holds_back(run, finished, tmp_path):
    with pytest.raises(InputError, match=r"learnt from \d+ slices that this run is to be measured on"):
        run("data.protocol=patient-5fold", "data.fold=0", init_from=finished)
    assert not (tmp_path / "run").exists()
    fold = run("data.protocol=patient-5fold", "data.fold=0", "schedule.epochs=1", name="fold")
    with pytest.raises(InputError, match=r"begin with a run of the same protocol"):
        run("data.protocol=patient-5fold", "data.fold=1", init_from=fold)


@pytest.mark.parametrize(
    ("taught_by", "refused"), [("figshare2017", True), ("brisc2025", True), ("elsewhere", False)]
)
def test_nor_with_one_that_knows_the_same_slices_by_another_name(
    run, finished, manifest, tmp_path, taught_by, refused
):
    shutil.copytree(finished, tmp_path / "before")
    data = json.loads((tmp_path / "before/data.json").read_text())
    (tmp_path / "before/data.json").write_text(json.dumps(data | {"sources": [taught_by]}))
    table = read_manifest(manifest)
    sources = ["brisc2025", "sartaj"] if taught_by == "brisc2025" else ["brisc2025"]
    write_manifest(table.assign(source=np.resize(sources, len(table))), tmp_path / "m.parquet")

    def begin():
        run("schedule.epochs=1", manifest=tmp_path / "m.parquet", init_from=tmp_path / "before")

    if refused:
        with pytest.raises(InputError, match=f"has learnt from {taught_by}; under other ids"):
            begin()
    else:
        begin()


@pytest.mark.parametrize(
    ("network", "absent"),
    [
        ("network={encoder: {widths: [4, 8]}, decoder: {widths: [4]}}", "class_loss"),
        ("network={encoder: {widths: [4, 8]}, classifier: {}}", "mask_loss"),
    ],
)
def test_one_head_alone(run, network, absent):
    one = run(network, "schedule.epochs=1", "schedule.monitor=validation_score")
    row = read_log(one / "log.csv")[0]
    assert row[f"validation_{absent}"] == row[f"train_{absent}"] == ""
    assert float(row["validation_score"]) == float(
        row["validation_dice" if absent == "class_loss" else "validation_accuracy"]
    )


def test_batches_of_which_nothing_is_known(run):
    one = run(
        "network={encoder: {widths: [4, 8]}, decoder: {widths: [4]}}",
        "data={size: 32, batch_size: 2, healthy_masks: false}",
        "schedule={epochs: 1, monitor: validation_dice}",
    )
    assert read(one, "result.json")["status"] == "finished"


def test_training_on_crops(run):
    one = run("data.size=40", "augmentation.crop=32", "schedule.epochs=1")
    assert read(one, "result.json")["status"] == "finished"


@pytest.mark.parametrize("bar", [False, True])
def test_stdout_is_for_results(tiny, manifest, tmp_path, capfd, monkeypatch, bar):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    train(tiny("schedule.epochs=1"), manifest, tmp_path / "run", bar=bar)
    said = capfd.readouterr()
    assert said.out == ""
    if not bar:
        assert [line.split(":")[0] for line in said.err.splitlines()] == [
            "1,725 of 1,725 parameters train",
            "epoch 1/1",
        ]
    assert list((tmp_path / "here").iterdir()) == []


def test_progress_counts_decoded_slices(run, tiny, manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "cache"))
    told = []
    run("schedule.epochs=1", progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 44) for done in range(1, 45)]


def test_a_full_folder_is_left_alone(run, tiny, manifest, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"run: is not empty .*--resume"):
        run()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(run, tmp_path):
    (tmp_path / "run").mkdir()
    assert (run("schedule.epochs=1") / "result.json").exists()


def test_a_folder_that_cannot_be_made(tiny, manifest, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        train(tiny(), manifest, tmp_path / "file" / "run", bar=False)


def test_a_rate_far_too_high(run):
    with pytest.raises(InputError, match=r"optimizer\.lr: train_loss is (nan|inf).*lower rate"):
        run("optimizer={name: sgd, lr: 1e30}", "augmentation={}")


def test_partial_labels_are_normal(run, manifest, tmp_path):
    table = read_manifest(manifest)
    odd = np.arange(len(table)) % 2 == 1
    path = tmp_path / "partial.parquet"
    write_manifest(table.assign(mask=table["mask"].where(odd), label=table["label"].where(~odd)), path)
    one = run("schedule.epochs=1", manifest=path)
    for given in (read_manifest(path), table):
        marked = open_cache(given, 32).masks.any((1, 2))
        np.testing.assert_array_equal(marked, given["mask"].notna())
    assert all(value for name, value in read_log(one / "log.csv")[0].items() if name not in MOVING)


def test_an_unreadable_slice_leaves_no_folder(run, manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "cache"))
    table = read_manifest(manifest)
    (tmp_path / "cut.png").write_bytes((tmp_path / table["image"][0]).read_bytes()[:100])
    table.loc[0, ["image", "sha256"]] = [str(tmp_path / "cut.png"), "0" * 64]
    write_manifest(table, tmp_path / "changed.parquet")
    with pytest.raises(InputError, match=r"cut\.png"):
        run(manifest=tmp_path / "changed.parquet")
    assert not (tmp_path / "run").exists()


def test_nothing_is_held_back_from_the_whole(run, manifest):
    whole = run("data.protocol=official-whole", "schedule.ema=0.5")
    table = read_manifest(manifest)
    counts = read(whole, "data.json")["counts"]
    assert sum(counts["train"][name] for name in CLASSES) == (table["split"] == "train").sum()
    assert "validation" not in counts
    rows = read_log(whole / "log.csv")
    assert all(row["slices_per_second"] and row["train_loss"] and not row["validation_loss"] for row in rows)
    last = torch.load(whole / "checkpoints" / "last.ckpt", weights_only=True)
    weights = load_file(whole / "model.safetensors")
    assert int(last["epoch"]) + 1 == len(rows)
    assert all(torch.equal(weights[name], last["state_dict"][f"network.{name}"]) for name in weights)
    assert read(whole, "result.json")["monitor"] is None
    with pytest.raises(InputError, match="holds nothing back for validation"):
        evaluate(whole)


@pytest.mark.parametrize("setting", ["schedule.name=plateau", "schedule.stop_after=2"])
def test_a_schedule_that_follows_validation_needs_one(run, setting):
    with pytest.raises(InputError, match=setting.split("=")[0] + ".*follows validation"):
        run("data.protocol=official-whole", setting)


def test_a_balancing_by_past_losses_needs_no_validation(run):
    """Liu et al. 2019: equal weights for two epochs, then by how fast each loss fell."""
    whole = run("data.protocol=official-whole", "balancing={name: dwa}", "schedule.epochs=3")
    weights = [float(row["train_mask_weight"]) for row in read_log(whole / "log.csv")]
    assert weights[:2] == [1, 1]
    assert weights[2] != 1
