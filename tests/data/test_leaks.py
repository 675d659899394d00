"""Which slices lie on both sides of a set's own split."""

import pandas as pd
import pytest

from brainmtl.data.leaks import KINDS, find_leaks, known_leaks, leaked_slices
from brainmtl.data.manifest import check_manifest
from brainmtl.data.shipped import shipped_table


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The phantoms with five planted copies of training slices in another split."""
    from brainmtl.data.brisc import index_brisc
    from brainmtl.data.phantom import make_phantom

    root = tmp_path_factory.mktemp("copies") / "phantom"
    make_phantom(root, slices=80, size=96, copies=True)
    return index_brisc(root)[0]


def test_a_leak_has_its_copy_on_the_other_side(copies: pd.DataFrame):
    leaks = find_leaks(copies)
    split = copies.set_index("id")["split"]
    assert len(leaks) > 0
    assert (leaks["id"].map(split).to_numpy() != leaks["other"].map(split).to_numpy()).all()
    assert set(leaks["kind"]) <= set(KINDS)
    assert leaks["id"].is_unique
    assert leaks["id"].tolist() == [name for name in copies["id"] if name in set(leaks["id"])]
    assert set(leaks["other"]) <= set(leaks["id"])
    assert copies["leaked"].tolist() == copies["id"].isin(leaks["id"]).tolist()


def test_equal_files_across_the_split_are_leaks(copies: pd.DataFrame):
    sides = copies.groupby("sha256")["split"].nunique()
    twice = copies["sha256"].isin(sides.index[sides > 1])
    assert twice.any()
    assert copies.loc[twice, "leaked"].all()


def test_one_side_alone_leaks_nothing(copies: pd.DataFrame):
    train = copies[copies["split"] == "train"].assign(leaked=pd.NA)
    assert not leaked_slices(check_manifest(train, "here")).any()


def test_brisc_is_known_without_its_pictures():
    ids = shipped_table("brisc2025_splits.csv")["id"]
    table = pd.DataFrame(
        {
            "id": ids,
            "image": "nowhere.jpg",
            "source": "brisc2025",
            "group": ids,
            "split": ids.str.split("_").str[1],
            "sha256": "0",
        }
    )
    table = check_manifest(table.sample(frac=1, random_state=0), "here")
    leaked = leaked_slices(table)
    frozen = shipped_table("brisc2025_leaks.csv")
    assert set(table.loc[leaked, "id"]) == set(frozen["id"])
    half = known_leaks(table.iloc[:3000].reset_index(drop=True))
    assert half.tolist() == leaked.iloc[:3000].tolist()
    stranger = table.assign(id=table["id"].where(table.index > 0, "stranger"))
    assert known_leaks(stranger).isna().all()


def test_the_shipped_leaks_are_across_the_official_split():
    frozen = shipped_table("brisc2025_leaks.csv")
    sides = frozen[["id", "other"]].apply(lambda names: names.str.split("_").str[1])
    assert (sides["id"] != sides["other"]).all()
    assert set(frozen["kind"]) <= set(KINDS)
    figshare = shipped_table("brisc2025_persons.csv").set_index("brisc_stem")["figshare_index"]
    same = frozen[frozen["kind"] == "figshare"]
    assert (same["id"].map(figshare).to_numpy() == same["other"].map(figshare).to_numpy()).all()
    shared = figshare.groupby(figshare).transform(
        lambda names: names.index.str.split("_").str[1].nunique() > 1
    )
    assert set(figshare.index[shared.astype(bool)]) == set(same["id"])


def test_what_a_manifest_says_is_believed(copies: pd.DataFrame):
    said = copies.assign(leaked=~copies["leaked"])
    assert leaked_slices(said).tolist() == said["leaked"].tolist()
