"""The manifest keeps what it is given and refuses what breaks its contract."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from brainmtl.data.manifest import (
    COLUMNS,
    REQUIRED,
    check_manifest,
    content_hash,
    read_manifest,
    summary,
    write_manifest,
)
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, PLANES

HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\\r\n"), min_size=1, max_size=12)


@st.composite
def manifests(draw: st.DrawFn) -> pd.DataFrame:
    ids = draw(st.lists(WORDS, min_size=1, max_size=8, unique=True))
    rows = []
    for name in ids:
        label = draw(st.sampled_from([*CLASSES, None]))
        masked = label != "no_tumor" and draw(st.booleans())
        rows.append(
            {
                "id": name,
                "image": f"/data/{name}.jpg",
                "mask": f"/data/{name}.png" if masked else None,
                "label": label,
                "plane": draw(st.sampled_from([*PLANES, None])),
                "source": "made",
                "patient": draw(st.none() | WORDS),
                "group": draw(WORDS),
                "split": draw(st.sampled_from(["train", "test"])),
                "validation": draw(st.none() | st.booleans()),
                "fold": draw(st.none() | st.integers(0, 4)),
                "leaked": draw(st.none() | st.booleans()),
                "width": draw(st.none() | st.integers(16, 4000)),
                "height": draw(st.none() | st.integers(16, 4000)),
                "sha256": draw(HASHES),
                "mask_sha256": draw(HASHES) if masked else None,
                "series": draw(st.none() | WORDS),
                "position": draw(st.none() | st.integers(0, 4000)),
            }
        )
    return pd.DataFrame(rows)


@given(manifests())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_comes_back_as_it_was_written(tmp_path: Path, table: pd.DataFrame):
    write_manifest(table, tmp_path / "m.parquet")
    again = read_manifest(tmp_path / "m.parquet")
    assert list(again.columns) == list(COLUMNS)
    assert {name: str(kind) for name, kind in again.dtypes.items()} == COLUMNS
    for name in COLUMNS:
        expected = [None if pd.isna(value) else value for value in table[name]]
        assert [None if pd.isna(value) else value for value in again[name]] == expected
    assert content_hash(again) == content_hash(check_manifest(table, "here"))
    assert_frame_equal(check_manifest(again, "here"), again)


def test_the_phantoms_come_back(phantom: pd.DataFrame, tmp_path: Path):
    write_manifest(phantom, tmp_path / "deep" / "m.parquet")
    assert_frame_equal(read_manifest(tmp_path / "deep" / "m.parquet"), phantom)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["m.parquet"]


def test_nullable_columns_may_be_absent(phantom: pd.DataFrame):
    bare = check_manifest(phantom[list(REQUIRED)], "here")
    assert list(bare.columns) == list(COLUMNS)
    assert bare["mask"].isna().all()


def _spoil(table: pd.DataFrame, column: str, value: object, row: int = 3) -> pd.DataFrame:
    spoilt = table.astype({column: object})
    spoilt.loc[row, column] = value
    return spoilt


@pytest.mark.parametrize("column", REQUIRED)
def test_a_missing_column_is_named(phantom: pd.DataFrame, column: str):
    with pytest.raises(InputError, match=f"m.parquet: {column}: column is missing .*brainmtl index"):
        check_manifest(phantom.drop(columns=column), "m.parquet")


@pytest.mark.parametrize("column", REQUIRED)
def test_an_empty_field_is_named(phantom: pd.DataFrame, column: str):
    with pytest.raises(InputError, match=f"m.parquet: {column}: row 3 is empty"):
        check_manifest(_spoil(phantom, column, None), "m.parquet")


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("label", "astrocytoma", "'astrocytoma' is not one of glioma, meningioma, pituitary, no_tumor"),
        ("label", "Glioma", "'Glioma' is not one of"),
        ("plane", "oblique", "'oblique' is not one of axial, coronal, sagittal"),
        ("id", "../../elsewhere", "is no file name"),
        ("fold", "first", "holds something other than int8"),
        ("fold", 1000, "holds something other than int8"),
        ("width", 12.5, "holds something other than int32"),
        ("validation", "perhaps", "holds something other than boolean"),
        ("mask_sha256", None, "has a mask and no hash of it"),
    ],
)
def test_a_wrong_field_is_named(phantom: pd.DataFrame, column: str, value: object, what: str):
    row = int(phantom["mask"].notna().to_numpy().argmax())
    with pytest.raises(InputError, match=what) as caught:
        check_manifest(_spoil(phantom, column, value, row), "m.parquet")
    assert (caught.value.where, caught.value.field) == ("m.parquet", column)
    assert caught.value.mend
    assert caught.value.exit_code == 3


def test_ids_are_unique(phantom: pd.DataFrame):
    twice = phantom["id"].iloc[0]
    with pytest.raises(InputError, match=f"m.parquet: id: '{twice}' occurs more than once"):
        check_manifest(_spoil(phantom, "id", twice), "m.parquet")


def test_a_healthy_slice_has_no_mask(phantom: pd.DataFrame):
    row = int((phantom["label"] == "no_tumor").to_numpy().argmax())
    with pytest.raises(InputError, match=f"mask: the healthy slice '{phantom['id'].iloc[row]}' has one"):
        check_manifest(_spoil(phantom, "mask", "mask.png", row), "m.parquet")


def test_a_manifest_has_slices(phantom: pd.DataFrame):
    with pytest.raises(InputError, match="no slice"):
        check_manifest(phantom.iloc[:0], "m.parquet")


@pytest.mark.parametrize("content", [None, b"", b"not parquet", b"PAR1 cut short"])
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes | None):
    path = tmp_path / "m.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"m\.parquet: (no such manifest|not a Parquet table)") as caught:
        read_manifest(path)
    assert "brainmtl index" in str(caught.value)


def test_a_flawed_table_leaves_the_old_file(phantom: pd.DataFrame, tmp_path: Path):
    write_manifest(phantom, tmp_path / "m.parquet")
    with pytest.raises(InputError, match="label"):
        write_manifest(_spoil(phantom, "label", "cyst"), tmp_path / "m.parquet")
    assert_frame_equal(read_manifest(tmp_path / "m.parquet"), phantom)
    assert len(list(tmp_path.iterdir())) == 1


def test_no_room_is_said_and_nothing_is_left(no_room):
    code = """
