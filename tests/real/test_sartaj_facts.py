"""SARTAJ as it is, and joined with Figshare as Ferreira and others (2024) did."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from brainmtl.data.formats import index_folder
from brainmtl.data.join import join_manifests

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def sartaj(real_set: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return index_folder(real_set("sartaj_128"), tmp_path_factory.mktemp("unused"))[0]


@pytest.fixture(scope="module")
def joined(
    real_set: Callable[[str], Path], sartaj: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    figshare, _ = index_folder(real_set("figshare2017_128"), tmp_path_factory.mktemp("unused"))
    return join_manifests([figshare, sartaj[sartaj["label"] != "glioma"]])[0]


def test_the_sample_has_ten_files_a_folder(real_set: Callable[[str], Path], tmp_path: Path):
    table, warnings = index_folder(real_set("sartaj_sample"), tmp_path)
    assert (table.groupby(["split", "label"]).size() == 10).all()
    assert len(table) == 80
    assert any("Testing/glioma_tumor" in warning for warning in warnings)


def test_the_whole_set(sartaj: pd.DataFrame):
    assert sartaj["split"].value_counts().to_dict() == {"train": 2870, "test": 394}
    counts = sartaj.groupby("split")["label"].value_counts().unstack()
    assert counts.loc["train"].to_dict() == {
        "glioma": 826,
        "meningioma": 822,
        "pituitary": 827,
        "no_tumor": 395,
    }
    assert counts.loc["test"].to_dict() == {
        "glioma": 100,
        "meningioma": 115,
        "pituitary": 74,
        "no_tumor": 105,
    }
    assert sartaj["mask"].isna().all()
    assert sartaj["patient"].isna().all()


def test_most_of_the_test_split_is_in_train(sartaj: pd.DataFrame):
    """Equal pixels became equal files when the set was made small, and only those."""
    test, train = (sartaj[sartaj["split"] == name] for name in ("test", "train"))
    assert test["sha256"].isin(train["sha256"]).sum() == 251
    assert test["leaked"].sum() == pytest.approx(272, abs=5)  # and near-duplicates
    assert test.loc[test["label"] == "no_tumor", "leaked"].all()
    assert (sartaj.groupby("group")["fold"].nunique() == 1).all()


def test_the_selection_of_ferreira_2024(joined: pd.DataFrame):
    assert len(joined) == 5402
    assert joined["mask"].notna().mean() == pytest.approx(0.5672, abs=5e-5)
    of = joined.groupby("source")["label"].value_counts().unstack(fill_value=0)
    assert of.loc["sartaj"].to_dict() == {"glioma": 0, "meningioma": 937, "pituitary": 901, "no_tumor": 500}
    assert of.drop("sartaj").iloc[0].to_dict() == {
        "glioma": 1426,
        "meningioma": 708,
        "pituitary": 930,
        "no_tumor": 0,
    }


def test_slices_in_both_sets_are_on_one_side(joined: pd.DataFrame):
    shared = joined.groupby("group")["source"].transform("nunique") > 1
    assert (shared & (joined["source"] == "sartaj")).sum() >= 1473
    assert (joined.groupby("group")[["fold", "validation"]].nunique() == 1).all(axis=None)
