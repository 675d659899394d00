"""Published beside measured, on records written by hand."""

import pytest

from brainmtl.study.compare import compare, cost_table, document_table, elsewhere, row_json
from brainmtl.study.records import read_record


def test_a_run_stands_beside_its_document(unet):
    rows = {row.published.metric: row for row in compare([read_record(unet)])}
    assert set(rows) == {"dice", "iou", "pixel_accuracy"}
    assert rows["dice"].difference == pytest.approx(0.9 - 0.8614)
    assert rows["iou"].difference == pytest.approx(0.75 - 0.7910)
    assert rows["pixel_accuracy"].measured is None
    assert rows["pixel_accuracy"].difference is None


def test_intervals_and_sds_are_shown(unet, crossval):
    rows = compare([read_record(unet), read_record(crossval)])
    jalal = document_table("bin-jalal-2025", rows)
    assert jalal.rows[0][3].text == "0.8614 ± 0.1908 (n = 860)"
    assert jalal.rows[0][4].text == "0.9000 [0.8800, 0.9200] (n = 860)"
    assert jalal.rows[0][5].text == "+0.0386"
    ferreira = {(row[1].text, row[2].text): row for row in document_table("ferreira-2024", rows).rows}
    assert ferreira["test", "Accuracy"][3].text == "95.99 ± 0.69\u00a0%"
    assert ferreira["test", "Accuracy"][4].text == "90.00 ± 1.00\u00a0%"
    assert ferreira["train", "Accuracy"][5].value == pytest.approx(0.99 - 0.9954)
    assert ferreira["–", "Parameters, Keras's count"][5].value == 0


def test_others_on_brisc_stand_beside_its_official_test_only(unet, crossval):
    rows = elsewhere([read_record(unet), read_record(crossval)])
    assert {row.record.name for row in rows} == {"my-unet"}
    highest = next(row for row in rows if "MiT-B5" in row.published.system and row.published.metric == "dice")
    assert highest.difference == pytest.approx(0.9 - 0.9033)


def test_cost_is_the_records(unet):
    (row,) = cost_table([read_record(unet)]).rows
    assert [cell.value for cell in row[2:8]] == [31037633, None, 124.2, 15.0, 10, 2.5]


def test_a_row_in_json_is_enough_to_write_it_again(unet):
    row = row_json(compare([read_record(unet)])[0])
    assert (row["published"]["value"], row["measured"]["low"], row["run"]) == (0.8614, 0.88, "my-unet")
