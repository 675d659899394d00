"""One joint network against two specialists, on phantoms."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import InputError
from brainmtl.models.build import build_network, parameter_counts
from brainmtl.study.joint import ARMS, joint_against_single
from brainmtl.study.share import share_study
from brainmtl.study.space import overrides, read_sweep, settings
from brainmtl.study.workers import Workers
from brainmtl.training.fit import train
from brainmtl.training.log import read_log
from brainmtl.training.recipe import read_recipe, write_recipe
from brainmtl.training.run import read_json


@pytest.fixture(scope="module")
def halves(manifest, tmp_path_factory):
    """The phantoms in two folds, with persons for validation in both."""
    table = read_manifest(manifest)
    number = pd.factorize(table["group"])[0]
    path = tmp_path_factory.mktemp("halves") / "manifest.parquet"
    write_manifest(table.assign(fold=number % 2, validation=number < 4), path)
    return path


@pytest.fixture(scope="module")
def studied(recipe, halves, tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "joint"
    joint_against_single(recipe, halves, out, seeds=1, workers=Workers(2))
    return out


def test_every_arm_meets_the_same_folds_and_seeds(studied):
    found = json.loads((studied / "joint-vs-single.json").read_text())
    runs = {arm: sorted(path.name for path in (studied / arm).glob("fold-*")) for arm in ARMS}
    assert runs["joint"] == runs["segmentation"] == runs["classification"]
    assert len(runs["joint"]) == len(found["folds"]) == 2
    for arm, task in (
        ("joint", "joint"),
        ("segmentation", "segmentation"),
        ("classification", "classification"),
    ):
        run = studied / arm / "fold-1-seed-7"
        recipe = read_recipe(run / "recipe.yaml")
        assert (recipe.network.task, recipe.seed) == (task, 7)
        assert (recipe.data.protocol, recipe.data.fold) == ("patient-5fold", 1)
        assert recipe.schedule == read_recipe(studied / "recipe.yaml").schedule


def test_numbers_are_those_of_the_runs(studied):
    found = read_json(studied / "joint-vs-single.json")
    read = [read_json(path) for path in (studied / "classification").glob("*/evaluation/test/metrics.json")]
    accuracies = [one["classification"]["accuracy"] for one in read]
    total = sum(one["n"] for one in accuracies)
    expected = sum(one["value"] * one["n"] for one in accuracies) / total
    assert found["equivalence"]["accuracy"]["single"] == pytest.approx(expected)
    assert found["equivalence"]["accuracy"]["n"] == total
    slices = pd.read_parquet(studied / "slices.parquet")
    for arm, side in (("joint", "joint"), ("classification", "single")):
        right = slices[slices["arm"] == arm].groupby("id")["right"].mean()
        assert found["equivalence"]["accuracy"][side] == pytest.approx(right.mean())
    assert found["cost"]["joint"]["parameters"] < found["cost"]["both specialists"]["parameters"]
    assert {path.name for path in (studied / "tables").iterdir()} == {
        f"joint-vs-single{name}.{suffix}" for name in ("", "-cost") for suffix in ("md", "csv")
    }
    assert {path.name for path in (studied / "figures").iterdir()} == {
        f"joint-vs-single.{suffix}" for suffix in ("png", "svg")
    }
    shared = share_study(studied, studied.parent / "shared")
    logs = {path.parent.parent.name for path in shared if path.name == "log.csv"}
    assert logs == set(ARMS)
    assert studied.parent / "shared" / "slices.parquet" in shared
    assert len((studied.parent / "test-ledger.md").read_text().splitlines()) == 6 + len(ARMS)


def test_the_weights_that_its_runs_were_handed_stand_in_the_record(studied, recipe, halves, given_weights):
    out = given_weights(studied, "joint-vs-single.json")
    found = joint_against_single(recipe, halves, out, seeds=1)
    assert found["encoder_weights"]["file"] == "mine.safetensors"


def test_called_again_it_says_the_same(studied, recipe, halves):
    before = (studied / "joint-vs-single.json").read_text()
    assert joint_against_single(recipe, halves, studied, seeds=1) == json.loads(before)
    with pytest.raises(InputError, match="another study lies there"):
        joint_against_single(recipe, halves, studied, seeds=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("network.decoder=null", "start from a joint recipe"),
        ("schedule.monitor=validation_dice", "validation_score"),
    ],
)
def test_a_recipe_that_has_not_all_arms(recipe, manifest, tmp_path, change, message):
    (tmp_path / "recipe.yaml").write_text(write_recipe(recipe))
    with pytest.raises(InputError, match=message):
        joint_against_single(read_recipe(tmp_path / "recipe.yaml", [change]), manifest, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["joint-balancing", "joint-encoders", "joint-neighbours", "joint-options"])
def test_every_trial_of_a_shipped_ablation_builds(name, tmp_path):
    """Each is read as a job reads it: from the recipe that the sweep has written."""
    sweep = read_sweep(name)
    (path := tmp_path / "recipe.yaml").write_text(
        write_recipe(read_recipe(sweep.recipe, overrides(sweep.set)))
    )
    for changes in settings(sweep, 0):
        recipe = read_recipe(path, changes)
        assert recipe.network.channels == 2 * recipe.data.neighbours + 1
        with torch.device("meta"):
            build_network(recipe.network, pretrained=False)


def test_all_options_on_train_together_over_the_hybrid_encoder(manifest, tmp_path):
    """tests/models/test_network.py exports it."""
    options, encoders = (read_sweep(name).screen for name in ("joint-options", "joint-encoders"))
    switched = {field: both[1] for switch in (options | encoders).values() for field, both in switch.items()}
    small = [
        "data.neighbours=1",
        "data.size=64",
        "data.batch_size=20",
        "schedule.epochs=1",
        "network.encoder.pretrained=false",
    ]
    recipe = read_recipe("small", [*overrides(switched), *small])
    table = read_manifest(manifest)
    stacks = table.groupby(["label", "split", "validation"])
    table["series"], table["position"] = stacks.ngroup().astype("string"), stacks.cumcount().astype("Int32")
    write_manifest(table, tmp_path / "stacks.parquet")
    train(recipe, tmp_path / "stacks.parquet", tmp_path / "run", bar=False)
    (row,) = read_log(tmp_path / "run/log.csv")
    state = load_file(tmp_path / "run/model.safetensors")
    assert np.isfinite([float(row["train_mask_loss"]), float(row["train_class_loss"])]).all()
    counted = {name: tensor for name, tensor in state.items() if name.endswith("num_batches_tracked")}
    assert counted
    assert {int(tensor) for tensor in counted.values()} != {0}


def test_the_hybrid_encoder_is_half_of_the_one_it_is_tried_against():
    sweep = read_sweep("joint-encoders")
    without, hybrid, *_ = (read_recipe(sweep.recipe, changes).network for changes in settings(sweep, 0))
    sizes = [
        parameter_counts(build_network(network, pretrained=False).encoder)["parameters"]
        for network in (without, hybrid)
    ]
    assert sizes == [1_811_136, 950_736]
