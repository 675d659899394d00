"""A tiny run tried on corrupted phantoms."""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import write_manifest
from brainmtl.data.phantom import make_phantom
from brainmtl.errors import InputError
from brainmtl.study import gallery, robustness
from brainmtl.study.corruptions import CORRUPTIONS, SEVERITIES
from brainmtl.training import fit

SLICES = 8
CHOSEN = tuple(one for one in CORRUPTIONS if one.name in ("cropping", "jpeg"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """Sixty phantoms of which ten, of three classes, are for validation."""
    root = tmp_path_factory.mktemp("several")
    make_phantom(root / "set", slices=60, size=96, seed=3)
    write_manifest(index_brisc(root / "set")[0], root / "phantoms.parquet")
    return root / "phantoms.parquet"


@pytest.fixture(scope="module")
def tiny_run(recipe, manifest, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("several-run") / "run"
    fit.train(recipe, manifest, run)
    return run


@pytest.fixture(scope="module")
def tried(tiny_run, manifest, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for module in (robustness, gallery):
            patch.setattr(module, "CORRUPTIONS", CHOSEN)
        out = tmp_path_factory.mktemp("robust") / "tiny"
        robustness.try_robustness(tiny_run, manifest, out, slices=SLICES)
    return out


@pytest.fixture(autouse=True)
def _few_corruptions(monkeypatch):
    for module in (robustness, gallery):
        monkeypatch.setattr(module, "CORRUPTIONS", CHOSEN)


def test_every_severity_is_measured_on_the_same_slices(tried):
    found = json.loads((tried / "robustness.json").read_text())
    assert [one["name"] for one in found["corruptions"]] == ["jpeg", "cropping"]
    clean = pd.read_parquet(tried / "slices" / "clean.parquet")
    assert len(clean) == found["slices"] == SLICES
    for corruption in found["corruptions"]:
        rows = pd.read_parquet(tried / "slices" / f"{corruption['name']}.parquet")
        assert [some["severity"] for some in corruption["severities"]] == list(range(1, SEVERITIES + 1))
        for _, some in rows.groupby("severity"):
            assert set(some["id"]) == set(clean["id"])


def test_clean_slices_score_as_evaluation_scores_them(tried, tiny_run):
    """Decoded anew and answered in other batches, they give the numbers of ``brainmtl evaluate``."""
    from brainmtl.training.evaluate import evaluate

    evaluate(tiny_run)
    expected = pd.read_parquet(tiny_run / "evaluation/validation/per_image.parquet").set_index("id")
    clean = pd.read_parquet(tried / "slices" / "clean.parquet").set_index("id")
    expected = expected.loc[clean.index]
    assert list(clean["predicted"]) == list(expected["predicted"])
    pd.testing.assert_series_equal(clean["dice"], expected["dice"], atol=1e-3, check_index_type=False)
    pd.testing.assert_series_equal(clean["p_glioma"], expected["p_glioma"], atol=1e-5, check_index_type=False)


def test_tables_and_figures_are_drawn(tried):
    assert {path.name for path in (tried / "tables").iterdir()} == {
        f"robustness{which}.{kind}" for which in ("", "-by-severity") for kind in ("md", "csv")
    }
    for name in ("robustness.png", "corruptions.png"):
        assert Image.open(tried / "figures" / name).width > 400


def test_a_stopped_trial_goes_on_after_what_is_done(tried, tiny_run, manifest, tmp_path, monkeypatch):
    out = tmp_path / "stopped"

    def stop(done: int, total: int) -> None:
        if done > SLICES * (1 + SEVERITIES):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        robustness.try_robustness(tiny_run, manifest, out, slices=SLICES, progress=stop)
    done = {path: path.stat().st_mtime_ns for path in (out / "slices").iterdir()}
    assert {path.name for path in done} == {"clean.parquet", "jpeg.parquet"}
    robustness.try_robustness(tiny_run, manifest, out, slices=SLICES)
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    for name in ("robustness.json", "tables/robustness.csv"):
        assert (out / name).read_text() == (tried / name).read_text()


def test_another_trial_in_the_folder_is_refused(tried, tiny_run, manifest):
    with pytest.raises(InputError, match="another study"):
        robustness.try_robustness(tiny_run, manifest, tried, slices=SLICES, seed=1)


def test_a_reading_of_the_test_part_is_noted_once(tiny_run, manifest, tmp_path):
    ledger = tmp_path / "ledger.md"
    for _ in range(2):
        robustness.try_robustness(tiny_run, manifest, tmp_path / "out", part="test", slices=4, ledger=ledger)
    assert ledger.read_text().count("| out | tiny |") == 1
