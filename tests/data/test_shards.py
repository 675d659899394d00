"""Shards hold what they were given, and are laid out whole or not at all."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.data.shards import RECORD, Encoded, laid_out, read_record, write_shards
from brainmtl.errors import InputError

CONTENT = st.tuples(st.binary(min_size=1, max_size=60), st.none() | st.binary(min_size=1, max_size=30))


def packed(folder: Path, slices: list[Encoded], largest: int = 100) -> pd.DataFrame:
    """A packed set of made-up bytes, and what its manifest says of paths."""
    folder.mkdir()
    (folder / RECORD).write_text(json.dumps({"shards": write_shards(folder, slices, largest)}))
    masks = [None if one.mask is None else f"masks/{one.id}.png" for one in slices]
    table = pd.DataFrame({"id": [one.id for one in slices], "mask": masks}, dtype="string")
    return table.assign(image="images/" + table["id"] + ".webp")


@given(contents=st.lists(CONTENT, min_size=1, max_size=12), largest=st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_what_comes_out_is_what_went_in(tmp_path_factory, contents, largest):
    folder = tmp_path_factory.mktemp("packed") / "set"
    slices = [Encoded(f"s{number}", *content) for number, content in enumerate(contents)]
    found = laid_out(packed(folder, slices, largest), folder)
    for one, (_, row) in zip(slices, found.iterrows(), strict=True):
        assert Path(row["image"]).read_bytes() == one.image
        assert pd.isna(row["mask"]) if one.mask is None else Path(row["mask"]).read_bytes() == one.mask
    for shard in folder.glob("*.parquet"):
        rows = pyarrow.parquet.read_table(shard).to_pylist()
        weights = [len(row["image"]) + len(row["mask"] or b"") for row in rows]
        assert len(rows) == 1 or sum(weights) <= largest


SLICES = [Encoded(f"s{number}", bytes([number]) * 60, b"mask" if number % 2 else None) for number in range(5)]


def test_it_may_move_and_its_manifest_is_left_alone_elsewhere(tmp_path: Path):
    table = packed(tmp_path / "set", SLICES)
    moved = (tmp_path / "set").rename(tmp_path / "moved")
    paths = laid_out(table, moved)["image"]
    assert [Path(path).read_bytes() for path in paths] == [one.image for one in SLICES]
    assert laid_out(table.assign(image=paths), moved)["image"].tolist() == paths.tolist()
    pd.testing.assert_frame_equal(laid_out(table, tmp_path), table)


def test_slices_of_other_manifests_are_not_laid_out(tmp_path: Path):
    table = packed(tmp_path / "set", [Encoded("../../escaped", b"x", None), *SLICES])
    laid_out(table.iloc[1:], tmp_path / "set")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
    assert len(list((tmp_path / "set" / "slices" / "images").iterdir())) == len(SLICES)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (Path.unlink, "no such shard"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "damaged"),
    ],
)
def test_a_shard_that_is_missing_or_damaged_is_named_and_nothing_is_laid_out(tmp_path: Path, spoil, said):
    table = packed(tmp_path / "set", SLICES)
    assert len(list((tmp_path / "set").glob("shard-*"))) > 2
    spoil(tmp_path / "set" / "shard-002.parquet")
    with pytest.raises(InputError, match=said) as caught:
        laid_out(table, tmp_path / "set")
    assert caught.value.where == tmp_path / "set" / "shard-002.parquet"
    assert not list((tmp_path / "set").glob("*slices*"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"shards": 3}'])
def test_a_damaged_record_is_named(tmp_path: Path, content):
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(InputError, match="says nothing of its shards"):
        read_record(tmp_path)
