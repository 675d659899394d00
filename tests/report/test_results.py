"""The tables of a run against the files they come from."""

import json

import pandas as pd
import pytest

from brainmtl.report.folder import read_run
from brainmtl.report.names import METRICS
from brainmtl.report.results import cost_table, data_tables, failure_table, result_tables, stratum_tables


@pytest.fixture
def run(reported):
    return read_run(reported)


def column(table, head):
    return {row[0].text: row[table.head.index(head)].value for row in table.rows}


def test_every_metric_is_there_with_its_value_and_n(reported, run):
    tables = {table.name: table for table in result_tables(run)}
    for part in ("test", "validation"):
        metrics = json.loads((reported / "evaluation" / part / "metrics.json").read_text())
        for section in ("segmentation", "classification", "joint"):
            table = tables[f"results-{section}"]
            at = table.head.index(part)
            shown = {row[0].text: (row[at].value, row[at + 1].value) for row in table.rows}
            for name, metric in metrics[section].items():
                if name != "confusion":
                    assert shown[METRICS[section][name].title] == (metric["value"], metric["n"])


def test_floors_stand_beneath_their_metrics(run):
    tables = {table.name: table for table in result_tables(run)}
    for name, metric, floor in (
        ("results-segmentation", "Dice", "nearest_mask_dice"),
        ("results-classification", "Accuracy", "nearest_neighbour_accuracy"),
    ):
        titles = [row[0].text for row in tables[name].rows]
        place = titles.index(metric) + 1
        assert titles[place] == METRICS["floors"][floor].title
        assert tables[name].rows[place][1].value == run.evaluations[0].value("floors", floor)
        assert tables[name].quiet == {place}


def test_strata_count_their_slices(run):
    slices = run.evaluations[0].slices
    tables = {table.name: table for table in stratum_tables(run.evaluations[0])}
    assert set(tables) == {"test-by-class", "test-by-plane", "test-by-leaked"}
    counts = slices["label"].replace("no_tumor", "no tumour").value_counts().to_dict()
    assert column(tables["test-by-class"], "slices") == counts
    assert column(tables["test-by-plane"], "slices") == slices["plane"].value_counts().to_dict()
    dice = slices.groupby("plane")["dice"].mean()
    assert column(tables["test-by-plane"], "Dice") == pytest.approx(dice.to_dict())
    leaked = slices.groupby("leaked")["right"].mean()
    shown = column(tables["test-by-leaked"], "Accuracy")
    assert shown == pytest.approx({"not in train": leaked[False], "also in train": leaked[True]})


def test_strata_leave_out_what_no_value_has(make_run):
    run = read_run(make_run(task="classification", measured=("validation",)))
    heads = {name for table in stratum_tables(run.evaluations[0]) for name in table.head[2:]}
    assert heads == {"Accuracy", "Missed tumours"}


def test_failures_are_the_slices_on_which_not_both_are_right(run):
    for evaluation in run.evaluations:
        wrong = evaluation.slices[evaluation.slices["both_right"] == False]  # noqa: E712
        table = failure_table(evaluation)
        assert len(wrong) > 0
        assert {row[0].value for row in table.rows} == set(wrong["id"])


def test_cost(run):
    shown = column(cost_table(run), "value")
    assert shown["parameters"] == 1234567
    assert shown["of which trained"] == 1234500
    assert shown["weights, fp32"] == 4.938
    assert shown["time to train"] == 0.4375
    assert shown["speed of training, median epoch"] == 64.25
    assert (shown["epochs"], shown["kept epoch"]) == (12, 10)


def test_the_time_of_an_unfinished_run_is_that_of_its_epochs(make_run):
    run = make_run(finished=False, epochs=4, measured=())
    seconds = pd.read_csv(run / "log.csv")["seconds"].sum()
    assert column(cost_table(read_run(run)), "value")["time to train"] == pytest.approx(seconds / 3600)


def test_data_counts(run, phantoms):
    counts, card = data_tables(run)
    test = phantoms[phantoms["split"] == "test"]
    shown = column(counts, "test")
    assert shown["glioma"] == (test["label"] == "glioma").sum()
    assert shown["masks"] == test["mask"].notna().sum()
    assert sum(column(counts, part)["masks"] for part in counts.head[1:]) == phantoms["mask"].notna().sum()
    assert run.data["manifest_sha256"] in column(card, "value").values()
    assert card.note == ""


def test_the_official_test_of_brisc_is_said_to_share_people(make_run):
    run = read_run(make_run(sources=("brisc2025",), measured=()))
    assert "all 731 of its slices" in data_tables(run)[1].note
    assert "570 of its 860" in data_tables(run)[1].note
    run.data["protocol"] = "official-clean-train"
    note = data_tables(run)[1].note
    assert "all 731 of its slices" in note
    assert "570" not in note
    run.data["protocol"] = "patient-5fold"
    card = data_tables(run)[1]
    assert card.note == ""
    assert column(card, "value")["protocol"] == "patient-5fold, fold 0"
