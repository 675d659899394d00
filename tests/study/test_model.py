"""One way to answer, from a run folder and from its package."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from brainmtl.errors import InputError
from brainmtl.imaging.square import to_square
from brainmtl.inference.shelf import SHIPPED
from brainmtl.models.build import build_network
from brainmtl.study.model import load_model
from brainmtl.training.recipe import read_recipe, write_recipe
from brainmtl.training.run import write_weights


@pytest.fixture(scope="module")
def slices() -> list[np.ndarray]:
    chance = np.random.default_rng(0)
    return [chance.integers(0, 255, shape, np.uint8) for shape in ((40, 40), (51, 36), (30, 47))]


def test_a_package_answers_as_its_run(tiny_run, slices, tmp_path):
    from brainmtl.training.export import export_run

    run, package = load_model(tiny_run), load_model(export_run(tiny_run, tmp_path / "tiny.onnx"))
    for one, other in zip(run.answer(slices), package.answer(slices), strict=True):
        np.testing.assert_allclose(one.mask, other.mask, atol=1e-4)
        np.testing.assert_allclose(one.classes, other.classes, atol=1e-4)


def test_answers_are_of_each_slice_s_own_size(tiny_run, slices):
    answers = load_model(tiny_run).answer(slices)
    assert [answer.mask.shape for answer in answers] == [pixels.shape for pixels in slices]


def test_a_mirrored_view_of_a_mirrored_slice_is_the_mirror_of_the_answer(tiny_run, slices):
    """On squares, where nothing is padded: the network sees the very same pixels."""
    model = load_model(tiny_run)
    squares = [to_square(pixels, model.size) for pixels in slices]
    straight = model.answer(squares)
    turned = model.answer([pixels[:, ::-1].copy() for pixels in squares], mirrored=True)
    for one, other in zip(straight, turned, strict=True):
        np.testing.assert_array_equal(one.mask, other.mask[:, ::-1])
        np.testing.assert_array_equal(one.classes, other.classes)


def test_a_shipped_model_goes_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load_model(Path("small")).sha256 == load_model(SHIPPED / "small.onnx").sha256


def test_a_model_that_sees_neighbours_is_not_tried_without_them(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    recipe = read_recipe(tmp_path / "run/recipe.yaml", ["data.neighbours=1"])
    (tmp_path / "run/recipe.yaml").write_text(write_recipe(recipe))
    write_weights(build_network(recipe.network).state_dict(), tmp_path / "run/model.safetensors")
    with pytest.raises(InputError, match="sees the slices beside each slice"):
        load_model(tmp_path / "run")


def test_a_run_that_does_not_say_of_which_sets_it_learnt_is_a_model_too(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    data = json.loads((tmp_path / "run/data.json").read_text())
    del data["sources"]
    (tmp_path / "run/data.json").write_text(json.dumps(data))
    assert load_model(tmp_path / "run").sources is None


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(InputError, match="recipe"):
        load_model(tmp_path)
    with pytest.raises(InputError, match=r"none\.onnx"):
        load_model(tmp_path / "none.onnx")
