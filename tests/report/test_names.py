"""How numbers and names read."""

import pytest

from brainmtl.report.folder import read_run
from brainmtl.report.names import METRICS, metric_name, stratum_name, value_name, write_metric, write_number


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.8614, "ratio", "0.861"),
        (0.986, "share", "98.6\u00a0%"),
        (0.99714, "fine_share", "99.71\u00a0%"),
        (12.345, "px", "12.3\u00a0px"),
        (1, "share", "100.0\u00a0%"),
        (None, "px", "–"),
    ],
)
def test_numbers(value, kind, text):
    assert write_number(value, kind) == text


@pytest.mark.parametrize(
    ("metric", "kind", "text"),
    [
        ((0.843, 0.8296, 0.8561, 860), "ratio", "0.843 (0.830–0.856)"),
        ((0.976, 0.962, 0.985, 718), "share", "97.6\u00a0% (96.2–98.5)"),
        ((24, 20.11, 28.3, 860), "px", "24.0\u00a0px (20.1–28.3)"),
        ((0, 0, 0.02671, 140), "share", "0.0\u00a0% (0 of 140, at most\u00a02.7\u00a0%)"),
        ((1, 0.9918, 1, 1466), "share", "100.0\u00a0% (1,466 of 1,466, at least\u00a099.2\u00a0%)"),
        ((1, None, None, 9), "share", "100.0\u00a0%"),
        ((None, None, None, 0), "ratio", "–"),
    ],
)
def test_metrics(metric, kind, text):
    assert write_metric(dict(zip(("value", "low", "high", "n"), metric, strict=True)), kind) == text


def test_a_metric_of_an_older_run_has_no_interval():
    assert write_metric({"value": 0.5, "n": 3}) == "0.500"


def test_every_metric_that_an_evaluation_gives_has_a_name(reported):
    metrics = read_run(reported).evaluations[0].metrics
    for section in ("segmentation", "classification", "joint", "floors"):
        assert set(metrics[section]) - {"confusion"} == set(METRICS[section])


def test_a_floor_names_a_metric_of_the_floors():
    floors = {name.floor for section in METRICS.values() for name in section.values()} - {""}
    assert floors == set(METRICS["floors"])


def test_what_nobody_named_keeps_its_name():
    assert metric_name("segmentation", "new_metric").title == "new metric"
    assert stratum_name("scanner_maker") == "By scanner maker"
    assert value_name("some_value") == "some value"
    assert value_name("no_tumor") == "no tumour"
