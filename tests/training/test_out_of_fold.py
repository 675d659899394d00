"""The runs of five folds become one part of a run, in which nobody taught the network that answers."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.manifest import read_manifest
from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.inference.package import load_package
from brainmtl.report.folder import read_run
from brainmtl.report.page import write_report
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import export_run
from brainmtl.training.fit import train
from brainmtl.training.out_of_fold import pool_folds
from brainmtl.training.run import read_json

SHORT = "schedule={name: constant, epochs: 1, monitor: validation_loss}"


@pytest.fixture(scope="module")
def folds(tiny, manifest, tmp_path_factory):
    """Run folders of the five folds, each measured on its own."""
    home = tmp_path_factory.mktemp("folds")
    made = []
    for number in range(5):
        recipe = tiny(SHORT, "data.protocol=patient-5fold", f"data.fold={number}", f"seed={number}")
        train(recipe, manifest, home / f"fold-{number}", bar=False)
        evaluate(home / f"fold-{number}", "test")
        made.append(home / f"fold-{number}")
    return made


@pytest.fixture(scope="module")
def pooled(tiny, manifest, folds, tmp_path_factory):
    """A run of the official protocol with the part that its folds make."""
    run = tmp_path_factory.mktemp("pooled") / "run"
    train(tiny(SHORT), manifest, run, bar=False)
    evaluate(run, "validation")
    pool_folds(run, folds[::-1])
    return run


def test_every_slice_is_there_once_as_its_own_fold_answered_it(pooled, folds, manifest):
    table = read_manifest(manifest)
    rows = pd.read_parquet(pooled / "evaluation/out-of-fold/per_image.parquet").set_index("id")
    assert sorted(rows.index) == sorted(table["id"])
    for number, run in enumerate(folds):
        theirs = pd.read_parquet(run / "evaluation/test/per_image.parquet").set_index("id")
        mine = rows.loc[theirs.index]
        assert set(mine["fold"]) == {number}
        assert list(mine["dice"].dropna()) == list(theirs["dice"].dropna())
        assert (mine["predicted"] == theirs["predicted"]).all()
    assert dict(rows["side"]) == dict(zip(table["id"], parts(table, "official"), strict=True))
    masks = pooled / "evaluation/out-of-fold/masks"
    assert {path.stem for path in masks.iterdir()} == set(table["id"])


def test_its_numbers_are_the_folds_weighed_by_their_slices(pooled, folds):
    metrics = read_json(pooled / "evaluation/out-of-fold/metrics.json")
    for section, name in (("classification", "accuracy"), ("segmentation", "dice")):
        read = [read_json(run / "evaluation/test/metrics.json")[section][name] for run in folds]
        expected = np.average([one["value"] for one in read], weights=[one["n"] for one in read])
        assert metrics[section][name]["value"] == pytest.approx(expected)
    assert [(one["run"], one["seed"]) for one in metrics["folds"]] == [(f"fold-{n}", n) for n in range(5)]


def test_reports_open_with_it(pooled):
    page = write_report(pooled).read_text()
    assert read_run(pooled).evaluations[0].part == "out-of-fold"
    assert "Results on out-of-fold" in page
    head = (pooled / "tables/results-classification.csv").read_text().splitlines()[0]
    assert head.startswith("metric,out-of-fold,")


def test_a_package_learns_its_certainty_from_it(pooled, tmp_path):
    known = load_package(export_run(pooled, tmp_path / "model.onnx")).info.certainty
    assert sum(known.class_sets.slices.values()) == 28  # what the run itself was trained on
    assert known.slices == 8
    assert any("learnt from 28 training slices of 28 persons" in note for note in known.notes)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda runs, spare: runs[:4], "no run of fold 4"),
        (lambda runs, spare: [*runs, runs[0]], "two runs of fold 0"),
        (lambda runs, spare: [spare("recipe.yaml", "lr: 0.01", "lr: 0.02"), *runs[1:]], "not that of run"),
        (lambda runs, spare: [spare("recipe.yaml", "patient-5fold", "official"), *runs[1:]], "its protocol"),
        (lambda runs, spare: [spare("data.json", '"manifest_sha256": "', '"manifest_sha256": "0'), *runs[1:]],
         "not trained as run was"),
        (lambda runs, spare: [spare("data.json", '"fold"', '"init_from": {"run": "x"}, "fold"'), *runs[1:]],
         "not trained as run was"),
        (lambda runs, spare: [spare("evaluation", None, None), *runs[1:]], "has not been measured"),
    ],
)  # fmt: skip
def test_runs_that_do_not_belong_together_are_refused(pooled, folds, tmp_path, spoil, message):
    def spare(name: str, old: str | None, new: str | None):
        """A copy of the first fold's run with something else in it, or without it."""
        copy = tmp_path / "fold-0"
        shutil.copytree(folds[0], copy)
        if old is None or new is None:
            shutil.rmtree(copy / name)
            return copy
        text = (copy / name).read_text()
        assert old in text
        (copy / name).write_text(text.replace(old, new))
        return copy

    before = json.loads((pooled / "evaluation/out-of-fold/metrics.json").read_text())
    with pytest.raises(InputError, match=message):
        pool_folds(pooled, spoil(folds, spare))
    assert json.loads((pooled / "evaluation/out-of-fold/metrics.json").read_text()) == before
