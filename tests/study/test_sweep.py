"""A sweep on phantoms: a trial that fails is listed, the others go on, and Optuna can read them."""

import json
from pathlib import Path
from statistics import stdev

import numpy as np
import pytest

from brainmtl.errors import InputError
from brainmtl.study.records import read_record
from brainmtl.study.space import Sweep
from brainmtl.study.sweep import run_sweep
from brainmtl.study.sweep_summary import JOURNAL
from brainmtl.study.sweep_tables import sweep_tables
from brainmtl.study.workers import Workers
from brainmtl.training.recipe import read_recipe

PLAN = Sweep(
    name="two-rates",
    recipe="tiny",
    grid={"data.size": [32, 33], "optimizer.lr": [1e-2]},
    objective={"metric": "classification.accuracy"},
)
"""A network of two levels cannot take 33 pixels: that trial fails."""


@pytest.fixture(scope="module")
def swept(recipe, manifest, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study") / "sweep"
    run_sweep(PLAN, recipe, manifest, out, workers=Workers(2))
    return out


@pytest.fixture(scope="module")
def found(swept) -> dict:
    return json.loads((swept / "sweep.json").read_text())


def test_the_value_is_the_run_s_on_validation(swept, found):
    trial = found["trials"][0]
    metrics = json.loads((swept / "trial-000" / "evaluation" / "validation" / "metrics.json").read_text())
    assert trial["value"] == metrics["classification"]["accuracy"]["value"]
    assert (trial["status"], found["best"]) == ("finished", "trial-000")
    assert read_recipe(swept / "trial-000" / "recipe.yaml").optimizer.lr == 1e-2


def test_a_trial_that_fails_says_why_and_leaves_no_run(swept, found):
    assert found["trials"][1]["status"] == "failed"
    assert "33" in found["trials"][1]["reason"]
    assert not (swept / "trial-001").exists()


def test_the_test_part_is_never_read(swept):
    assert not list(swept.rglob("evaluation/test"))
    assert not list(swept.parent.rglob("test-ledger.md"))


def test_optuna_reads_the_same(swept, found):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(swept / JOURNAL)))
    study = optuna.load_study(study_name="two-rates", storage=storage)
    assert study.best_value == found["trials"][0]["value"]
    assert study.best_params == found["trials"][0]["values"]
    assert len(study.trials) == 1


def test_the_heat_map_and_the_table_are_written(swept):
    assert {path.name for path in (swept / "figures").iterdir()} == {"heat-map.png", "heat-map.svg"}
    assert "trial-000" in (swept / "tables" / "sweep.md").read_text()


def test_a_screen_tells_what_each_choice_did(recipe, manifest, tmp_path):
    """In a whole design an effect is the difference of two means; a metric that no trial has, has none."""
    plan = Sweep(
        name="screened",
        recipe="tiny",
        screen={
            "quick": {"optimizer.lr": (1e-4, 3e-2), "schedule.ema": (None, 0.5)},
            "noise": {"augmentation.noise": (0, 0.2)},
        },
        objective={"metric": "classification.brier", "direction": "minimize"},
        also=["segmentation.dice", "joint.nothing"],
    )
    out = tmp_path / "screen"
    found = run_sweep(plan, recipe, manifest, out, workers=Workers(2))
    assert len(found["trials"]) == 8
    assert found == json.loads((out / "sweep.json").read_text())
    for trial in found["trials"]:
        ran = read_recipe(out / trial["trial"] / "recipe.yaml")
        assert ran.optimizer.lr == (3e-2 if trial["values"]["quick"] else 1e-4)
        assert ran.augmentation.noise == (0.2 if trial["values"]["noise"] else 0)
        assert trial["metrics"]["classification.brier"] == trial["value"]
    unknown = found["effects"].pop("joint.nothing")
    assert unknown["noise"] == {"value": None, "low": None, "high": None}
    for metric, effects in found["effects"].items():
        assert set(effects) == {"quick", "noise"}
        for factor, effect in effects.items():
            with_it, without = (
                [one["metrics"][metric] for one in found["trials"] if one["values"][factor] is on]
                for on in (True, False)
            )
            assert effect["value"] == pytest.approx(np.mean(with_it) - np.mean(without), abs=1e-9)
    written = {path.relative_to(out).as_posix() for path in out.glob("*/effects.*")}
    assert written == {
        "tables/effects.md",
        "tables/effects.csv",
        "figures/effects.png",
        "figures/effects.svg",
    }
    assert "| quick | " in (out / "tables" / "effects.md").read_text()


def test_a_setting_is_the_mean_of_its_seeds():
    accuracy = "classification.accuracy"
    values = {("fixed", 0): 0.9, ("fixed", 1): 0.94, ("dwa", 0): 0.8, ("dwa", 1): None}
    trials = [
        {"trial": f"trial-{number}", "values": {"balancing.name": name, "seed": seed}}
        | ({"metrics": {accuracy: value}} if value is not None else {"reason": "it failed"})
        for number, ((name, seed), value) in enumerate(values.items())
    ]
    found = {"name": "two", "objective": {"metric": accuracy}, "also": [], "effects": {}, "best": "trial-1"}
    *_, table = sweep_tables(found | {"trials": trials})
    spread = stdev([0.9, 0.94]) * 100
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["fixed", f"92.0 ± {spread:.1f}\N{NO-BREAK SPACE}%", "2"],
        ["dwa", "80.0\N{NO-BREAK SPACE}%", "1"],
    ]


def test_the_weights_that_its_trials_were_handed_stand_in_the_record(swept, recipe, manifest, given_weights):
    out = given_weights(swept, "sweep.json")
    assert run_sweep(PLAN, recipe, manifest, out)["encoder_weights"]["file"] == "mine.safetensors"
    assert read_record(out).encoder_weights == "mine.safetensors (0123456789ab)"


def test_another_sweep_in_the_folder_is_refused(swept, recipe, manifest):
    other = PLAN.model_copy(update={"grid": {"data.size": (32,)}})
    with pytest.raises(InputError, match="another sweep"):
        run_sweep(other, recipe, manifest, swept)


def test_a_field_that_no_recipe_has_is_named_before_anything_is_trained(recipe, manifest, tmp_path):
    wrong = PLAN.model_copy(update={"grid": {"optimizer.lrr": (1,)}})
    with pytest.raises(InputError, match=r"optimizer\.lrr"):
        run_sweep(wrong, recipe, manifest, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))
