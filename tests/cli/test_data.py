"""Verbs that make manifests, from the folder to the file."""

import json
from pathlib import Path

import numpy as np
import pytest

from brainmtl.data.manifest import read_manifest
from brainmtl.imaging.picture import write_picture


@pytest.fixture
def sartaj(tmp_path: Path) -> Path:
    folders = ["Training/no_tumor", "Training/glioma_tumor", "Testing/no_tumor", "Testing/pituitary_tumor"]
    for number, folder in enumerate(folders):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 30), np.uint8)
        write_picture(tmp_path / "sartaj" / folder / "1.png", pixels)
    return tmp_path / "sartaj"


def test_two_sets_are_indexed_and_joined(run, sartaj: Path, phantom_root: Path, tmp_path: Path):
    one, two, both = (tmp_path / f"{name}.parquet" for name in ("one", "two", "both"))
    code, out, err = run("index", sartaj, "--without", "glioma", "-o", one, "--json")
    assert code == 0
    assert "warning" not in err
    found = json.loads(out)
    assert (found["dataset"], found["slices"]) == ("sartaj", 3)
    assert found["by_split"]["test"]["pituitary"] == 1
    assert run("index", phantom_root, "-o", two)[0] == 0
    code, out, _ = run("join", one, two, "-o", both, "--json")
    assert code == 0
    joined, table = json.loads(out), read_manifest(both)
    assert joined["dataset"].startswith("sartaj+")
    assert joined["slices"] == len(table) == 3 + len(read_manifest(two))


def test_a_packed_set_is_read_where_it_lies(run, sartaj: Path, tmp_path: Path):
    one, folder, again = tmp_path / "one.parquet", tmp_path / "packed", tmp_path / "again.parquet"
    assert run("index", sartaj, "-o", one)[0] == 0
    code, out, _ = run("pack", one, "-o", folder, "--size", 32, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((folder / "pack.json").read_text())
    assert run("index", folder, "-o", again)[0] == 0
    assert read_manifest(again)["id"].tolist() == read_manifest(one)["id"].tolist()
    code, out, err = run("pack", one, "-o", folder)
    assert (code, out) == (3, "")
    assert "is not empty" in err


def test_what_cannot_be_indexed_or_joined_leaves_nothing(run, sartaj: Path, tmp_path: Path):
    one = tmp_path / "one.parquet"
    assert run("index", sartaj, "-o", one)[0] == 0
    for words, named in (
        (["index", tmp_path / "sartaj" / "Training" / "no_tumor"], "known layout"),
        (["index", sartaj, "--without", "gliom"], "gliom"),
        (["join", one, one], "two manifests"),
        (["join", one, tmp_path / "nowhere.parquet"], "nowhere.parquet"),
    ):
        code, out, err = run(*words, "-o", tmp_path / "out.parquet")
        assert (code, out) == (3, "")
        assert named in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.parquet", "sartaj"]
