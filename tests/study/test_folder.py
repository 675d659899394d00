"""Which folders a study may take for its own, and which plans go on with one."""

import json

import pytest
import torch
from safetensors.torch import save_file

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.study.folder import begin_study
from brainmtl.training.recipe import read_recipe

PLAN = {"folds": 5, "seed": 0}


@pytest.fixture
def recipe():
    return read_recipe("demo-joint")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_begun_study_goes_on_under_its_plan(tmp_path, recipe):
    out = tmp_path / "out"
    begin_study(out, "sweep", PLAN, recipe)
    (out / "trial-000").mkdir()
    before = {name: (out / name).read_bytes() for name in ("plan.json", "recipe.yaml")}
    begin_study(out, "sweep", PLAN, recipe)
    assert {name: (out / name).read_bytes() for name in before} == before
    assert read_recipe(out / "recipe.yaml") == recipe


def test_another_plan_or_recipe_is_refused_by_its_name(tmp_path, recipe):
    begin_study(tmp_path, "sweep", PLAN, recipe)
    with pytest.raises(InputError, match=r"seed.*another sweep lies there: 0, not 1.*new folder"):
        begin_study(tmp_path, "sweep", PLAN | {"seed": 1}, recipe)
    with pytest.raises(InputError, match=r"recipe\.yaml.*not the one the sweep started with"):
        begin_study(tmp_path, "sweep", PLAN, recipe.model_copy(update={"seed": 9}))
    assert names(tmp_path) == ["plan.json", "recipe.yaml"]


def test_an_override_that_does_not_fit_leaves_nothing(tmp_path, recipe):
    with pytest.raises(InputError, match="lrr"):
        begin_study(tmp_path / "out", "sweep", PLAN, recipe, [["seed=1"], ["optimizer.lrr=1"]])
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []


def test_the_runs_of_a_study_begin_with_no_other_run(tmp_path):
    with pytest.raises(InputError, match="base goes on from a finished run of base-128, and none is given"):
        begin_study(tmp_path / "out", "sweep", PLAN, read_recipe("base"))
    assert not (tmp_path / "out").exists()
    begin_study(tmp_path / "out", "sweep", PLAN, read_recipe("base", ["goes_on_from=null"]))


def test_weights_that_no_worker_could_read_leave_nothing(tmp_path, recipe):
    with pytest.raises(InputError, match=r"absent\.safetensors: no such weights"):
        begin_study(tmp_path / "out", "sweep", PLAN, recipe, encoder_weights=tmp_path / "absent.safetensors")
    assert not (tmp_path / "out").exists()


def test_a_study_goes_on_with_the_weights_it_began_with(tmp_path, recipe):
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(2)}, one)
    save_file({"a": torch.ones(2)}, other)
    begin_study(tmp_path / "out", "sweep", PLAN, recipe, encoder_weights=one)
    begin_study(tmp_path / "out", "sweep", PLAN, recipe, encoder_weights=one)
    for given in (other, None):
        with pytest.raises(InputError, match=r"encoder_weights: another sweep lies there.*call as before"):
            begin_study(tmp_path / "out", "sweep", PLAN, recipe, encoder_weights=given)
    plan = json.loads((tmp_path / "out/plan.json").read_text())
    (tmp_path / "out/plan.json").write_text(json.dumps({name: plan[name] for name in PLAN}))
    begin_study(tmp_path / "out", "sweep", PLAN, recipe, encoder_weights=other)  # it never said


def test_what_a_kill_left_half_begun_is_its_own(tmp_path, recipe):
    (tmp_path / "logs").mkdir()
    with whole_file(tmp_path / "recipe.yaml") as temporary:
        assert temporary.exists()
        begin_study(tmp_path, "sweep", PLAN)
    assert names(tmp_path) == ["logs", "plan.json", "recipe.yaml"]


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", ".notes.txt"])
def test_whatever_else_lies_there_is_somebody_s(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"not empty.*new folder"):
        begin_study(tmp_path, "study", PLAN)
    assert names(tmp_path) == [name]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="not empty"):
        begin_study(tmp_path / "out", "study", PLAN)