from pathlib import Path
import numpy as np, pandas as pd
from brainmtl.data.manifest import write_manifest
from brainmtl.errors import InputError
names = [str(value) for value in np.random.default_rng(0).random(9000)]
table = pd.DataFrame({name: names for name in ("id", "image", "source", "group", "split", "sha256")})
try:
    write_manifest(table, Path("m.parquet"))
except InputError as error:
    print(error, list(Path().iterdir()))
"""
    assert "m.parquet: cannot be written: " in (said := no_room(code))
    assert said.endswith("[]\n")


def test_content_is_what_is_hashed(phantom: pd.DataFrame):
    moved = phantom.assign(image="/elsewhere/" + phantom["id"], mask=phantom["mask"].str.upper())
    assert content_hash(moved) == content_hash(phantom)
    others = [phantom.iloc[::-1], phantom.iloc[1:]]
    others += [
        _spoil(phantom, name, value) for name, value in (("sha256", "0"), ("label", None), ("fold", pd.NA))
    ]
    others.append(phantom.assign(validation=~phantom["validation"]))
    others.append(phantom.assign(leaked=~phantom["leaked"]))
    others.append(phantom.assign(mask=None))
    hashes = {content_hash(check_manifest(other, "here")) for other in others}
    assert len(hashes) == len(others)
    assert content_hash(phantom) not in hashes


def test_what_is_known_of_neighbours_leaves_the_hash_as_it_was(phantom: pd.DataFrame):
    assert phantom["series"].notna().any()
    assert content_hash(phantom.drop(columns=["series", "position"])) == content_hash(phantom)


def test_a_manifest_without_leaks_keeps_the_hash_it_had_before_there_were_any(phantom: pd.DataFrame):
    unseen = phantom.assign(leaked=pd.NA)
    assert content_hash(check_manifest(unseen, "here")) == content_hash(phantom.drop(columns="leaked"))


def test_the_summary_counts(phantom: pd.DataFrame):
    counts = summary(phantom)
    table = pd.crosstab(phantom["split"], phantom["label"])
    for split, row in counts.items():
        assert {name: row[name] for name in CLASSES} == table.loc[split].to_dict()
        assert row["masks"] == np.sum((phantom["split"] == split) & phantom["mask"].notna())
    assert summary(phantom.assign(label=None))["train"] == {
        **dict.fromkeys(CLASSES, 0),
        "masks": counts["train"]["masks"],
    }
