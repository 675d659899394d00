"""Means of views and runs, and what they gain."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.errors import InputError
from brainmtl.evaluation.paired import paired_difference
from brainmtl.study.ensemble import combine, model_names, try_ensemble, ways
from brainmtl.study.model import Answer
from brainmtl.training import fit


@pytest.fixture(scope="module")
def tried(tiny_run, recipe, manifest, tmp_path_factory) -> Path:
    """Two runs that see slices at 32 and at 48 pixels."""
    folder = tmp_path_factory.mktemp("ensemble")
    data = recipe.data.model_copy(update={"size": 48})
    fit.train(recipe.model_copy(update={"data": data}), manifest, folder / "larger")
    try_ensemble([tiny_run, folder / "larger"], manifest, folder / "out", slices=12)
    return folder / "out"


def test_ways_are_each_alone_all_and_their_mirrors():
    assert [way.name for way in ways(["a"])] == ["a", "a, mirrored too"]
    found = {way.name: way.voices for way in ways(["a", "b"])}
    assert found["all"] == ((0, False), (1, False))
    assert set(found["all, mirrored too"]) == {(0, False), (1, False), (0, True), (1, True)}


def test_models_are_called_by_their_folders(tmp_path):
    (tmp_path / "tiny.onnx").touch()
    assert model_names([tmp_path / "lr-0.01", tmp_path / "tiny.onnx"]) == ["lr-0.01", "tiny"]
    assert model_names([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ["a/run", "b/run"]
    with pytest.raises(InputError, match="twice"):
        model_names([tmp_path / "a", tmp_path / "a"])


def test_probabilities_are_averaged():
    one, other = (
        Answer(np.full((2, 3), share, np.float32), np.array([share, 1 - share, 0, 0], np.float32))
        for share in (0.2, 0.8)
    )
    mean, unsure = combine([one, other])
    np.testing.assert_allclose(mean.mask, 0.5)
    np.testing.assert_allclose(mean.classes, [0.5, 0.5, 0, 0])
    apart = np.log(2) + 0.2 * np.log(0.2) + 0.8 * np.log(0.8)
    assert unsure["class_mutual_information"] == pytest.approx(apart)
    assert unsure["mask_mutual_information"] == pytest.approx(6 * apart, rel=1e-6)
    assert unsure["mask_entropy"] == pytest.approx(6 * np.log(2))


def test_models_of_different_tasks_are_refused():
    classes = np.full(4, 0.25, np.float32)
    with pytest.raises(InputError, match="different tasks"):
        combine([Answer(None, classes), Answer(np.zeros((2, 2), np.float32), classes)])


def test_the_mean_of_all_is_that_of_the_rows_of_each(tried):
    rows = [pd.read_parquet(tried / "slices" / f"{number}.parquet") for number in range(6)]
    for name in ("p_glioma", "p_no_tumor"):
        np.testing.assert_allclose(rows[4][name], (rows[0][name] + rows[2][name]) / 2, atol=1e-6)
    assert (rows[0]["class_mutual_information"] == 0).all()
    assert (rows[4]["class_mutual_information"] > 0).any()


def test_gains_are_paired(tried):
    found = json.loads((tried / "ensemble.json").read_text())
    base, last = (pd.read_parquet(tried / "slices" / f"{number}.parquet") for number in (0, 5))
    known = base["dice"].notna()
    expected = paired_difference(
        last["dice"][known].to_numpy(), base["dice"][known].to_numpy(), base["group"][known].to_numpy()
    )
    assert found["ways"][5]["gain"]["dice"]["value"] == pytest.approx(expected.value)
    assert found["ways"][5]["gain"]["dice"]["p"] == pytest.approx(expected.p)
    assert found["ways"][0]["gain"] == {}
    assert [way["voices"] for way in found["ways"]] == [1, 2, 1, 2, 2, 4]


def test_the_table_has_a_row_a_way(tried):
    lines = (tried / "tables" / "ensemble.csv").read_text().splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("way,passes,ms a slice,Dice")
