"""The runs of five folds become one part of a run, in which nobody taught the network that answers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.manifest import read_manifest
from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.evaluation.class_answers import class_answers
from brainmtl.evaluation.mask_conformal import needed_margin
from brainmtl.evaluation.temperature import fit_temperature
from brainmtl.imaging.mask import read_mask
from brainmtl.inference.package import load_package
from brainmtl.report.folder import read_run
from brainmtl.report.page import write_report
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import export_run
from brainmtl.training.fit import train
from brainmtl.training.listening import listen_out_of_fold
from brainmtl.training.out_of_fold import pool_folds
from brainmtl.training.run import load_recipe, read_json

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


@pytest.fixture(scope="module")
def whole(tiny, manifest, folds, tmp_path_factory):
    """A run that held nothing back, with the part that its folds make."""
    run = tmp_path_factory.mktemp("whole") / "run"
    train(tiny(SHORT, "data.protocol=official-whole"), manifest, run, bar=False)
    before = load_package(export_run(run, run / "before.onnx")).info.certainty
    assert (before.slices, before.class_sets) == (0, None)
    assert "it learnt from every slice" in before.notes[0]
    pool_folds(run, folds)
    return run


def test_a_package_that_held_nothing_back_learns_all_its_certainty_from_it(whole, manifest):
    table = read_manifest(manifest)
    learnt = set(table["id"][parts(table, "official-whole") == "train"])
    package = load_package(export_run(whole))
    known = package.info.certainty
    rows = pd.read_parquet(whole / "evaluation/out-of-fold/per_image.parquet")
    taught = class_answers(rows[rows["id"].isin(learnt)])
    assert (known.part, known.slices) == ("out-of-fold", len(learnt))
    assert sum(known.class_sets.slices.values()) == len(learnt) == len(taught.truth)
    assert known.persons == len(set(taught.groups))
    assert package.info.temperature == 1 or package.info.temperature == pytest.approx(
        fit_temperature(*taught).value, rel=1e-6
    )
    assert "out of fold by networks of the same recipe" in " ".join(known.notes)


def test_the_margins_it_learns_are_those_of_its_siblings_masks(whole, manifest):
    """Masks and truths are squares of the network's size here, so that nothing has to be resampled."""
    said = listen_out_of_fold(load_package(export_run(whole)), whole, load_recipe(whole))
    table = read_manifest(manifest)
    table = table[parts(table, "official-whole") == "train"]
    for needed, (_, row) in zip(said.needed, table.iterrows(), strict=True):
        if pd.isna(row["mask"]):
            assert np.isnan(needed)
            continue
        answered = read_mask(whole / f"evaluation/out-of-fold/masks/{row['id']}.png")
        truth = read_mask(Path(row["mask"]))
        expected = needed_margin(truth, answered) / max(truth.shape)
        pixel = 1 / load_recipe(whole).data.size
        assert needed == pytest.approx(expected, abs=2 * pixel) or np.isinf([needed, expected]).all()


@pytest.mark.parametrize(
    ("kind", "own", "theirs", "message"),
    [
        ("init_from", {"weights_sha256": "a"}, {"weights_sha256": "a"}, "may have learnt from its fold"),
        ("encoder_weights", {"sha256": "a"}, {"sha256": "b"}, "encoder_weights: it was not trained as run"),
    ],
)
def test_what_folds_began_with_is_looked_at(pooled, folds, tmp_path, kind, own, theirs, message):
    """Legs of different folds begin with different weights; pretrained encoders are the same file."""
    run, *copies = (tmp_path / name for name in ("run", *(f"fold-{number}" for number in range(5))))
    for source, copy, began in [(pooled, run, own), *zip(folds, copies, [theirs] * 5, strict=True)]:
        shutil.copytree(source, copy)
        data = json.loads((copy / "data.json").read_text())
        (copy / "data.json").write_text(json.dumps(data | {kind: began}))
    with pytest.raises(InputError, match=message):
        pool_folds(run, copies)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda runs, spare: runs[:4], "no run of fold 4"),
        (lambda runs, spare: [*runs, runs[0]], "two runs of fold 0"),
        (lambda runs, spare: [spare("recipe.yaml", "lr: 0.01", "lr: 0.02"), *runs[1:]], "not that of run"),
        (lambda runs, spare: [spare("recipe.yaml", "patient-5fold", "official"), *runs[1:]], "its protocol"),
        (lambda runs, spare: [spare("data.json", '"manifest_sha256": "', '"manifest_sha256": "0'), *runs[1:]],
         "not trained as run was"),
        (lambda runs, spare: [spare("data.json", "{", '{"init_from": {"weights_sha256": "x"},'), *runs[1:]],
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
        (copy / name).write_text(text.replace(old, new, 1))
        return copy

    before = json.loads((pooled / "evaluation/out-of-fold/metrics.json").read_text())
    with pytest.raises(InputError, match=message):
        pool_folds(pooled, spoil(folds, spare))
    assert json.loads((pooled / "evaluation/out-of-fold/metrics.json").read_text()) == before
