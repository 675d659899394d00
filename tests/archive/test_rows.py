"""The table's columns are the contract's, and its rows come back as they were."""

import os

from brainmtl.archive.rows import SCHEMA, Row, to_table
from brainmtl.inference.result import Result
from brainmtl.labels import CLASSES

FULL = Result(
    file="a",
    slice=3,
    status="abstained",
    reason="blank",
    class_name="glioma",
    probabilities=dict(zip(CLASSES, (0.7, 0.1, 0.1, 0.1), strict=True)),
    class_set=("glioma", "pituitary"),
    mask_area_px=7,
    mask_area_mm2=3.5,
    model="m",
    model_sha256="0",
    version="1",
    warnings=("one", "two"),
)
EMPTY = Result(file="b", status="error", reason="gone", model="m", model_sha256="0", version="1")


def test_the_columns_are_those_of_results_json_and_three_more():
    assert SCHEMA.names == ["partition", "input", *FULL.row(), "mask_png"]


def test_rows_come_back():
    table = to_table(4, [Row(0, FULL, b"png"), Row(1, EMPTY, None)])
    assert table.schema.equals(SCHEMA)
    for row, (number, result, mask) in zip(
        table.to_pylist(), [(0, FULL, b"png"), (1, EMPTY, None)], strict=True
    ):
        assert (row.pop("partition"), row.pop("input"), row.pop("mask_png")) == (4, number, mask)
        assert row == result.row()
        assert Result.from_row(row) == result


def test_a_name_that_is_no_unicode_is_told_by_its_bytes():
    odd = Result(
        file=os.fsdecode(b"b\xff.png"),
        status="ok",
        warnings=(os.fsdecode(b"\xe9t\xe9"),),
        model="m",
        model_sha256="0",
        version="1",
    )
    (row,) = to_table(0, [Row(0, odd, None)]).to_pylist()
    assert (row["file"], row["warnings"]) == ("b\\udcff.png", ["\\udce9t\\udce9"])
